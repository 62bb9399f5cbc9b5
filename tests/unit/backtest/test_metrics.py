"""Drawdown, returns, execution quality and the thinned-out curve against cases worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hedgerow.backtest.metrics import (
    CURVE_POINTS,
    NS_PER_MINUTE,
    curve_of,
    execution_of,
    latency_of,
    max_drawdown,
    minute_changes,
    returns_of,
    together,
)
from hedgerow.strategy.observation import OrderPhase

NAN = float("nan")


def test_drawdown_is_the_deepest_fall_below_the_highest_before() -> None:
    assert max_drawdown(np.array([0.0, 5.0, 2.0, 8.0, 3.5, 9.0])) == 4.5
    assert max_drawdown(np.array([1.0, 2.0, NAN, 3.0])) == 0.0
    assert max_drawdown(np.empty(0)) == 0.0


def test_changes_are_between_the_last_marks_of_minutes() -> None:
    ts = np.array([0, 10, NS_PER_MINUTE, NS_PER_MINUTE + 5, 3 * NS_PER_MINUTE])
    assert minute_changes(ts, np.array([0.0, 1.0, 7.0, 4.0, 10.0])).tolist() == [3.0, 6.0]


def test_returns_of_known_numbers() -> None:
    found = returns_of(np.array([1.0, 2.0, 3.0, 6.0]))
    assert (found.minutes, found.mean) == (4, 3.0)
    assert found.deviation == pytest.approx(math.sqrt(14 / 3))
    assert found.sharpe == pytest.approx(3.0 / math.sqrt(14 / 3) * math.sqrt(252 * 390), rel=1e-8)
    assert found.skewness == pytest.approx(0.687243, abs=1e-5)
    assert found.kurtosis == pytest.approx(2.0, abs=1e-9)


def test_returns_of_nothing_that_varies_have_no_ratio() -> None:
    assert returns_of(np.zeros(5)).sharpe is None
    assert returns_of(np.empty(0)).mean is None


def test_latency_is_by_nearest_rank() -> None:
    found = latency_of(np.arange(1.0, 101.0))
    assert (found.median, found.p90, found.p99, found.longest) == (50.0, 90.0, 99.0, 100.0)


def test_execution_quality_of_four_orders() -> None:
    ms = 1_000_000
    found = execution_of(
        submit=np.array([0, 0, 0, 0]), last_fill=np.array([10 * ms, 30 * ms, 0, 0]), side=np.array([1, -1, 1, 1]),
        quantity=np.array([100.0, 50.0, 10.0, 10.0]), filled=np.array([100.0, 20.0, 0.0, 0.0]),
        average=np.array([10.02, 9.99, NAN, NAN]), decision_mid=np.array([10.0, 10.0, 10.0, 10.0]),
        arrival_mid=np.array([10.01, NAN, 10.0, NAN]),
        status=np.array([OrderPhase.FILLED, OrderPhase.CANCELED, OrderPhase.CANCELED, OrderPhase.DENIED]),
    )  # fmt: skip
    assert (found.orders, found.filled, found.partial, found.canceled, found.denied) == (4, 2, 1, 2, 1)
    assert found.shares == 120.0
    assert found.cancel_rate == pytest.approx(2 / 3)
    assert found.partial_share == 0.5
    assert found.decision_slippage_usd == 2.2  # 2 cents on 100 bought, 1 cent on 20 sold
    assert found.decision_slippage_per_share == pytest.approx(2.2 / 120)
    assert found.arrival_slippage_usd == 1.0
    assert (found.fill_ms.median, found.fill_ms.longest) == (10.0, 30.0)


@pytest.mark.parametrize("count", [0, 1, 2, CURVE_POINTS - 1, CURVE_POINTS, CURVE_POINTS + 1, 3 * CURVE_POINTS + 7])
def test_a_curve_keeps_first_and_last_and_says_what_it_left_out(count: int) -> None:
    ts = np.arange(count)
    value = ts.astype(float)
    curve = curve_of(ts, value, value, value, value)
    assert curve.points_before == count
    assert len(curve.ts) == len(curve.equity) <= CURVE_POINTS
    if count:
        assert (curve.ts[0], curve.ts[-1]) == (0, count - 1)
    if count <= CURVE_POINTS:
        assert curve.ts == tuple(range(count))


def test_several_courses_add_up_and_one_alone_is_as_it_was_marked() -> None:
    one = {"ts": np.array([1, 2, 2]), "pnl": np.array([1.0, 5.0, 3.0])}
    other = {"ts": np.array([2, 4]), "pnl": np.array([10.0, 20.0])}
    alone = together([one], ("pnl",))
    assert (alone["ts"].tolist(), alone["pnl"].tolist()) == ([1, 2, 2], [1.0, 5.0, 3.0])
    both = together([one, other], ("pnl",))
    assert (both["ts"].tolist(), both["pnl"].tolist()) == ([1, 2, 4], [1.0, 13.0, 23.0])
    none = together([one, {"ts": np.array([], np.int64), "pnl": np.array([])}], ("pnl",))
    assert none["pnl"].tolist() == [1.0, 3.0]

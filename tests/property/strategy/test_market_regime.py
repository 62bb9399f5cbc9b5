"""The market regime M against a plain numpy computation over the same minutes of prices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.strategy.codes import MarketState
from hedgerow.strategy.kit.bars import MINUTES_PER_YEAR, NS_PER_MINUTE, add_price, moves
from hedgerow.strategy.kit.classifier import classify_market
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import MAX_BARS, NO_BARS, Bars
from hedgerow.strategy.observation import QuoteView

START = 24_000_000 * NS_PER_MINUTE
FRESH = QuoteView(99.9, 100.1, START, 10.0, 5000.0)
STEPS = st.lists(
    st.tuples(st.integers(0, 150), st.floats(-0.03, 0.03)), min_size=2, max_size=120
)  # seconds since the quote before, log move
CALM = st.lists(st.tuples(st.integers(0, 30), st.floats(-2e-4, 2e-4)), min_size=2, max_size=120)


def walk(steps: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Times (ns) and mids of a walk."""
    seconds, changes = np.array(steps).T
    return START + (np.cumsum(seconds) * 1e9).astype(np.int64), 100.0 * np.exp(np.cumsum(changes))


def folded(times: np.ndarray, mids: np.ndarray) -> Bars:
    bars = NO_BARS
    for time, mid in zip(times.tolist(), mids.tolist(), strict=True):
        bars = add_price(bars, time, mid)
    return bars


def closes(times: np.ndarray, mids: np.ndarray) -> np.ndarray:
    """The last mid known at the end of every minute but the running one, by numpy alone, newest MAX_BARS; then now."""
    minutes = times // NS_PER_MINUTE
    ends = np.arange(minutes[0], minutes[-1])
    last = np.searchsorted(minutes, ends, side="right") - 1
    return np.append(mids[last][-MAX_BARS:], mids[-1])


def expected(series: np.ndarray, params: Params) -> MarketState:
    """M of the specification from a series of closes, the running price last."""
    window = series[-(params.vol_window_min + 1) :]
    if len(window) < 2:
        return MarketState.NORMAL
    if np.max(np.abs(window[1:] / window[:-1] - 1.0)) * 100.0 > params.gap_pct:
        return MarketState.GAP
    if len(window) <= params.vol_window_min:
        return MarketState.NORMAL
    changes = np.diff(np.log(window))
    volatility = math.sqrt(float(np.mean(changes**2)) * 252 * 390)
    distance = float(np.sum(np.abs(changes)))
    if volatility > params.high_vol:
        return MarketState.CHOPPY_HIGHVOL
    if distance > 0 and abs(float(np.sum(changes))) / distance > params.trend_ratio:
        return MarketState.TREND
    return MarketState.QUIET if volatility < params.quiet_vol else MarketState.NORMAL


@settings(max_examples=120, deadline=None)
@given(st.one_of(STEPS, CALM), st.integers(2, MAX_BARS - 1))
def test_moves_are_those_of_numpy(steps: list[tuple[int, float]], window: int) -> None:
    times, mids = walk(steps)
    ours = moves(folded(times, mids), window)
    series = closes(times, mids)[-(window + 1) :]
    if len(series) < 2:
        assert math.isnan(ours.volatility)
        assert math.isnan(ours.largest_pct)
        return
    assert ours.largest_pct == pytest.approx(np.max(np.abs(series[1:] / series[:-1] - 1.0)) * 100.0, rel=1e-9, abs=1e-9)
    if len(series) <= window:
        assert math.isnan(ours.volatility)
        assert math.isnan(ours.trend)
        return
    changes = np.diff(np.log(series))
    distance = np.sum(np.abs(changes))
    assert ours.volatility == pytest.approx(math.sqrt(np.mean(changes**2) * MINUTES_PER_YEAR), rel=1e-9, abs=1e-9)
    if distance > 1e-9:
        assert ours.trend == pytest.approx(abs(np.sum(changes)) / distance, rel=1e-5, abs=1e-6)


@settings(max_examples=120, deadline=None)
@given(st.one_of(STEPS, CALM))
def test_m_is_the_specifications(steps: list[tuple[int, float]]) -> None:
    params = Params()
    times, mids = walk(steps)
    ours = classify_market(params, FRESH, True, moves(folded(times, mids), params.vol_window_min))
    series = closes(times, mids)
    nudged = {expected(series, _scaled(params, factor)) for factor in (1.0 - 1e-9, 1.0, 1.0 + 1e-9)}
    assert ours in nudged  # more than one only within rounding of a threshold


def _scaled(params: Params, factor: float) -> Params:
    return params._replace(
        gap_pct=params.gap_pct * factor, high_vol=params.high_vol * factor, quiet_vol=params.quiet_vol * factor,
        trend_ratio=params.trend_ratio * factor,
    )  # fmt: skip


def test_every_regime_comes_up_on_the_walk_that_means_it() -> None:
    minute = 60
    flat = [(minute, 1e-5 * (-1) ** k) for k in range(10)]
    normal = [(minute, 5e-4 * (-1) ** k) for k in range(10)]
    trend = [(minute, 4e-4)] * 10
    choppy = [(minute, 4e-3 * (-1) ** k) for k in range(10)]
    gap = [*flat[:-1], (minute, 0.02)]
    walks = (flat, normal, trend, choppy, gap)
    seen = [classify_market(Params(), FRESH, True, moves(folded(*walk(each)), 5)) for each in walks]
    names = ["QUIET", "NORMAL", "TREND", "CHOPPY_HIGHVOL", "GAP"]
    assert [MarketState(each).name for each in seen] == names
    for age, limit, feed in ((5000.1, 5000.0, True), (math.nan, 5000.0, True), (1.0, 5000.0, False)):
        old = FRESH._replace(age_ms=age, limit_ms=limit)
        assert classify_market(Params(), old, feed, moves(folded(*walk(trend)), 5)) == MarketState.STALE

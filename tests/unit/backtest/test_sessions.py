"""The session: orders are for the day and regular hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hedgerow.backtest.feed import Day, Feed
from hedgerow.backtest.fills import FillModel
from hedgerow.backtest.tables import REASON_TOO_OFTEN
from hedgerow.strategy.observation import ObservationCause, OrderPhase
from tests.scripted_backtest import CANCEL, OPEN, S, Scripted, buy, quotes, run

CLOSE, NIGHT = 3_600.0, 86_400.0
EVENT = ObservationCause.ORDER_EVENT
LATE = FillModel(latency_ns=2 * S)


def two_days(*rows: tuple[float, float, float, float]) -> Feed:
    """Rows of two sessions of an hour, a day apart; the second day's begin half an hour before its open."""
    day = Day(date(2023, 11, 14), OPEN, OPEN + 3_600 * S, 0)
    second = [at >= NIGHT - 1_800 for at, *_ in rows].index(True)
    night = int(NIGHT) * S
    after = Day(date(2023, 11, 15), OPEN + night, OPEN + night + 3_600 * S, second)
    return replace(quotes(*rows), days=(day, after))


UNTIMED = {"timer_ms": 100_000_000.0}


def events(strategy: Scripted) -> list[tuple[float, int, float]]:
    """Every order event as (seconds, phase, shares held)."""
    return [(at, phase, held) for at, cause, phase, held in strategy.phases() if cause == EVENT]


def test_what_rests_at_the_close_is_canceled_and_does_not_live_through_the_night() -> None:
    strategy = Scripted((3_590.0, buy(100.0, 100.0)))
    result = run(strategy, two_days((0, 100, 100.1, 500), (3_590, 100.5, 100.6, 500), (NIGHT, 89.9, 90.0, 500)))
    assert events(strategy) == [(3_590.0, OrderPhase.WORKING, 0.0), (CLOSE, OrderPhase.CANCELED, 0.0)]
    assert (result.counts.fills, result.counts.cancels, result.stock_quantity) == (0, 1, 0.0)
    assert (result.orders["status"][0], (result.orders["end_ts"][0] - OPEN) / S) == (OrderPhase.CANCELED, CLOSE)


def test_what_is_left_of_an_order_at_the_close_is_canceled() -> None:
    strategy = Scripted((3_590.0, buy(100.0, 100.6)))
    result = run(strategy, quotes((3_590, 100.5, 100.6, 60), (CLOSE, 100.5, 100.6, 500), (3_700, 98.9, 99.0, 500)))
    assert events(strategy) == [(3_590.0, OrderPhase.PARTIAL, 60.0), (CLOSE, OrderPhase.CANCELED, 60.0)]
    assert result.orders["filled_quantity"].tolist() == [60.0]


@pytest.mark.parametrize("last", [(CLOSE, 98.9, 99.0, 500), (3_700.0, 98.9, 99.0, 500)])
def test_nothing_trades_at_the_close_or_after_it(last: tuple[float, float, float, float]) -> None:
    strategy = Scripted((3_590.0, buy(100.0, 100.0)))
    result = run(strategy, quotes((3_590, 100.5, 100.6, 500), last))
    assert (result.counts.fills, events(strategy)[-1]) == (0, (CLOSE, OrderPhase.CANCELED, 0.0))


def test_an_order_in_flight_at_the_close_is_canceled_where_it_arrives() -> None:
    strategy = Scripted((3_599.0, buy(100.0, 101.0)))
    rows = ((0, 100, 100.1, 500), (3_599, 100.5, 100.6, 500), (NIGHT, 89.9, 90.0, 500))
    result = run(strategy, two_days(*rows), LATE)
    assert events(strategy) == [(3_601.0, OrderPhase.CANCELED, 0.0)]
    assert (result.counts.fills, (result.orders["arrive_ts"][0] - OPEN) / S) == (0, 3_601.0)


@pytest.mark.parametrize(("when", "phase"), [(-60.0, OrderPhase.CANCELED), (-1.0, OrderPhase.FILLED)])
def test_before_the_open_only_what_arrives_after_it_trades(when: float, phase: int) -> None:
    strategy = Scripted((NIGHT + when, buy(100.0, 101.0)))
    rows = ((0, 100, 100.1, 500), (NIGHT + when, 99.9, 100.0, 500), (NIGHT, 99.9, 100.0, 500))
    result = run(strategy, two_days(*rows), LATE)
    assert events(strategy)[-1][:2] == (NIGHT + when + 2.0, phase)
    assert result.orders["status"].tolist() == [phase]


def test_a_cancel_on_its_way_at_the_close_comes_too_late_to_be_answered() -> None:
    strategy = Scripted((3_590.0, buy(100.0, 100.0)), (3_599.0, CANCEL))
    rows = ((3_590, 100.5, 100.6, 500), (3_599, 100.5, 100.6, 500), (3_700, 100.5, 100.6, 500))
    result = run(strategy, quotes(*rows), LATE)
    assert events(strategy)[1:] == [(CLOSE, OrderPhase.CANCELED, 0.0)]
    assert result.counts.cancels == 1


def test_a_run_that_ends_within_the_session_leaves_its_order_open() -> None:
    strategy = Scripted((2.0, buy(100.0, 99.0)))
    result = run(strategy, quotes((0, 100, 100.1, 500), (2, 100, 100.1, 500)))
    assert result.orders["status"].tolist() == [OrderPhase.WORKING]
    assert strategy.seen[-1].now == OPEN + 2 * S


def test_a_strategy_that_goes_on_asking_while_the_market_is_closed_is_stopped() -> None:
    rows = ((0, 100, 100.1, 500), (3_599, 100.5, 100.6, 500), (NIGHT, 89.9, 90.0, 500))
    result = run(Scripted(always=buy(1.0, 50.0)), two_days(*rows), FillModel(latency_ns=100_000_000), **UNTIMED)
    assert REASON_TOO_OFTEN in result.orders["reason"]
    assert result.counts.evaluations < 1_000

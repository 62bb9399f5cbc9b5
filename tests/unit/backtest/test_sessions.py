"""The session: orders are for the day and regular hours, marks are made in it, options expire at its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from hedgerow.backtest.feed import Day, Feed, Leg
from hedgerow.backtest.fills import FillModel
from hedgerow.backtest.tables import REASON_TOO_OFTEN
from hedgerow.domain.instrument import Right, option
from hedgerow.strategy.observation import ObservationCause, OrderPhase
from hedgerow.tape.sessions import expiry_close_ns
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


def test_minutes_are_marked_in_session_only() -> None:
    rows = [(float(at), 100.0, 100.2, 500.0) for at in range(0, 3_900, 60)]
    rows += [(NIGHT + at, 90.0, 90.2, 500.0) for at in range(-1_800, 180, 60)]
    result = run(Scripted((0.0, buy(100.0, 100.2))), two_days(*rows), **UNTIMED)
    marked = np.unique((result.marks["ts"] - OPEN) / S)
    assert marked.tolist() == [*np.arange(0.0, 3_601.0, 60.0), NIGHT, NIGHT + 60, NIGHT + 120]


def test_the_last_row_and_order_events_are_marked_whenever_they_are() -> None:
    strategy = Scripted((3_700.0, buy(100.0, 101.0)))
    rows = ((0, 100, 100.1, 500), (3_700, 100.5, 100.6, 500), (3_800, 100.5, 100.6, 500), (3_900, 100, 100.1, 500))
    result = run(strategy, quotes(*rows), **UNTIMED)
    assert ((result.marks["ts"] - OPEN) / S).tolist() == [0.0, 3_700.0, 3_900.0]


def with_call(rows: Feed, row: int, *more: int, leg: Leg) -> Feed:
    """The same with the leg quoted 2.0 to 2.2 in those rows instead of the underlying."""
    slot, bid, ask = rows.slot.copy(), rows.bid.copy(), rows.ask.copy()
    for k in (row, *more):
        slot[k], bid[k], ask[k] = 1, 2.0, 2.2
    return replace(rows, slot=slot, bid=bid, ask=ask, legs=(leg,))


EXPIRY = date(2023, 11, 17)
CALL = option("SPY", EXPIRY, Decimal(100), Right.CALL)
EXPIRES = expiry_close_ns(EXPIRY)


def test_a_leg_taken_over_or_given_up_is_marked_at_once() -> None:
    rows = quotes(*((float(at), 100.0, 100.2, 500.0) for at in range(0, 50, 5)))
    result = run(Scripted(), with_call(rows, 1, leg=Leg(CALL, 10.0, 2.1, OPEN + 12 * S, OPEN + 33 * S)))
    assert ((result.marks["ts"] - OPEN) / S).tolist() == [0.0, 12.0, 33.0, 40.0, 45.0]
    assert result.marks["option_value"].tolist() == [0.0, 2_100.0, 0.0, 0.0, 0.0]
    assert result.pnl == pytest.approx(0.0)


@pytest.mark.parametrize(("quoted", "first"), [(0.0, 0.0), (30.0, 30.0), (900.0, 300.0)])
def test_the_first_mark_after_a_night_waits_for_the_options_to_quote(quoted: float, first: float) -> None:
    """Shares at the new price beside options at yesterday's would be a gain or loss nobody had."""
    opening = sorted({0.0, 30.0, 60.0, 300.0, 900.0} | {quoted})
    rows = [(0.0, 100.0, 100.2, 500.0), (1.0, 0.0, 0.0, 500.0), (60.0, 100.0, 100.2, 500.0)]
    rows += [(NIGHT + at, 90.0, 90.2, 500.0) for at in opening] + [(NIGHT + quoted, 0.0, 0.0, 500.0)]
    rows.sort(key=lambda row: row[0])
    legs = [row for row, (_, bid, *_) in enumerate(rows) if bid == 0.0]
    result = run(Scripted(), with_call(two_days(*rows), *legs, leg=Leg(CALL, 10.0, 2.1)), **UNTIMED)
    marked = (result.marks["ts"] - OPEN) / S
    assert marked[marked >= NIGHT][0] == NIGHT + first
    assert NIGHT + 900.0 in marked


@pytest.mark.parametrize(("spot", "shares"), [(103.0, 1_000.0), (97.0, 0.0)])
@pytest.mark.parametrize("after", [0, 1, 5])
def test_what_expires_at_the_last_row_s_time_does_expire(spot: float, shares: float, after: int) -> None:
    base = quotes(*[(float(at), spot - 0.1, spot + 0.1, 500.0) for at in range(3)])
    days = (Day(EXPIRY, EXPIRES - 23_400 * S, EXPIRES, 0),)
    ts = np.array([EXPIRES - 2 * S, EXPIRES - S, EXPIRES + after], dtype=np.int64)
    strategy = Scripted()
    result = run(strategy, replace(with_call(base, 0, leg=Leg(CALL, 10.0, 2.1)), ts=ts, days=days))
    assert not any(leg.active for leg in strategy.seen[-1].legs)
    assert (strategy.seen[-1].stock_quantity, result.stock_quantity) == (shares, shares)
    assert result.marks["option_value"][-1] == 0.0
    assert result.pnl == pytest.approx(max(spot - 100.0, 0.0) * 1_000 - 2_100.0)


def test_what_expires_after_the_last_row_is_still_held() -> None:
    base = quotes(*[(float(at), 102.9, 103.1, 500.0) for at in range(3)])
    days = (Day(EXPIRY, EXPIRES - 23_400 * S, EXPIRES, 0),)
    ts = np.array([EXPIRES - 3 * S, EXPIRES - 2 * S, EXPIRES - S], dtype=np.int64)
    result = run(
        Scripted((0.0, buy(1.0, 104.0))), replace(with_call(base, 0, leg=Leg(CALL, 10.0, 2.1)), ts=ts, days=days)
    )
    assert result.marks["option_value"][-1] == 2_100.0

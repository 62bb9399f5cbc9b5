"""Feeds of several days, and legs that begin, are given up, expire: what the strategy sees and what the marks say."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from hedgerow.backtest.engine import Settings
from hedgerow.backtest.engine import run as run_strategy
from hedgerow.backtest.feed import Day, Leg, feed_of
from hedgerow.backtest.fills import FillModel
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right, option
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.kit.config import Earnings
from hedgerow.strategy.observation import ObservationCause
from hedgerow.tape.format import Tape
from hedgerow.tape.sessions import expiry_close_ns
from hedgerow.tape.synth import synth_tape
from tests.scripted_backtest import OPEN, S, Scripted, buy, quotes, run

CALL = option("SPY", date(2023, 11, 17), Decimal(100), Right.CALL)
PUT = option("SPY", date(2023, 11, 17), Decimal(100), Right.PUT)
CLOSE = expiry_close_ns(date(2023, 11, 17))


def test_a_leg_is_shown_from_its_adoption_until_it_is_given_up() -> None:
    base = quotes(*((float(k), 100.0, 100.2, 300.0) for k in range(8)))
    slot = base.slot.copy()
    bid, ask = base.bid.copy(), base.ask.copy()
    slot[[1, 4]], bid[[1, 4]], ask[[1, 4]] = 1, [2.0, 2.6], [2.2, 2.8]
    feed = replace(base, slot=slot, bid=bid, ask=ask, legs=(Leg(CALL, 10.0, 2.1, OPEN + 2 * S, OPEN + 6 * S),))
    strategy = Scripted()
    result = run(strategy, feed)
    shown = {(o.now - OPEN) / S: o.legs[0].active for o in strategy.seen}
    assert [shown[float(k)] for k in range(8)] == [False, False, True, True, True, True, False, False]
    seen = {(o.now - OPEN) / S: o.legs[0] for o in strategy.seen}
    assert (seen[3.0].bid, seen[3.0].age_ms, seen[5.0].bid, seen[5.0].age_ms) == (2.0, 2000.0, 2.6, 1000.0)
    assert [(o.now - OPEN) / S for o in strategy.seen if o.cause == ObservationCause.POSITION] == [2.0, 6.0]
    assert result.pnl == pytest.approx((2.7 - 2.1) * 1_000)
    assert strategy.seen[-1].options_realized_pnl == pytest.approx((2.7 - 2.1) * 1_000)


@pytest.mark.parametrize(
    ("spot", "stock", "realized"),
    [(103.0, 1_000.0, -2_100.0 - 1_900.0), (97.0, -1_000.0, -2_100.0 - 1_900.0), (100.0, 0.0, -2_100.0 - 1_900.0)],
)
def test_what_expires_in_the_money_becomes_shares_at_the_strike(spot: float, stock: float, realized: float) -> None:
    base = quotes((0.0, spot - 0.1, spot + 0.1, 300.0), (1.0, spot - 0.1, spot + 0.1, 300.0))
    ts = np.array([CLOSE - S, CLOSE + 2 * S])
    feed = replace(
        base, ts=ts, legs=(Leg(CALL, 10.0, 2.1), Leg(PUT, 10.0, 1.9)),
        days=(Day(date(2023, 11, 17), CLOSE - 23_400 * S, CLOSE, 0),),
    )  # fmt: skip
    strategy = Scripted()
    result = run(strategy, feed)
    last = strategy.seen[-1]
    assert not any(leg.active for leg in last.legs)
    assert last.stock_quantity == stock
    assert last.options_realized_pnl == pytest.approx(realized)
    assert last.stock_average_price == (100.0 if stock else 0.0)
    assert result.pnl == pytest.approx(1_000 * abs(spot - 100.0) - 4_000.0)


def test_days_follow_one_another_and_the_timer_rests_over_night() -> None:
    first = quotes((0.0, 100.0, 100.1, 300.0), (1.0, 100.0, 100.1, 300.0))
    night = 86_400 * S
    second = first.ts + night
    feed = replace(
        first, ts=np.concatenate((first.ts, second)), slot=np.zeros(4, np.int8), bid=np.tile(first.bid, 2),
        ask=np.tile(first.ask, 2), bid_size=np.tile(first.bid_size, 2), ask_size=np.tile(first.ask_size, 2),
        days=(
            Day(date(2023, 11, 14), OPEN, OPEN + 3 * S, 0),
            Day(date(2023, 11, 15), OPEN + night, OPEN + night + 3 * S, 2, True),
        ),
    )  # fmt: skip
    strategy = Scripted((0.0, buy(100.0, 100.1)))
    run(strategy, feed, timer_ms=1_000.0)
    timers = [(o.now - OPEN) // S for o in strategy.seen if o.cause == ObservationCause.TIMER]
    assert timers == [2, 3]
    last = strategy.seen[-1]
    assert (last.session_open, last.session_close, last.earnings_blackout) == (OPEN + night, OPEN + night + 3 * S, True)
    assert last.stock_quantity == 100.0
    assert not strategy.seen[1].earnings_blackout


def test_a_feed_is_of_one_symbol_in_order_of_days() -> None:
    tapes = []
    for seed, day in ((1, date(2024, 3, 13)), (2, date(2024, 3, 14))):
        tapes.append(Tape.of(*synth_tape(seed, day, interval_ms=60_000)))
    feed = feed_of(tapes)
    assert [day.date for day in feed.days] == [date(2024, 3, 13), date(2024, 3, 14)]
    assert feed.ts[feed.days[1].first_row] == tapes[1].ts[0]
    assert feed.interval_ms == 60_000.0
    again = feed.between(100, len(feed) - 10)
    assert (again.ts[0], again.days[0].first_row, again.days[1].first_row) == (
        feed.ts[100], 0, feed.days[1].first_row - 100
    )  # fmt: skip
    dark = feed.with_earnings(Earnings(dates=(date(2024, 3, 15),), blackout_days_before=1))
    assert [day.earnings_blackout for day in dark.days] == [False, True]
    for wrong in ([], [tapes[1], tapes[0]], [tapes[0], tapes[0]]):
        with pytest.raises(InvalidValue):
            feed_of(wrong)


def test_a_run_over_two_days_carries_everything_over() -> None:
    """The daily count and the P&L baseline begin anew; the stock, the orders' numbers and the state go on."""
    tapes = []
    legs: list[Leg] = []
    for seed, day in ((3, date(2024, 3, 13)), (4, date(2024, 3, 14))):
        meta, columns = synth_tape(seed, day, interval_ms=30_000, also=tuple(leg.instrument for leg in legs))
        tapes.append(Tape.of(meta, columns))
        if not legs:
            chosen = [i for i in meta.instruments if i.strike == 100 and i.expiry == date(2024, 4, 12)]
            legs = [Leg(each, 10.0, 2.2, meta.session_open_ns + 120 * S) for each in chosen]
    feed = feed_of(tapes, legs)
    result = run_strategy(feed, Params(min_price_move_pct=0.05), mode="plain")
    numbers = result.orders["number"]
    assert numbers.tolist() == list(range(1, len(numbers) + 1))
    on = [np.searchsorted(result.orders["submit_ts"], day.session_open) for day in feed.days]
    assert 0 == on[0] < on[1] < len(numbers)
    opened = np.searchsorted(result.decisions["now"], feed.days[1].session_open)
    assert (
        result.decisions["stock_quantity"][opened] == (result.fills["side"] * result.fills["quantity"])[: on[1]].sum()
    )
    daily = result.decisions["daily_pnl"][opened:]
    quoted = np.flatnonzero(np.isfinite(daily))[0]  # the day counts from where the legs quote again
    assert daily[quoted] == pytest.approx(0.0, abs=1e-6)
    assert result.decisions["now"][opened + quoted] < feed.days[1].session_open + 300 * S


@pytest.mark.parametrize(
    "changes",
    [{"fills": FillModel(latency_ns=-1)}, {"fills": FillModel(half_spread=math.nan)}, {"timer_ms": 0.0}],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        Settings(**changes)  # type: ignore[arg-type]

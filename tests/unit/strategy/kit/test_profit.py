"""The session's profit: when it is known, what it is counted from, and that the breaker waits for both."""

from __future__ import annotations

import math

import pytest

from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.kit.profit import OPENING_NS
from hedgerow.strategy.observation import NO_COMMANDS, NO_LEGS, NOT_RESTORED, LegView, ObservationCause, QuoteView
from tests.strategy_world import LINKS_UP, NS, OPEN, World, option_leg

NEXT_OPEN = OPEN + 86_400 * NS
NEXT = {"session_open": NEXT_OPEN, "session_close": NEXT_OPEN + 23_400 * NS}
NO_UNDERLYING = QuoteView(math.nan, math.nan, 0, math.nan, 5000.0)
SHORT = {"stock_quantity": -1000.0, "stock_average_price": 748.0}


def legs(mid: float, time: int) -> tuple[LegView, ...]:
    """Ten calls taken over at 18.0, quoted at `time`."""
    return (option_leg(True, contracts=10.0, mid=mid, time=time, average_price=18.0), *NO_LEGS[1:])


def overnight() -> World:
    """1,000 shares short against ten calls; nothing was gained when the first session ended."""
    world = World(Params(max_daily_loss_usd=5000.0))
    world.extra = {"legs": legs(18.0, OPEN), **SHORT}
    assert world.start().daily_pnl == 0.0
    world.now = NEXT_OPEN
    return world


def test_a_gap_over_night_is_no_profit_or_loss_of_the_day_whichever_side_quotes_first() -> None:
    """The shares open 10 lower: 10,000 won on them, and lost on the options as soon as these quote."""
    world = overnight()
    world.spot = 738.0
    assert math.isnan(world.see(legs=legs(18.0, OPEN), **NEXT).daily_pnl)
    world.now += 20 * NS
    opened = world.see(legs=legs(8.0, world.now), **NEXT)
    assert (opened.daily_pnl, opened.circuit_breaker_latched) == (0.0, False)
    world.now += NS
    assert world.see(legs=legs(7.0, world.now), **NEXT).daily_pnl == pytest.approx(-1000.0)


def test_the_day_begins_without_a_leg_that_does_not_quote() -> None:
    world = overnight()
    world.now = NEXT_OPEN + OPENING_NS - 1
    assert math.isnan(world.see(legs=legs(18.0, OPEN), **NEXT).daily_pnl)
    world.now += 1
    assert world.see(legs=legs(18.0, OPEN), **NEXT).daily_pnl == 0.0
    world.spot = 749.0
    assert world.see(legs=legs(18.0, OPEN), **NEXT).daily_pnl == pytest.approx(-1000.0)


def restarted(session_open: int, baseline: float) -> World:
    """A daemon that starts with nothing heard yet, and what its run before left."""
    world = World(Params(max_daily_loss_usd=5000.0))
    world.now = NEXT_OPEN + 3_600 * NS
    restored = NOT_RESTORED._replace(valid=True, session_open=session_open, pnl_baseline=baseline)
    world.see(
        ObservationCause.START, restored=restored, legs=NO_LEGS, underlying=NO_UNDERLYING,
        links=LINKS_UP._replace(reconciled=False), **NEXT,
    )  # fmt: skip
    return world


@pytest.mark.parametrize(("session_open", "daily"), [(NEXT_OPEN, 1000.0), (OPEN, 0.0)])
def test_a_restart_neither_latches_nor_counts_before_position_and_marks_are_known(
    session_open: int, daily: float
) -> None:
    """Options gained 8,000 before this session and 1,000 in it; nothing of it is known at the start."""
    world = restarted(session_open, 8000.0)
    held = {"stock_quantity": 0.0, **NEXT}
    for unknown in (
        {"legs": NO_LEGS, "links": LINKS_UP._replace(reconciled=False)},
        {"legs": (legs(27.0, 0)[0]._replace(bid=math.nan, ask=math.nan), *NO_LEGS[1:])},
    ):
        assert not world.see(**held, **unknown).circuit_breaker_latched
    known = world.see(legs=legs(27.0, world.now), **held)
    assert (known.daily_pnl, known.circuit_breaker_latched) == (pytest.approx(daily), False)


def test_shares_without_a_price_leave_the_profit_unknown() -> None:
    world = restarted(NEXT_OPEN, 8000.0)
    unpriced = world.see(legs=NO_LEGS, underlying=NO_UNDERLYING, **SHORT, **NEXT)
    assert math.isnan(unpriced.daily_pnl)
    assert not unpriced.circuit_breaker_latched
    assert world.see(legs=NO_LEGS, stock_realized_pnl=8000.0, **SHORT, **NEXT).daily_pnl == pytest.approx(0.0)


def test_a_reset_before_the_profit_is_known_does_not_disarm_the_breaker() -> None:
    world = restarted(OPEN, 8000.0)
    reset = {"commands": NO_COMMANDS._replace(reset_number=1)}
    world.see(legs=NO_LEGS, underlying=NO_UNDERLYING, **SHORT, **NEXT, **reset)
    world.see(legs=NO_LEGS, **SHORT, **NEXT, **reset)
    world.spot = 754.0
    assert world.see(legs=NO_LEGS, **SHORT, **NEXT, **reset).circuit_breaker_latched


def test_shares_quoted_before_the_open_alone_do_not_begin_the_day() -> None:
    world = World(Params())
    world.extra = {"legs": NO_LEGS, **SHORT}
    assert world.start().daily_pnl == 0.0
    before = QuoteView(747.95, 748.05, NEXT_OPEN - NS, 1000.0, 5000.0)
    world.now = NEXT_OPEN
    assert math.isnan(world.see(underlying=before, **NEXT).daily_pnl)
    world.spot = 738.0
    assert world.see(**NEXT).daily_pnl == 0.0

"""Green exactly when every fact is fresh and passing: every combination of fact states, through the decision itself.

Each fact is told as the daemon tells it to the kernel: fresh, stale, unknown or missing. What is unknown or stale
is red, unless the broker is away or the exchange closed, which explain it.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import Any

import pytest

from hedgerow.domain.self_check import SelfCheck, self_check
from hedgerow.strategy.codes import TradingFSM
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.gamma_scalper.state import State
from hedgerow.strategy.gamma_scalper.step import step
from hedgerow.strategy.observation import (
    NO_COMMANDS,
    NO_LEG,
    NO_LEGS,
    NO_ORDER,
    LegView,
    LinkView,
    Observation,
    OrderPhase,
    QuoteView,
    RiskState,
)
from services.strategy.domain.daemon_fsm import DaemonState, Surroundings, next_state
from services.strategy.domain.latch import Latch
from services.strategy.domain.reasons import block_reasons
from tests.strategy_world import CLOSE, World

FRESH, STALE, UNKNOWN, MISSING, BAD = "fresh", "stale", "unknown", "missing", "bad"
LATER_NS = 1_800_000_000_000
PARAMS = Params(max_net_delta_shares=500.0, max_spread_pct=1.0)


@cache
def settled() -> tuple[State, Observation]:
    """A strategy inside its band, every fact fresh, and the observation that says so; an hour of market time on."""
    world = World(PARAMS)
    world.start()
    for _ in range(4):
        world.pass_time(60)
        world.see()
        if world.is_open:
            world.fill_all()
    before = world.state
    world.see()
    assert world.log[-1][1].trading_fsm in (TradingFSM.MONITOR, TradingFSM.NO_TRADE)
    return before, world.log[-1][0]._replace(order=NO_ORDER)


UNDERLYING = {
    FRESH: {},
    STALE: {"age_ms": 5001.0},
    UNKNOWN: {"age_ms": math.nan},
    MISSING: {"bid": math.nan, "ask": math.nan, "event_time": 0, "age_ms": math.nan},
    BAD: {"bid": math.nan},
    "wide": {"bid": 700.0},
}
LEGS = (FRESH, STALE, MISSING, BAD, "none")
RISK = {FRESH: RiskState.ACTIVE, "reducing": RiskState.REDUCING, BAD: RiskState.HALTED, UNKNOWN: RiskState.UNKNOWN}
FEED = {FRESH: (10.0, 5.0), STALE: (2001.0, 5.0), BAD: (10.0, 1001.0), UNKNOWN: (math.inf, 5.0)}
CALENDAR = ("open", "closed", "blackout")


def legs_of(kind: str, legs: tuple[LegView, ...], now: int) -> tuple[LegView, ...]:
    """The legs as heard at `now`, quoted then; stale ones when the strategy settled, beyond the options' own limit."""
    if kind == "none":
        return NO_LEGS
    changes: dict[str, dict[str, Any]] = {
        FRESH: {},
        STALE: {"age_ms": LATER_NS / 1e6, "event_time": now - LATER_NS},
        MISSING: {"bid": math.nan, "ask": math.nan, "event_time": 0, "age_ms": math.nan},
        BAD: {"contracts": math.nan},
    }
    return tuple(leg._replace(**changes[kind]) if leg.active else NO_LEG for leg in legs)


def decide(
    underlying: str, legs: str, risk: str, links: tuple[bool, ...], feed: str, paused: bool, calendar: str
) -> Decision:
    before, o = settled()
    now = o.now + LATER_NS if legs in (STALE, MISSING) else o.now  # long enough for what was kept to go stale
    quote = o.underlying._replace(event_time=now)._replace(**UNDERLYING[underlying])
    seen = o._replace(
        now=now,
        session_close=o.session_open if calendar == "closed" else CLOSE,
        earnings_blackout=calendar == "blackout",
        underlying=QuoteView(*quote),
        legs=legs_of(legs, tuple(leg._replace(event_time=now) for leg in o.legs), now),
        trading_state=RISK[risk].value,
        links=LinkView(*links),
        feed_silence_ms=FEED[feed][0],
        data_lag_ms=FEED[feed][1],
        commands=NO_COMMANDS._replace(paused=paused),
    )
    return step(PARAMS, before, seen)[1]


@pytest.mark.parametrize("underlying", UNDERLYING)
@pytest.mark.parametrize("legs", LEGS)
def test_green_exactly_when_every_fact_is_fresh_and_passing(underlying: str, legs: str) -> None:
    greens = 0
    for risk, feed, paused, calendar in product(RISK, FEED, (False, True), CALENDAR):
        for links in product((True, False), repeat=5):
            decision = decide(underlying, legs, risk, links, feed, paused, calendar)
            facts = Surroundings(
                True, True, links[0], True, paused or decision.trading_fsm == TradingFSM.SAFE, False, False
            )
            daemon = next_state(DaemonState.RUNNING, facts)
            found = block_reasons(daemon, decision, True, False, "", Latch.PAUSED if paused else Latch.NONE, RISK[risk])
            told = (risk, feed, paused, calendar, links, found)
            all_well = (underlying, legs, risk, feed, paused, calendar) == (FRESH, FRESH, FRESH, FRESH, False, "open")
            check = self_check(found)
            assert (check is SelfCheck.OK) is (all_well and all(links)), told
            greens += check is SelfCheck.OK
            unproven = UNKNOWN in (underlying, risk, feed) or STALE in (underlying, feed) or underlying == MISSING
            unproven = unproven or (legs in (STALE, MISSING, BAD) and calendar != "closed")
            if links[0] and (not all(links[1:4]) or (unproven and calendar != "closed")):
                assert check is SelfCheck.BLOCKED, told
    assert greens == (1 if (underlying, legs) == (FRESH, FRESH) else 0)


@pytest.mark.parametrize("daemon", list(DaemonState))
def test_no_state_of_the_process_is_green_but_running_with_a_decision(daemon: DaemonState) -> None:
    good = decide(FRESH, FRESH, FRESH, (True,) * 5, FRESH, False, "open")
    for decision, risk, enabled, delayed, refused in product(
        (good, None), RiskState, (True, False), (True, False), ("", "ACCOUNT_MODE_MISMATCH DU1 in mode sim")
    ):
        found = block_reasons(daemon, decision, enabled, delayed, refused, Latch.NONE, risk)
        well = (daemon, decision, enabled, delayed, refused) == (DaemonState.RUNNING, good, True, False, "")
        # Risk's halt is in the decision; here only what no gate asks about without a hedge in mind.
        well = well and risk is not RiskState.REDUCING
        assert (self_check(found) is SelfCheck.OK) is well, (daemon, risk, enabled, delayed, refused, found)


def test_an_order_nobody_can_prove_is_red() -> None:
    world = World()
    world.start()
    world.pass_time(60)
    world.spot += 8.0
    world.see()
    assert world.is_open
    decision = world.report(OrderPhase.UNKNOWN)
    found = block_reasons(DaemonState.RUNNING_SUSPENDED, decision, True, False, "")
    assert "EXECUTION_FAULT" in found
    assert self_check(found) is SelfCheck.BLOCKED


@pytest.mark.parametrize(
    ("params", "reason"),
    [({"max_position_shares": 1.0}, "MAX_POSITION"), ({"max_net_delta_shares": 1.0}, "MAX_NET_DELTA")],
)
def test_a_hedge_a_limit_holds_back_has_its_reason(params: dict[str, float], reason: str) -> None:
    world = World(Params()._replace(**params))
    world.start()
    world.pass_time(60)
    world.spot += 8.0
    decision = world.see()
    assert not world.is_open
    found = block_reasons(DaemonState.RUNNING, decision, True, False, "")
    assert reason in found
    assert self_check(found) is SelfCheck.DEGRADED

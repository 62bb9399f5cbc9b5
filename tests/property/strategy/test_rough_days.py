"""Random rough days: faults, late and partial fills, wide markets, commands; what must hold at every evaluation."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.strategy.codes import DeltaState, IntentAction, TradingFSM
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.names import decision_names
from hedgerow.strategy.observation import NO_COMMANDS, Observation, ObservationCause, OrderPhase
from tests.strategy_world import NS, World, random_event

CONTRACTS = st.sampled_from([20.0, -20.0])
PARAMS = (
    Params(),
    Params(max_hedge_shares_per_order=20.0, max_delta_limit_shares=150.0),
    Params(automatic_recovery=False, max_hedge_retries=0, breach_reduce_only=True, max_daily_loss_usd=500.0),
    Params(max_position_shares=150.0, max_daily_hedge_count=3, max_spread_pct=0.05, cooldown_ns=10 * NS),
)


def rough_day(seed: int, events: int = 120) -> World:
    dice = random.Random(seed)
    world = World(dice.choice(PARAMS))
    world.start()
    for _ in range(events):
        random_event(world, dice)
    return world


def surroundings_allow(o: Observation, d: Decision) -> bool:
    """The specification's conditions around any order, written a second time."""
    links = all(o.links)
    clear = not o.commands.paused and not o.commands.stop and o.trading_state in (0, 1) and o.enabled
    fresh = o.underlying.age_ms <= o.underlying.limit_ms and o.data_lag_ms <= 1000.0 and o.feed_silence_ms <= 2000.0
    quoted = 0 < o.underlying.bid <= o.underlying.ask
    return links and clear and fresh and quoted and o.session_open <= o.now < o.session_close


def check_submit(p: Params, o: Observation, d: Decision, alive: bool, new: bool, last_fill: tuple[int, float]) -> None:
    assert not alive
    assert surroundings_allow(o, d)
    signed = d.intent.side * d.intent.quantity
    assert d.intent.quantity == int(d.intent.quantity) > 0
    assert d.intent.quantity <= p.max_hedge_shares_per_order
    assert d.intent.limit_price == (o.underlying.ask if signed > 0 else o.underlying.bid)
    after = o.stock_quantity + signed
    reduces = after * o.stock_quantity >= 0 and abs(after) <= abs(o.stock_quantity)
    assert reduces or abs(after) <= p.max_position_shares
    assert reduces or not d.intent.reduce_only
    if o.trading_state == 1 or d.circuit_breaker_latched:
        assert reduces
        assert d.intent.reduce_only
    if d.trading_fsm == TradingFSM.UNWIND:
        assert d.option_legs == 0
        return
    assert signed * d.net_delta < 0  # against the delta, and not beyond it
    assert abs(d.net_delta + signed) <= abs(d.net_delta)
    assert not o.earnings_blackout
    spread_pct = (o.underlying.ask - o.underlying.bid) / d.spot * 100
    assert spread_pct < p.extreme_spread_pct
    assert spread_pct <= p.max_spread_pct
    if new:
        forced = d.delta_state == DeltaState.FORCE_HEDGE
        time, price = last_fill
        assert forced or time == 0 or o.now - time >= p.cooldown_ns
        assert forced or time == 0 or abs(d.spot / price - 1) * 100 >= p.min_price_move_pct
        assert abs(d.net_delta) > p.min_hedge_shares - 0.5
        assert d.daily_hedge_count < p.max_daily_hedge_count


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_no_intent_unless_everything_allows_it(seed: int) -> None:
    world = rough_day(seed)
    number = cum = 0.0
    last_fill = (0, math.nan)
    alive = False
    for o, d in world.log:
        if o.order.intent_number == number and o.order.cum_qty > cum:
            cum, last_fill = o.order.cum_qty, (o.order.event_time, o.order.average_price)
        if o.order.intent_number == number:
            alive = o.order.phase in (OrderPhase.SENT, OrderPhase.WORKING, OrderPhase.PARTIAL, OrderPhase.UNKNOWN)
        if d.intent.action == IntentAction.SUBMIT:
            assert d.intent.number == number + 1
            check_submit(world.params, o, d, alive, d.intent.parent == d.intent.number, last_fill)
            number, cum, alive = d.intent.number, 0.0, True
        elif d.intent.action == IntentAction.CANCEL:
            assert alive
            assert d.intent.number == number


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_every_evaluation_explains_itself(seed: int) -> None:
    for o, d in rough_day(seed, 60).log:
        assert (d.sequence, d.now) == (o.sequence, o.now)
        assert (d.block_reason == 0) == (d.intent.action == IntentAction.SUBMIT)
        assert len(d.guard_verdicts) == 22


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32), st.floats(720.0, 780.0), st.sampled_from([7.0, 60.0, 500.0]), st.sampled_from([20.0, -20.0])
)
def test_position_converges(seed: int, spot: float, most: float, contracts: float) -> None:
    dice = random.Random(seed)
    world = World(Params(max_hedge_shares_per_order=most), contracts=contracts)
    world.spot = spot
    decision = world.start()
    wanted = decision.intent.action == IntentAction.SUBMIT
    for _ in range(2000):
        if not world.is_open:
            break
        leaves = int(world.order.leaves_qty)
        part = dice.randrange(0, leaves + 1)
        decision = world.fill_all() if part == leaves else world.report(OrderPhase.PARTIAL, float(part))
    assert not world.is_open
    assert abs(decision.net_delta) <= (10.0 if wanted else 25.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_sticks(seed: int) -> None:
    """However a day went: faults gone, order answered, latch reset, price moved, then a hedge leaves again."""
    world = rough_day(seed)
    world.params = world.params._replace(max_position_shares=1e6, max_spread_pct=1.0)
    world.half_spread, world.contracts = 0.05, (20.0, 20.0)
    for attempt in range(1, 9):
        world.pass_time(3600)
        world.spot = 720.0 if attempt % 2 else 780.0
        commands = NO_COMMANDS._replace(resume_number=100 + attempt, reset_number=100 + attempt)
        world.extra = {"commands": commands, "session_open": world.now, "session_close": world.now + NS}
        if world.order.phase in (OrderPhase.UNKNOWN, OrderPhase.SENT, OrderPhase.WORKING, OrderPhase.PARTIAL):
            decision = world.report(OrderPhase.CANCELED)
        else:
            decision = world.see(ObservationCause.COMMAND)
        if decision.intent.action == IntentAction.SUBMIT:
            return
    pytest.fail(f"no hedge left in eight tries: {decision_names(decision)}")

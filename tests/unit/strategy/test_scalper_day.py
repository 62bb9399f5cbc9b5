"""The gamma scalper through ordinary and extraordinary moments, one observation at a time."""

from __future__ import annotations

import math

import pytest

from hedgerow.strategy.codes import (
    BlockReason,
    DeltaState,
    ExecutionState,
    HedgeFSM,
    IntentAction,
    SystemState,
    TradingFSM,
)
from hedgerow.strategy.gamma_scalper.params import Params
from hedgerow.strategy.names import decision_names, standing_reasons, verdict_names
from hedgerow.strategy.observation import NO_COMMANDS, ObservationCause, OrderPhase, RestoredView
from tests.strategy_world import CLOSE, LINKS_UP, NS, OPEN, World


def needing_hedge(params: Params | None = None) -> World:
    """A world whose next evaluation wants to sell about sixty shares."""
    world = World(params)
    world.start()
    world.pass_time(1)
    world.spot = 751.0
    return world


def test_first_evaluation_reaches_monitoring() -> None:
    decision = World().start()
    assert decision_names(decision).trading_fsm in ("NO_TRADE", "HEDGING")
    assert decision.option_legs == 2


def test_a_hedge_from_quote_to_band() -> None:
    world = needing_hedge()
    sent = world.see()
    assert sent.delta_state == DeltaState.HEDGE_NEEDED
    assert sent.intent.action == IntentAction.SUBMIT
    assert sent.intent.side == -1
    assert sent.intent.quantity == round(sent.net_delta)
    assert sent.intent.limit_price == world.spot - world.half_spread
    assert (sent.trading_fsm, sent.hedge_fsm) == (TradingFSM.HEDGING, HedgeFSM.SEND)
    assert sent.block_reason == BlockReason.NONE
    assert "FAIL" not in verdict_names(sent).values()
    waiting = world.see()
    assert (waiting.hedge_fsm, waiting.block_reason) == (HedgeFSM.WAIT_ACK, BlockReason.ORDER_WORKING)
    assert world.report(OrderPhase.WORKING).hedge_fsm == HedgeFSM.WORKING
    partial = world.report(OrderPhase.PARTIAL, 5.0)
    assert (partial.hedge_fsm, partial.execution_state) == (HedgeFSM.PARTIAL, ExecutionState.PARTIAL_FILL)
    done = world.fill_all()
    assert done.delta_state == DeltaState.IN_BAND
    assert (done.trading_fsm, done.daily_hedge_count) == (TradingFSM.NO_TRADE, 1)
    assert world.see().hedge_fsm == HedgeFSM.EXEC_IDLE


def hedged_then_moved(spot: float, seconds: float, params: Params | None = None) -> World:
    world = needing_hedge(params)
    world.see()
    world.fill_all()
    world.pass_time(seconds)
    world.spot = spot
    return world


def test_cooldown_blocks_then_passes() -> None:
    world = hedged_then_moved(754.0, 59)
    blocked = world.see()
    assert (blocked.trading_fsm, blocked.block_reason) == (TradingFSM.PAUSE_COST, BlockReason.COOLDOWN)
    world.pass_time(1)
    assert world.see().intent.action == IntentAction.SUBMIT


def test_small_price_move_blocks() -> None:
    world = hedged_then_moved(752.3, 61)
    blocked = world.see()
    assert blocked.block_reason == BlockReason.MIN_PRICE_MOVE


def test_force_hedge_bypasses_cooldown_and_price_move() -> None:
    world = hedged_then_moved(754.0, 5, Params(max_delta_limit_shares=60.0))
    forced = world.see()
    assert forced.delta_state == DeltaState.FORCE_HEDGE
    assert forced.intent.action == IntentAction.SUBMIT


def test_below_min_size() -> None:
    world = needing_hedge(Params(min_hedge_shares=200.0))
    assert world.see().block_reason == BlockReason.BELOW_MIN_SIZE


def test_large_hedge_is_worked_in_slices_of_one_parent() -> None:
    world = needing_hedge(Params(max_hedge_shares_per_order=25.0))
    first = world.see()
    assert first.intent.quantity == 25.0
    second = world.fill_all()
    assert second.intent.action == IntentAction.SUBMIT  # at once: slices are exempt from the cost gate
    assert second.intent.parent == first.intent.number
    assert second.intent.number == first.intent.number + 1
    decision = world.fill_all()
    while decision.intent.action == IntentAction.SUBMIT:
        decision = world.fill_all()
    assert abs(decision.net_delta) <= 10.0
    assert decision.daily_hedge_count == 1


def test_reprice_waits_for_market_time_and_a_moved_touch() -> None:
    world = needing_hedge()
    first = world.see()
    world.report(OrderPhase.WORKING)
    world.pass_time(5)
    assert world.see().intent.action == IntentAction.NONE  # the limit still is the touch
    world.spot -= 0.2
    cancel = world.see()
    assert (cancel.intent.action, cancel.intent.number) == (IntentAction.CANCEL, first.intent.number)
    assert cancel.hedge_fsm == HedgeFSM.REPRICE
    again = world.report(OrderPhase.CANCELED)
    assert again.intent.action == IntentAction.SUBMIT
    assert again.intent.parent == first.intent.number
    assert again.intent.limit_price == world.spot - world.half_spread


def test_missing_acknowledgement_is_asked_about_never_sent_again() -> None:
    world = needing_hedge()
    first = world.see()
    asked = world.see(ObservationCause.TIMER, order_wait_ms=3001.0)
    assert (asked.hedge_fsm, asked.intent.action) == (HedgeFSM.RECOVER, IntentAction.QUERY)
    assert asked.intent.number == first.intent.number
    assert world.see(ObservationCause.TIMER, order_wait_ms=9000.0).intent.action == IntentAction.NONE
    assert world.report(OrderPhase.WORKING).hedge_fsm == HedgeFSM.WORKING
    assert world.fill_all().trading_fsm == TradingFSM.NO_TRADE


def test_unknown_order_leads_to_safe_until_it_is_known() -> None:
    world = needing_hedge()
    world.see()
    unknown = world.report(OrderPhase.UNKNOWN)
    assert (unknown.trading_fsm, unknown.block_reason) == (TradingFSM.SAFE, BlockReason.EXECUTION_FAULT)
    assert unknown.hedge_fsm == HedgeFSM.RECOVER
    world.pass_time(600)
    assert world.see().trading_fsm == TradingFSM.SAFE
    assert world.fill_all().trading_fsm == TradingFSM.NO_TRADE


@pytest.mark.parametrize("phase", [OrderPhase.REJECTED, OrderPhase.DENIED, OrderPhase.CANCELED])
def test_failures_are_retried_then_safe_then_recovered(phase: OrderPhase) -> None:
    world = needing_hedge()
    submits = 0
    decision = world.see()
    while decision.intent.action == IntentAction.SUBMIT:
        submits += 1
        decision = world.report(phase)
        if decision.trading_fsm != TradingFSM.SAFE:
            assert decision.hedge_fsm == HedgeFSM.FAIL
            assert decision.intent.action == IntentAction.NONE
            decision = world.see()
    assert submits == 3
    assert (decision.trading_fsm, decision.block_reason) == (TradingFSM.SAFE, BlockReason.EXECUTION_FAULT)
    world.pass_time(59)
    assert world.see().trading_fsm == TradingFSM.SAFE
    world.pass_time(1)
    assert world.see().intent.action == IntentAction.SUBMIT


def test_pause_takes_the_resting_hedge_back_and_resume_goes_on() -> None:
    world = needing_hedge()
    world.see()
    world.report(OrderPhase.WORKING)
    world.extra = {"commands": NO_COMMANDS._replace(paused=True)}
    cancel = world.see(ObservationCause.COMMAND)
    assert (cancel.intent.action, cancel.hedge_fsm) == (IntentAction.CANCEL, HedgeFSM.CANCEL)
    paused = world.report(OrderPhase.CANCELED)
    assert (paused.intent.action, paused.block_reason) == (IntentAction.NONE, BlockReason.PAUSED)
    assert paused.trading_fsm == TradingFSM.NEED_HEDGE
    world.extra = {}
    assert world.see(ObservationCause.COMMAND).intent.action == IntentAction.SUBMIT


def test_stop_is_final_and_takes_the_order_back() -> None:
    world = needing_hedge()
    world.see()
    world.report(OrderPhase.WORKING)
    world.extra = {"commands": NO_COMMANDS._replace(stop=True)}
    stopped = world.see(ObservationCause.COMMAND)
    assert (stopped.trading_fsm, stopped.intent.action) == (TradingFSM.STOPPED, IntentAction.CANCEL)
    assert world.report(OrderPhase.CANCELED).block_reason == BlockReason.STOPPED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"links": LINKS_UP._replace(broker_up=False)}, BlockReason.BROKER_DOWN),
        ({"links": LINKS_UP._replace(reconciled=False)}, BlockReason.NOT_RECONCILED),
        ({"links": LINKS_UP._replace(feed_up=False)}, BlockReason.DATA_STALE),
    ],
)
def test_faults_lead_to_safe_and_back(change: dict[str, object], reason: BlockReason) -> None:
    world = needing_hedge()
    safe = world.see(**change)
    assert (safe.trading_fsm, safe.block_reason, safe.intent.action) == (TradingFSM.SAFE, reason, IntentAction.NONE)
    assert reason.name in standing_reasons(safe)
    assert world.see().intent.action == IntentAction.SUBMIT


def test_without_automatic_recovery_an_operator_resumes() -> None:
    world = needing_hedge(Params(automatic_recovery=False))
    world.see(links=LINKS_UP._replace(broker_up=False))
    still = world.see()
    assert (still.trading_fsm, still.block_reason) == (TradingFSM.SAFE, BlockReason.BROKER_DOWN)
    world.extra = {"commands": NO_COMMANDS._replace(resume_number=1)}
    assert world.see(ObservationCause.COMMAND).intent.action == IntentAction.SUBMIT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"links": LINKS_UP._replace(journal_ok=False)}, BlockReason.JOURNAL_UNAVAILABLE),
        ({"links": LINKS_UP._replace(lease_ok=False)}, BlockReason.LEASE_LOST),
        ({"trading_state": 2}, BlockReason.RISK_HALT),
        ({"trading_state": 3}, BlockReason.RISK_HALT),
        ({"trading_state": 1}, BlockReason.RISK_REDUCING),
        ({"data_lag_ms": 1001.0}, BlockReason.DATA_LAG),
        ({"feed_silence_ms": 2001.0}, BlockReason.DATA_LAG),
        ({"earnings_blackout": True}, BlockReason.EARNINGS_BLACKOUT),
        ({"session_open": 0, "session_close": 0}, BlockReason.OUTSIDE_RTH),
    ],
)
def test_guards_hold_a_needed_hedge_back(change: dict[str, object], reason: BlockReason) -> None:
    blocked = needing_hedge().see(**change)
    assert (blocked.trading_fsm, blocked.block_reason) == (TradingFSM.NEED_HEDGE, reason)
    assert blocked.intent.action == IntentAction.NONE


def test_stop_at_the_close_and_count_anew_next_session() -> None:
    world = hedged_then_moved(755.0, 0)
    world.now = CLOSE
    assert world.see().block_reason == BlockReason.OUTSIDE_RTH
    world.now = CLOSE + 60_000 * NS
    tomorrow = world.see(session_open=world.now, session_close=world.now + 1)
    assert tomorrow.in_session
    assert tomorrow.daily_hedge_count == 0


def test_max_daily_hedges() -> None:
    world = hedged_then_moved(755.0, 61, Params(max_daily_hedge_count=1))
    assert world.see().block_reason == BlockReason.MAX_DAILY_HEDGES


def test_max_position_passes_what_reduces() -> None:
    world = needing_hedge(Params(max_position_shares=20.0))
    assert world.see().block_reason == BlockReason.MAX_POSITION
    assert world.see(stock_quantity=100.0).intent.action == IntentAction.NONE  # crosses zero to below -20
    reducing = world.see(stock_quantity=-200.0)
    assert (reducing.intent.action, reducing.intent.side) == (IntentAction.SUBMIT, 1)


def test_wide_spreads_pause_and_optional_caps_block() -> None:
    world = needing_hedge()
    world.half_spread = 3.0
    wide = world.see()
    assert (wide.trading_fsm, wide.block_reason) == (TradingFSM.PAUSE_LIQ, BlockReason.PAUSE_LIQ)
    capped = needing_hedge(Params(max_spread_pct=0.01)).see()
    assert capped.block_reason == BlockReason.SPREAD_TOO_WIDE
    runaway = needing_hedge(Params(max_net_delta_shares=30.0)).see()
    assert runaway.block_reason == BlockReason.MAX_NET_DELTA


def test_circuit_breaker_latches_until_reset() -> None:
    world = needing_hedge(Params(max_daily_loss_usd=5000.0))
    broken = world.see(options_realized_pnl=-60_000.0)
    assert broken.circuit_breaker_latched
    assert broken.block_reason == BlockReason.CIRCUIT_BREAKER
    still = world.see()
    assert (still.block_reason, still.daily_pnl > -5000.0) == (BlockReason.CIRCUIT_BREAKER, True)
    world.extra = {"commands": NO_COMMANDS._replace(reset_number=1)}
    assert world.see(ObservationCause.COMMAND).intent.action == IntentAction.SUBMIT


def test_breach_reduce_only_lets_the_reducing_part_leave() -> None:
    world = needing_hedge(Params(breach_reduce_only=True))
    loss = {"options_realized_pnl": -60_000.0}
    assert world.see(**loss).block_reason == BlockReason.CIRCUIT_BREAKER
    reducing = world.see(stock_quantity=15.0, **loss)
    assert (reducing.intent.action, reducing.intent.quantity, reducing.intent.reduce_only) == (1, 15.0, True)


def test_unwind_closes_the_stock_when_the_legs_are_gone() -> None:
    world = hedged_then_moved(751.0, 5)
    held = float(world.stock.quantity)
    world.contracts = (0.0, 0.0)
    unwind = world.see()
    assert unwind.trading_fsm == TradingFSM.UNWIND
    assert (unwind.intent.side, unwind.intent.quantity, unwind.intent.reduce_only) == (1, abs(held), True)
    assert world.fill_all().trading_fsm == TradingFSM.IDLE
    assert world.see().block_reason == BlockReason.NO_POSITION


def test_hysteresis_goes_on_below_the_threshold_until_inside_the_band() -> None:
    world = needing_hedge()
    sent = world.see()
    world.report(OrderPhase.PARTIAL, sent.intent.quantity - 20.0)
    world.pass_time(6)
    world.spot -= 0.01
    assert world.see().intent.action == IntentAction.CANCEL
    rest = world.report(OrderPhase.CANCELED)
    assert rest.delta_state == DeltaState.MINOR
    assert (rest.intent.action, rest.intent.quantity) == (IntentAction.SUBMIT, round(rest.net_delta))


def test_broker_delta_must_disagree_three_times_in_fresh_observations() -> None:
    world = World()
    world.start()
    for expected in (SystemState.OK, SystemState.OK, SystemState.GREEKS_BAD):
        legs = world.legs()
        seen = world.see(legs=(legs[0]._replace(broker_delta=0.9), *legs[1:]))
        assert seen.system_state == expected
        if expected == SystemState.OK:
            assert world.see().system_state == SystemState.OK  # no fresh broker delta: not counted
    assert seen.trading_fsm == TradingFSM.SAFE


def test_restart_takes_over_what_the_journal_says() -> None:
    world = World()
    world.spot = 754.0
    restored = RestoredView(True, OPEN - 30 * NS, 748.0, 7, OPEN, 0.0, False, 41)
    blocked = world.see(ObservationCause.START, restored=restored)
    assert (blocked.block_reason, blocked.daily_hedge_count) == (BlockReason.COOLDOWN, 7)
    world.pass_time(30)
    assert world.see().intent.number == 42


def test_restart_with_an_order_alive_takes_it_back_before_anything_else() -> None:
    world = needing_hedge()
    world.see()
    world.report(OrderPhase.WORKING)
    reborn = World()
    reborn.order, reborn.spot, reborn.now, reborn.intent = world.order, world.spot, world.now, world.intent
    restored = RestoredView(True, 0, math.nan, 0, OPEN, math.nan, False, 1)
    first = reborn.see(ObservationCause.START, restored=restored)
    assert (first.intent.action, first.intent.number) == (IntentAction.CANCEL, 1)
    assert reborn.report(OrderPhase.CANCELED).intent.number == 2


def test_nothing_without_legs_or_when_disabled() -> None:
    world = World(contracts=0.0)
    assert world.start().block_reason == BlockReason.NO_POSITION
    disabled = needing_hedge().see(enabled=False)
    assert (disabled.trading_fsm, disabled.block_reason) == (TradingFSM.IDLE, BlockReason.NOT_ENABLED)

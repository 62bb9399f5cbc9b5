"""From the composite state to an intent: TradingFSM, target, gates, and the HedgeFSM's next move."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.codes import (
    BlockReason,
    ExecutionState,
    HedgeFSM,
    IntentAction,
    OptionState,
    TradingFSM,
    code,
)
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import IntentView
from hedgerow.strategy.kit.execution import with_order, without_parent
from hedgerow.strategy.kit.guard import (
    NEW_HEDGE,
    NO_HEDGE,
    SLICE,
    UNWIND,
    Gates,
    Standing,
    cost_gate,
    evaluate,
    holds_back,
    liquidity_passes,
    must_reduce,
)
from hedgerow.strategy.kit.hedge_fsm import has_open_order
from hedgerow.strategy.kit.intent import (
    next_slice,
    reduce_only_target,
    rest_of_parent,
    sign_of,
    touch_price,
)
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.situation import Situation, Wish
from hedgerow.strategy.kit.state import Working
from hedgerow.strategy.kit.trading_fsm import TradingEvent, settle
from hedgerow.strategy.observation import Observation, OrderPhase


class Action(NamedTuple):
    """Where the machines went and what is asked of execution; `target` in signed shares before slicing."""

    trading_fsm: int
    hedge_fsm: int
    working: Working
    hedge_open: bool
    intent: IntentView
    target: float
    gates: Gates


@compiled
def allowed_target(params: Params, o: Observation, at: Standing, target: float) -> float:
    """`target`, cut to its reducing part while only reduce-only hedges may leave."""
    if must_reduce(params, o.trading_state, at.latched):
        return reduce_only_target(target, o.stock_quantity)
    return target


@compiled
def holds_open(params: Params, u: Situation, wish: Wish) -> bool:
    """Whether a hedge that began has still not reached its aim."""
    return u.progress.hedge_open and not wish.done and (u.book.legs > 0 or params.without_legs)


@compiled
def wanted_now(params: Params, o: Observation, u: Situation, wish: Wish, trading: int) -> float:
    """The signed shares this trading state wants now, before slicing and gates."""
    if trading == TradingFSM.UNWIND:
        return reduce_only_target(-o.stock_quantity, o.stock_quantity)
    if trading == TradingFSM.HEDGING:
        if wish.done:
            return 0.0
        w = u.execution.working
        return allowed_target(params, o, u.at, rest_of_parent(w.parent_target, w.parent_filled, wish.target))
    if trading == TradingFSM.NEED_HEDGE or trading == TradingFSM.PAUSE_COST or trading == TradingFSM.PAUSE_LIQ:
        return allowed_target(params, o, u.at, wish.target)
    return 0.0


@compiled
def kind_of(trading: int) -> int:
    """What kind of hedge a trading state asks the gates about."""
    if trading == TradingFSM.UNWIND:
        return UNWIND
    if trading == TradingFSM.HEDGING:
        return SLICE
    if trading == TradingFSM.NEED_HEDGE or trading == TradingFSM.PAUSE_COST or trading == TradingFSM.PAUSE_LIQ:
        return NEW_HEDGE
    return NO_HEDGE


@compiled
def judge(params: Params, o: Observation, u: Situation, wish: Wish, trading: int, target: float) -> Gates:
    """The gates' verdicts on `target` for what this trading state asks."""
    return evaluate(params, o, u.at, u.composite, u.execution.hedges, kind_of(trading), wish.target, target)


@compiled
def advance_trading(params: Params, o: Observation, u: Situation, wish: Wish) -> int:
    """The TradingFSM after this observation, before a target is emitted."""
    done = False
    if u.progress.trading_fsm == TradingFSM.HEDGING and not has_open_order(u.execution.hedge_fsm):
        rest = wanted_now(params, o, u, wish, u.progress.trading_fsm)
        blocked = judge(params, o, u, wish, u.progress.trading_fsm, rest).block_reason != BlockReason.NONE
        done = rest == 0.0 or blocked  # nothing left to work, or no longer allowed: it is decided anew
    cost = cost_gate(params, u.execution.hedges, o.now, u.at.spot, u.composite.delta, wish.target)
    event = TradingEvent(
        u.started,
        o.commands.stop,
        u.cause != BlockReason.NONE,
        params.automatic_recovery or u.resumed,
        u.book.legs > 0 or params.without_legs,
        abs(o.stock_quantity) >= 1.0,
        o.enabled,
        u.book.ready,
        wish.begin,
        liquidity_passes(u.composite.liquidity, NEW_HEDGE),
        cost,
        False,
        done,
        u.execution.failed,
    )
    return settle(u.progress.trading_fsm, event)


@compiled
def may_submit(params: Params, u: Situation, trading: int, gates: Gates, target: float) -> bool:
    """Whether the next order leaves now: something is wanted, every gate passes, nothing is alive at the broker."""
    if target == 0.0 or gates.block_reason != BlockReason.NONE or has_open_order(u.execution.hedge_fsm):
        return False
    if trading == TradingFSM.HEDGING:
        return u.composite.execution != ExecutionState.BROKER_ERROR
    if trading == TradingFSM.NEED_HEDGE:
        position = u.composite.option != OptionState.NONE or params.without_legs
        return u.composite.execution == ExecutionState.IDLE and position
    return trading == TradingFSM.UNWIND and u.composite.execution == ExecutionState.IDLE


@compiled
def can_cancel(o: Observation, u: Situation) -> bool:
    """Whether a cancel may be asked for now: an order is out, and no cancel or query is already on its way."""
    fsm = u.execution.hedge_fsm
    out = fsm == HedgeFSM.WAIT_ACK or fsm == HedgeFSM.WORKING or fsm == HedgeFSM.PARTIAL
    phase = o.order.phase
    known = phase == OrderPhase.SENT or phase == OrderPhase.WORKING or phase == OrderPhase.PARTIAL
    return out and known and o.order.intent_number == u.execution.working.order_number and o.links.broker_up


@compiled
def take_back(o: Observation, u: Situation, trading: int, gates: Gates, target: float) -> bool:
    """Whether the order at the broker is no longer wanted: no hedge in force, a gate shut, side or size overtaken."""
    if trading != TradingFSM.HEDGING and trading != TradingFSM.UNWIND:
        return True
    if trading == TradingFSM.UNWIND and not u.execution.working.reduce_only:
        return True
    return holds_back(gates.verdicts) or sign_of(target) != u.execution.working.order_side


@compiled
def should_reprice(params: Params, o: Observation, u: Situation) -> bool:
    """Whether the resting order waited long enough (market time) and the touch has left its limit."""
    w = u.execution.working
    touch = touch_price(w.order_side, o.underlying.bid, o.underlying.ask)
    acknowledged = u.execution.hedge_fsm != HedgeFSM.WAIT_ACK
    waited = o.now - w.sent_time >= params.reprice_ns
    return acknowledged and waited and math.isfinite(touch) and touch != w.limit_price


@compiled
def act(params: Params, o: Observation, u: Situation, wish: Wish) -> Action:
    """Move both machines by this observation and say what execution is to do."""
    working = u.execution.working
    hedge_fsm = u.execution.hedge_fsm
    hedge_open = holds_open(params, u, wish)
    trading = advance_trading(params, o, u, wish)
    target = wanted_now(params, o, u, wish, trading)
    gates = judge(params, o, u, wish, trading, target)
    intent = IntentView(code(IntentAction.NONE), 0, 0, 0, 0.0, math.nan, False)

    if may_submit(params, u, trading, gates, target):
        new_parent = trading == TradingFSM.NEED_HEDGE or working.parent_number == 0 or u.progress.trading_fsm != trading
        quantity = next_slice(target, params.max_hedge_shares_per_order)
        price = touch_price(sign_of(quantity), o.underlying.bid, o.underlying.ask)
        reduce_only = trading == TradingFSM.UNWIND or must_reduce(params, o.trading_state, u.at.latched)
        working = with_order(working, new_parent, target, quantity, price, o.now, reduce_only)
        intent = IntentView(
            code(IntentAction.SUBMIT), working.order_number, working.parent_number, working.order_side,
            abs(quantity), price, reduce_only,
        )  # fmt: skip
        hedge_fsm = code(HedgeFSM.SEND)
        if trading == TradingFSM.NEED_HEDGE:
            trading = code(TradingFSM.HEDGING)
            hedge_open = True
    elif can_cancel(o, u) and (take_back(o, u, trading, gates, target) or should_reprice(params, o, u)):
        replace = not take_back(o, u, trading, gates, target)
        hedge_fsm = code(HedgeFSM.REPRICE) if replace else code(HedgeFSM.CANCEL)
        intent = IntentView(
            code(IntentAction.CANCEL), working.order_number, working.parent_number, working.order_side, 0.0,
            math.nan, False,
        )  # fmt: skip
    elif hedge_fsm == HedgeFSM.RECOVER and u.hedge_fsm_before != HedgeFSM.RECOVER:
        intent = IntentView(
            code(IntentAction.QUERY), working.order_number, working.parent_number, working.order_side, 0.0,
            math.nan, False,
        )  # fmt: skip

    worked = trading == TradingFSM.HEDGING or trading == TradingFSM.UNWIND
    if not worked and not has_open_order(hedge_fsm):
        keep = u.execution.failed or (working.retries > 0 and hedge_open)
        working = without_parent(working, keep)
        if hedge_fsm == HedgeFSM.PLAN:
            hedge_fsm = code(HedgeFSM.EXEC_IDLE)
    return Action(trading, hedge_fsm, working, hedge_open, intent, target, gates)

"""Why no hedge left, or why none was wanted."""

from __future__ import annotations

from hedgerow.strategy.codes import BlockReason, ExecutionState, IntentAction, OptionState, TradingFSM, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.act import Action
from hedgerow.strategy.kit.hedge_fsm import has_open_order
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.situation import Situation, Wish


@compiled
def explain(params: Params, action: Action, u: Situation, wish: Wish, enabled: bool, safe_cause: int) -> int:
    """One BlockReason for the outcome of an evaluation; NONE when an order left."""
    trading = action.trading_fsm
    closed = params.trading_hours_only and not u.at.in_session  # explains why nothing is quoted
    if action.intent.action == IntentAction.SUBMIT:
        return code(BlockReason.NONE)
    if trading == TradingFSM.BOOT or trading == TradingFSM.SYNC:
        return code(BlockReason.BOOTING)
    if trading == TradingFSM.STOPPED:
        return code(BlockReason.STOPPED)
    if trading == TradingFSM.SAFE:
        data = safe_cause == BlockReason.DATA_STALE or safe_cause == BlockReason.GREEKS_BAD
        return code(BlockReason.OUTSIDE_RTH) if data and closed else safe_cause
    if has_open_order(action.hedge_fsm):
        return code(BlockReason.ORDER_WORKING)
    if trading == TradingFSM.IDLE:
        return code(BlockReason.NO_POSITION) if enabled else code(BlockReason.NOT_ENABLED)
    if trading == TradingFSM.ARMED:
        return code(BlockReason.OUTSIDE_RTH) if closed else code(BlockReason.GREEKS_BAD)
    if trading == TradingFSM.MONITOR or trading == TradingFSM.NO_TRADE:
        return wish.reason
    if action.gates.block_reason != BlockReason.NONE:
        return action.gates.block_reason
    if u.composite.option == OptionState.NONE and not params.without_legs:
        return code(BlockReason.NO_POSITION)
    if u.composite.execution == ExecutionState.BROKER_ERROR:  # the next observation tries again
        return code(BlockReason.EXECUTION_FAULT)
    return code(BlockReason.ORDER_WORKING)

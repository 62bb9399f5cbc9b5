"""TradingFSM: when to hedge. One call is one row of the specification's table, the top row first."""

from __future__ import annotations

from typing import NamedTuple

from hedgerow.strategy.codes import TradingFSM, code
from hedgerow.strategy.compiled import compiled

MAX_ROWS = 8  # the longest way within one observation: BOOT ... NEED_HEDGE is five rows


class TradingEvent(NamedTuple):
    """What an evaluation tells the machine.

    `fault` is any cause of SAFE (broker down, data stale, greeks bad, execution fault, not reconciled);
    `may_recover` that recovery is automatic or an operator just resumed; `threshold_reached` includes the hysteresis;
    `cost_ok` that the cost gate passes or D is FORCE_HEDGE; `target_emitted` that this evaluation sends a hedge.
    """

    start: bool
    stop: bool
    fault: bool
    may_recover: bool
    has_legs: bool
    has_stock: bool
    enabled: bool
    greeks_ready: bool
    threshold_reached: bool
    liquidity_ok: bool
    cost_ok: bool
    target_emitted: bool
    hedge_done: bool
    hedge_failed: bool


@compiled
def next_trading_state(state: int, event: TradingEvent) -> int:
    """The state after one row; the same state when no row applies."""
    if state == TradingFSM.STOPPED:  # left only by a new start
        return code(TradingFSM.BOOT) if event.start and not event.stop else state
    if event.stop:
        return code(TradingFSM.STOPPED)
    if state == TradingFSM.BOOT:
        return code(TradingFSM.SYNC) if event.start else state
    if event.fault:
        return code(TradingFSM.SAFE)
    if state == TradingFSM.SAFE:
        return code(TradingFSM.SYNC) if event.may_recover else state
    if state == TradingFSM.SYNC:
        return code(TradingFSM.IDLE)
    # every active state
    if not event.enabled:  # a disabled strategy sends nothing, not even an unwind
        return code(TradingFSM.IDLE)
    if not event.has_legs:
        return code(TradingFSM.UNWIND) if event.has_stock else code(TradingFSM.IDLE)
    if state == TradingFSM.UNWIND:  # legs are back
        return code(TradingFSM.IDLE)
    if state == TradingFSM.IDLE:
        return code(TradingFSM.ARMED)
    if not event.greeks_ready and state != TradingFSM.HEDGING:
        return code(TradingFSM.ARMED)
    if state == TradingFSM.ARMED:
        return code(TradingFSM.MONITOR)
    if state == TradingFSM.HEDGING:
        if event.hedge_failed:  # with no retries left it is a fault, above
            return code(TradingFSM.NEED_HEDGE)
        return code(TradingFSM.MONITOR) if event.hedge_done else state
    if state == TradingFSM.NEED_HEDGE and event.target_emitted:
        return code(TradingFSM.HEDGING)
    # MONITOR, NO_TRADE, PAUSE_COST, PAUSE_LIQ, NEED_HEDGE
    if not event.threshold_reached:
        return code(TradingFSM.NO_TRADE)
    if not event.liquidity_ok:
        return code(TradingFSM.PAUSE_LIQ)
    if not event.cost_ok:
        return code(TradingFSM.PAUSE_COST)
    return code(TradingFSM.NEED_HEDGE)


@compiled
def settle(state: int, event: TradingEvent) -> int:
    """Rows until none applies any more; the start, the end of a hedge and its failure count for one row each."""
    current = state
    for _ in range(MAX_ROWS):
        following = next_trading_state(current, event)
        if following == current:
            break
        current = following
    return current

"""HedgeFSM: how a hedge is worked. Order reports and waiting times drive it; it never sends anything itself."""

from __future__ import annotations

from hedgerow.strategy.codes import HedgeFSM, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.observation import OrderPhase


@compiled
def has_open_order(state: int) -> bool:
    """Whether an order may be alive at the broker in this state."""
    return (
        state == HedgeFSM.SEND
        or state == HedgeFSM.WAIT_ACK
        or state == HedgeFSM.WORKING
        or state == HedgeFSM.PARTIAL
        or state == HedgeFSM.REPRICE
        or state == HedgeFSM.CANCEL
        or state == HedgeFSM.RECOVER
    )


@compiled
def waits_for_answer(state: int) -> bool:
    """Whether a submit or cancel is unanswered in this state."""
    return state == HedgeFSM.SEND or state == HedgeFSM.WAIT_ACK or state == HedgeFSM.REPRICE or state == HedgeFSM.CANCEL


@compiled
def after_report(state: int, phase: int, overdue: bool) -> int:
    """The state after what is known of the newest order; `overdue` says its answer is missing for too long.

    A missing answer goes to RECOVER (ask what the broker knows), never to a second send. A cancel that was not asked
    for is a failure; one asked for to re-price leads back to PLAN, any other to EXEC_IDLE.
    """
    if state == HedgeFSM.FILLED or state == HedgeFSM.FAIL:
        return code(HedgeFSM.EXEC_IDLE)
    if not has_open_order(state):  # EXEC_IDLE, PLAN
        return state
    if phase == OrderPhase.FILLED:
        return code(HedgeFSM.FILLED)
    if phase == OrderPhase.REJECTED or phase == OrderPhase.DENIED:
        return code(HedgeFSM.FAIL)
    if phase == OrderPhase.CANCELED:
        if state == HedgeFSM.REPRICE:
            return code(HedgeFSM.PLAN)
        return code(HedgeFSM.EXEC_IDLE) if state == HedgeFSM.CANCEL else code(HedgeFSM.FAIL)
    if phase == OrderPhase.UNKNOWN:
        return code(HedgeFSM.RECOVER)
    if overdue and waits_for_answer(state):
        return code(HedgeFSM.RECOVER)
    if state == HedgeFSM.REPRICE or state == HedgeFSM.CANCEL:  # the cancel is on its way
        return state
    if phase == OrderPhase.PARTIAL:
        return code(HedgeFSM.PARTIAL)
    if phase == OrderPhase.WORKING:
        return code(HedgeFSM.WORKING)
    return code(HedgeFSM.WAIT_ACK) if state == HedgeFSM.SEND else state


@compiled
def after_restart(phase: int) -> int:
    """The state a new process starts in, from what the journal shows of its newest order."""
    if phase == OrderPhase.WORKING:
        return code(HedgeFSM.WORKING)
    if phase == OrderPhase.PARTIAL:
        return code(HedgeFSM.PARTIAL)
    if phase == OrderPhase.SENT or phase == OrderPhase.UNKNOWN:
        return code(HedgeFSM.RECOVER)
    return code(HedgeFSM.EXEC_IDLE)

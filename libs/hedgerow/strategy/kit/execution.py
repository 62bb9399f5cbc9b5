"""The hedge being worked, folded from what is known of its newest order."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.codes import HedgeFSM
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.hedge_fsm import after_report
from hedgerow.strategy.kit.intent import sign_of
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import Hedges, Working
from hedgerow.strategy.observation import Observation, OrderPhase


class Execution(NamedTuple):
    """The HedgeFSM's state, the hedge it works and the hedges before; `faulted` when its last retry just failed."""

    hedge_fsm: int
    working: Working
    hedges: Hedges
    failed: bool
    faulted: bool


@compiled
def order_phase(o: Observation, working: Working) -> int:
    """The phase of our newest order; NONE while only an older one is known."""
    if working.order_number > 0 and o.order.intent_number == working.order_number:
        return o.order.phase
    return OrderPhase.NONE + 0


@compiled
def fold_order(params: Params, o: Observation, hedge_fsm: int, working: Working, hedges: Hedges) -> Execution:
    """Take in fills (they set the last hedge's time and price), move the HedgeFSM, count a failure as a retry used."""
    phase = order_phase(o, working)
    cum = working.order_cum
    filled = 0.0
    if phase != OrderPhase.NONE and o.order.cum_qty > cum:
        filled = o.order.cum_qty - cum
        cum = o.order.cum_qty
    parent_filled = working.parent_filled
    counted = working.counted
    last_time = hedges.last_time
    last_price = hedges.last_price
    daily_count = hedges.daily_count
    if filled > 0.0:
        parent_filled += float(working.order_side) * filled
        last_time = o.order.event_time if o.order.event_time > 0 else o.now
        if math.isfinite(o.order.average_price):
            last_price = o.order.average_price
        if not counted:
            daily_count += 1
            counted = True
    following = after_report(hedge_fsm, phase, o.order_wait_ms > params.ack_timeout_ms)
    failed = following == HedgeFSM.FAIL
    retries = working.retries + 1 if failed else working.retries
    faulted = failed and retries > params.max_hedge_retries
    return Execution(
        following,
        Working(
            working.parent_number, working.parent_target, parent_filled, counted, working.order_number,
            working.order_side, cum, working.limit_price, working.sent_time, working.reduce_only,
            0 if faulted else retries,
        ),
        Hedges(last_time, last_price, daily_count),
        failed,
        faulted,
    )  # fmt: skip


@compiled
def without_parent(working: Working, keep_retries: bool) -> Working:
    """The hedge is over; its newest order's number stays, so that numbers are never reused."""
    return Working(
        0, 0.0, 0.0, False, working.order_number, working.order_side, working.order_cum, working.limit_price,
        working.sent_time, working.reduce_only, working.retries if keep_retries else 0,
    )  # fmt: skip


@compiled
def with_order(
    working: Working, new_parent: bool, target: float, quantity: float, price: float, now: int, reduce_only: bool
) -> Working:
    """The hedge after submitting its next order; `target` is a new parent's signed size, `quantity` signed."""
    number = working.order_number + 1
    return Working(
        number if new_parent else working.parent_number,
        target if new_parent else working.parent_target,
        0.0 if new_parent else working.parent_filled,
        False if new_parent else working.counted,
        number,
        sign_of(quantity),
        0.0,
        price,
        now,
        reduce_only,
        working.retries,
    )

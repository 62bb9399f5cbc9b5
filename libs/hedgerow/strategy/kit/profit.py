"""Daily profit and loss, marked at mid, and the circuit breaker that latches on it."""

from __future__ import annotations

import math

from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import Session
from hedgerow.strategy.observation import MAX_LEGS, Observation

OPENING_NS = 300_000_000_000
"""So long after the open a day waits for what did not quote yet: shares are at a new price, options at an old one."""


@compiled
def total_profit(o: Observation, spot: float, unrealized_options: float) -> float:
    """This strategy's realized and unrealized P&L in USD after commissions; NaN while what is held has no mark."""
    unrealized_stock = 0.0
    if o.stock_quantity != 0.0:
        unrealized_stock = (spot - o.stock_average_price) * o.stock_quantity
    return o.options_realized_pnl + unrealized_options + o.stock_realized_pnl + unrealized_stock - o.commissions


@compiled
def new_session(session: Session, o: Observation) -> bool:
    """Whether this observation is the first of a session."""
    return o.session_open > 0 and o.now >= o.session_open and o.session_open != session.session_open


@compiled
def is_opening(o: Observation) -> bool:
    """Whether something held still has its mark of before the open, not long after it."""
    if not o.session_open <= o.now < o.session_open + OPENING_NS:
        return False
    waits = o.stock_quantity != 0.0 and o.underlying.event_time < o.session_open
    for i in range(MAX_LEGS):
        waits = waits or (o.legs[i].active and 0 < o.legs[i].event_time < o.session_open)
    return waits


@compiled
def after_profit(params: Params, session: Session, o: Observation, total: float, reset: bool) -> Session:
    """The session after this observation's total P&L: rolled, the latch set by the loss or lifted by `reset`.

    A session counts from the first total that is known: the position reconciled, and all of it marked since the open
    or for want of it some minutes later. What is not known latches nothing.
    """
    opened = session.session_open
    baseline = session.pnl_baseline
    base = session.breaker_base
    latched = session.latched
    if new_session(session, o):
        opened = o.session_open
        baseline = math.nan
    known = o.links.reconciled and math.isfinite(total) and not is_opening(o)
    if known and not math.isfinite(baseline):
        baseline = total
        base = 0.0
    daily = total - baseline
    if reset:
        base = daily if math.isfinite(daily) else 0.0
        latched = False
    if known and daily - base <= -params.max_daily_loss_usd:
        latched = True
    return Session(opened, baseline, base, latched)

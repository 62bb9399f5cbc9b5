"""Daily profit and loss, marked at mid, and the circuit breaker that latches on it."""

from __future__ import annotations

import math

from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import Session
from hedgerow.strategy.observation import Observation


@compiled
def total_profit(o: Observation, spot: float, unrealized_options: float) -> float:
    """This strategy's realized and unrealized P&L in USD after commissions; a position without a mark counts 0."""
    unrealized_stock = (spot - o.stock_average_price) * o.stock_quantity
    if not math.isfinite(unrealized_stock):
        unrealized_stock = 0.0
    return o.options_realized_pnl + unrealized_options + o.stock_realized_pnl + unrealized_stock - o.commissions


@compiled
def new_session(session: Session, o: Observation) -> bool:
    """Whether this observation is the first of a session."""
    return o.session_open > 0 and o.now >= o.session_open and o.session_open != session.session_open


@compiled
def after_profit(params: Params, session: Session, o: Observation, total: float, reset: bool) -> Session:
    """The session after this observation's total P&L: rolled, the latch set by the loss or lifted by `reset`."""
    opened = session.session_open
    baseline = session.pnl_baseline
    base = session.breaker_base
    latched = session.latched
    if new_session(session, o) or not math.isfinite(baseline):
        opened = o.session_open if o.now >= o.session_open else opened
        baseline = total
        base = 0.0
    daily = total - baseline
    if reset:
        base = daily
        latched = False
    if daily - base <= -params.max_daily_loss_usd:
        latched = True
    return Session(opened, baseline, base, latched)

"""What a start takes over: the journal's facts, and the operator edges that are already history."""

from __future__ import annotations

from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.hedge_fsm import after_restart
from hedgerow.strategy.kit.state import Hedges, Progress, Session, Working
from hedgerow.strategy.observation import Observation, ObservationCause


@compiled
def at_start(s: Progress, o: Observation) -> Progress:
    """The progress with what the START observation restored; any other observation leaves it as it is."""
    if o.cause != ObservationCause.START:
        return s
    r = o.restored
    hedges = s.hedges
    session = s.session
    hedge_fsm = s.hedge_fsm
    working = s.working
    if r.valid:
        hedges = Hedges(r.last_hedge_time, r.last_hedge_price, r.daily_hedge_count)
        session = Session(r.session_open, r.pnl_baseline, 0.0, r.circuit_breaker_latched)
        hedge_fsm = after_restart(o.order.phase)
        w = s.working
        working = Working(
            0, 0.0, 0.0, False, r.last_intent_number, 0, o.order.cum_qty, w.limit_price, o.now, False, 0
        )  # fmt: skip
    return Progress(
        s.trading_fsm, hedge_fsm, False, working, hedges, session, s.safe_cause, s.fault_time,
        o.commands.resume_number, o.commands.reset_number,
    )  # fmt: skip

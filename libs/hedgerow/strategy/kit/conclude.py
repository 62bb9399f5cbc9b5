"""The last part of the chain: from a wish to an action, and everything on record."""

from __future__ import annotations

from hedgerow.strategy.codes import BlockReason, TradingFSM, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit.act import act
from hedgerow.strategy.kit.explain import explain
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.situation import Situation, Valued, Wish
from hedgerow.strategy.kit.state import Progress
from hedgerow.strategy.observation import Observation


@compiled
def conclude(params: Params, o: Observation, valued: Valued, u: Situation, wish: Wish) -> tuple[Progress, Decision]:
    """The progress after `o`, and the decision.

    A decision's composite state is what it was based on (E before acting); its machine states are where it led.
    """
    action = act(params, o, u, wish)
    safe_cause = code(BlockReason.NONE)
    if action.trading_fsm == TradingFSM.SAFE:
        safe_cause = u.cause if u.cause != BlockReason.NONE else u.progress.safe_cause
    after = Progress(
        action.trading_fsm,
        action.hedge_fsm,
        action.hedge_open,
        action.working,
        u.execution.hedges,
        u.session,
        safe_cause,
        u.fault_time,
        o.commands.resume_number,
        o.commands.reset_number,
    )
    decision = Decision(
        o.sequence,
        o.now,
        u.composite.option,
        u.composite.delta,
        u.composite.market,
        u.composite.liquidity,
        u.composite.execution,
        u.composite.system,
        action.trading_fsm,
        action.hedge_fsm,
        valued.spot,
        valued.spread_pct,
        u.at.net_delta,
        u.book.option_delta,
        u.book.gamma,
        u.book.vega,
        u.book.theta,
        u.book.legs,
        action.target,
        action.gates.verdicts,
        explain(params, action, u, wish, o.enabled, safe_cause),
        safe_cause,
        action.intent,
        valued.greeks,
        u.daily_pnl,
        u.execution.hedges.daily_count,
        u.session.latched,
        u.book.early_exercise,
        u.at.in_session,
        o.underlying.event_time,
    )
    return after, decision

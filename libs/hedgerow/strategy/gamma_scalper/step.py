"""One evaluation of the gamma scalper: observation in, decision out; pure, the same live and in a backtest."""

from __future__ import annotations

from hedgerow.strategy.codes import BlockReason, DeltaState, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit.chain import Situation, Valued, Wish, conclude, prepare, value
from hedgerow.strategy.kit.intent import hedge_target
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import State
from hedgerow.strategy.observation import Observation


@compiled
def rule(u: Situation) -> Wish:
    """The net delta is to be zero: a hedge begins at hedge_threshold and, once begun, is done inside epsilon_band."""
    delta = u.composite.delta
    begin = delta == DeltaState.HEDGE_NEEDED or delta == DeltaState.FORCE_HEDGE
    if u.progress.hedge_open:
        begin = delta != DeltaState.IN_BAND and delta != DeltaState.INVALID
    return Wish(begin, hedge_target(u.at.net_delta), delta == DeltaState.IN_BAND, code(BlockReason.BELOW_THRESHOLD))


@compiled
def decide(params: Params, before: State, o: Observation, valued: Valued) -> tuple[State, Decision]:
    """`step` with legs already valued: `valued` is `value(params, before.memory, o)`, made here or for another one.

    Strategies whose parameters differ in none of `kit.chain.VALUE_PARAMS` may share it on the same observation.
    """
    u = prepare(params, before.progress, o, valued)
    progress, decision = conclude(params, o, valued, u, rule(u))
    return State(progress, valued.memory), decision


@compiled
def step(params: Params, before: State, o: Observation) -> tuple[State, Decision]:
    """The state after observation `o`, and what was decided on it."""
    return decide(params, before, o, value(params, before.memory, o))

"""The chain in three calls around a strategy's own rule; all of a strategy's `step` is

    valued = value(params.common, before.common.memory, o)
    u = prepare(params.common, before.common.progress, o, valued)
    wish = <own rule over params, own state, u, o>
    progress, decision = conclude(params.common, o, valued, u, wish)
    return MyState(State(progress, valued.memory), <own state after>), decision

`prepare` takes in order events, profit and the surroundings and gives the `Situation`: composite state, net delta, the
hedges before. The rule says in a `Wish` whether a hedge is wanted, how many shares, and when it is done. `conclude`
moves TradingFSM and HedgeFSM, asks every gate, slices and works the order, and records all of it in the `Decision`.
`value` depends on quotes and `VALUE_PARAMS` alone, so many parameter sets may share one result (a strategy offers
`decide(params, state, o, valued)` for that).

Rules compile with numba when they are marked with `hedgerow.strategy.compiled.compiled` and keep to scalars,
NamedTuples and the functions of the kit; write `x * x`, not `x ** 2`, and `code(Enum.MEMBER)` for a code.
"""

from hedgerow.strategy.kit.conclude import conclude
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.prepare import prepare
from hedgerow.strategy.kit.situation import Situation, Valued, Wish
from hedgerow.strategy.kit.state import Memory, Progress, State, initial_state
from hedgerow.strategy.kit.value import VALUE_PARAMS, value

__all__ = [
    "VALUE_PARAMS",
    "Memory",
    "Params",
    "Progress",
    "Situation",
    "State",
    "Valued",
    "Wish",
    "conclude",
    "initial_state",
    "prepare",
    "value",
]

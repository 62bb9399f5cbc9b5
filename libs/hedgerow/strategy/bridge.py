"""A strategy in another process: what it asks for comes in the observation, everything else is the kit's.

The daemon shows the other process every observation and puts its newest answer into the next one (`outside`). An
answer is taken once; it aims at the position it asked for until that is reached, another answer comes, or a fault
stands: then nothing leaves, and what rests is taken back. Since answers are part of the observations, a session folds
again without the other process.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from hedgerow.strategy.codes import BlockReason, IntentAction, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit import chain
from hedgerow.strategy.kit.chain import Wish, conclude, prepare, value
from hedgerow.strategy.kit.config import NO_COST_GATE, Section, StrategyConfig
from hedgerow.strategy.kit.config import params as common_params
from hedgerow.strategy.kit.intent import sign_of, touch_price
from hedgerow.strategy.observation import Observation, OutsideFault

NEEDS = ("outside", "underlying", "stock_quantity", "order", "now", "trading_state", "commands", "links")


class Rule(Section):
    """How the other process is treated."""

    answer_ms: float = Field(
        default=250.0, gt=0, le=60_000, description="ms of wall time an answer may take; a later one is not used"
    )
    without_legs: bool = Field(default=True, description="whether it may trade while no option leg is held")


class Config(StrategyConfig):
    """One bridged strategy, the entry of `strategies:` with kind bridge; its cost gate holds nothing back."""

    DEFAULTS: ClassVar[dict[str, Any]] = NO_COST_GATE
    kind: Literal["bridge"] = "bridge"
    rule: Rule = Rule()


class Params(NamedTuple):
    """The chain's parameters: what an answer may be is the same for all."""

    common: chain.Params


class State(NamedTuple):
    """The chain's state, and the aim of the newest answer taken.

    `answered` is the sequence of the observation it was for, `aim` the position in shares it asked for, NaN for none,
    `limit_price` the worst price in USD, NaN for any.
    """

    common: chain.State
    answered: int
    aim: float
    limit_price: float


def params(config: Config, effective: dict[str, float]) -> Params:
    """The kernel's parameters under those effective limits."""
    return Params(common_params(config, effective)._replace(without_legs=config.rule.without_legs))


def initial_state(params: Params) -> State:
    """The state of a strategy that has been told nothing."""
    return State(chain.initial_state(params.common), 0, math.nan, math.nan)


@compiled
def block_of(fault: int) -> int:
    """The BlockReason of an OutsideFault."""
    if fault == OutsideFault.NOT_CONNECTED:
        return code(BlockReason.BRIDGE_DOWN)
    if fault == OutsideFault.LATE:
        return code(BlockReason.BRIDGE_LATE)
    if fault == OutsideFault.BROKEN_CHAIN:
        return code(BlockReason.BRIDGE_CHAIN)
    if fault == OutsideFault.INVALID:
        return code(BlockReason.BRIDGE_ANSWER)
    return code(BlockReason.BELOW_THRESHOLD)


@compiled
def aim_after(before: State, o: Observation) -> State:
    """The aim once this observation's answer is taken; fault, pause and stop forget it: nothing old comes back."""
    answer = o.outside
    if answer.fault != OutsideFault.NONE or o.commands.paused or o.commands.stop:
        return State(before.common, max(before.answered, answer.sequence), math.nan, math.nan)
    if answer.sequence <= before.answered:
        return before
    if answer.action == IntentAction.SUBMIT:
        return State(before.common, answer.sequence, o.stock_quantity + answer.quantity, answer.limit_price)
    if answer.action == IntentAction.CANCEL:
        return State(before.common, answer.sequence, math.nan, math.nan)
    return State(before.common, answer.sequence, before.aim, before.limit_price)


@compiled
def rule(after: State, o: Observation) -> Wish:
    """The way to the aim, while the touch is no worse than the answer's limit price."""
    target = after.aim - o.stock_quantity
    if not math.isfinite(target):
        target = 0.0
    touch = touch_price(sign_of(target), o.underlying.bid, o.underlying.ask)
    worse = target != 0.0 and (touch - after.limit_price) * target > 0.0  # NaN: no limit, or no quote to judge by
    wanted = target != 0.0 and not worse
    return Wish(wanted, target, not wanted, block_of(o.outside.fault))


@compiled
def step(params: Params, before: State, o: Observation) -> tuple[State, Decision]:
    """The state after observation `o`, and what was decided on it."""
    after = aim_after(before, o)
    valued = value(params.common, before.common.memory, o)
    u = prepare(params.common, before.common.progress, o, valued)
    progress, decision = conclude(params.common, o, valued, u, rule(after, o))
    aim = math.nan if after.aim == o.stock_quantity else after.aim  # reached: whatever moves the stock later is no wish
    return State(chain.State(progress, valued.memory), after.answered, aim, after.limit_price), decision

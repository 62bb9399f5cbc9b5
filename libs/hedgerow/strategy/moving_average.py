"""A moving-average example, stock only: long while the fast average of minute closes is above the slow one."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from hedgerow.strategy.codes import BlockReason, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit import chain
from hedgerow.strategy.kit.chain import Wish, conclude, prepare, value
from hedgerow.strategy.kit.config import NO_COST_GATE, Section, StrategyConfig
from hedgerow.strategy.kit.config import params as common_params
from hedgerow.strategy.kit.state import MAX_BARS, Bars
from hedgerow.strategy.observation import Observation

NEEDS = ("underlying", "stock_quantity", "order", "now", "trading_state", "commands", "links")


class Rule(Section):
    """Windows and size."""

    fast_minutes: int = Field(default=5, ge=1, lt=MAX_BARS, description="one-minute closes in the fast average")
    slow_minutes: int = Field(default=20, ge=2, le=MAX_BARS, description="one-minute closes in the slow average")
    shares: int = Field(default=100, ge=1, description="shares held while the fast average is above the slow one")
    short: bool = Field(default=False, description="hold the same number short while it is below, instead of none")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.fast_minutes >= self.slow_minutes:
            raise ValueError(f"fast_minutes {self.fast_minutes} must be below slow_minutes {self.slow_minutes}")
        return self


class Config(StrategyConfig):
    """One moving-average strategy, the entry of `strategies:` with kind moving_average; it adopts no options."""

    DEFAULTS: ClassVar[dict[str, Any]] = {"adopt": "none", **NO_COST_GATE}
    kind: Literal["moving_average"] = "moving_average"
    rule: Rule = Rule()


class Params(NamedTuple):
    """The chain's parameters, two windows in one-minute closes, and the shares held above and below."""

    common: chain.Params
    fast: int
    slow: int
    shares_above: float
    shares_below: float


class State(NamedTuple):
    """The chain's state, whose bars are all that the averages need."""

    common: chain.State


def params(config: Config, effective: dict[str, float]) -> Params:
    """The kernel's parameters under those effective limits."""
    own, shares = config.rule, float(config.rule.shares)
    common = common_params(config, effective)._replace(without_legs=True)
    return Params(common, own.fast_minutes, own.slow_minutes, shares, -shares if own.short else 0.0)


def initial_state(params: Params) -> State:
    """The state of a strategy that has seen nothing."""
    return State(chain.initial_state(params.common))


@compiled
def average(bars: Bars, window: int) -> float:
    """The mean of the last `window` one-minute closes, NaN while one is missing."""
    total = 0.0
    for k in range(window):
        total += bars.closes[MAX_BARS - 1 - k]
    return total / float(window)


@compiled
def aim(params: Params, bars: Bars, held: float) -> float:
    """Shares to hold now: what is held while the averages are equal or unknown."""
    fast = average(bars, params.fast)
    slow = average(bars, params.slow)
    if math.isfinite(fast) and math.isfinite(slow):
        if fast > slow:
            return params.shares_above
        if fast < slow:
            return params.shares_below
    return held


@compiled
def step(params: Params, before: State, o: Observation) -> tuple[State, Decision]:
    """The state after observation `o`, and what was decided on it."""
    valued = value(params.common, before.common.memory, o)
    u = prepare(params.common, before.common.progress, o, valued)
    target = aim(params, valued.memory.bars, o.stock_quantity) - o.stock_quantity
    wish = Wish(target != 0.0, target, target == 0.0, code(BlockReason.BELOW_THRESHOLD))
    progress, decision = conclude(params.common, o, valued, u, wish)
    return State(chain.State(progress, valued.memory)), decision

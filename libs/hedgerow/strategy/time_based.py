"""The time-based hedger: every so many seconds of market time the net delta is brought to zero, whatever it is."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from hedgerow.strategy.codes import BlockReason, IntentAction, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit import chain
from hedgerow.strategy.kit.chain import Situation, Wish, conclude, prepare, value
from hedgerow.strategy.kit.config import NO_COST_GATE, NS_PER_SECOND, Section, StrategyConfig
from hedgerow.strategy.kit.config import params as common_params
from hedgerow.strategy.kit.intent import hedge_target
from hedgerow.strategy.observation import Observation

NEEDS = ("underlying", "legs", "stock_quantity", "order", "now", "session_open", "trading_state", "commands", "links")


class Rule(Section):
    """When it hedges."""

    interval_seconds: float = Field(
        default=1800.0, gt=0, allow_inf_nan=False, description="seconds of market time, counted from the session's open"
    )


class Config(StrategyConfig):
    """One time-based hedger, the entry of `strategies:` with kind time_based; its cost gate holds nothing back."""

    DEFAULTS: ClassVar[dict[str, Any]] = NO_COST_GATE
    kind: Literal["time_based"] = "time_based"
    rule: Rule = Rule()


class Params(NamedTuple):
    """The chain's parameters, and ns of market time between two hedges."""

    common: chain.Params
    interval_ns: int


class State(NamedTuple):
    """The chain's state; `slot` is the interval of the session that was served last, `session_open` which session."""

    common: chain.State
    session_open: int
    slot: int


def params(config: Config, effective: dict[str, float]) -> Params:
    """The kernel's parameters under those effective limits."""
    return Params(common_params(config, effective), round(config.rule.interval_seconds * NS_PER_SECOND))


def initial_state(params: Params) -> State:
    """The state of a strategy that has seen nothing."""
    return State(chain.initial_state(params.common), 0, 0)


@compiled
def slot_now(params: Params, o: Observation) -> int:
    """How many whole intervals of today's session have passed, 0 before its open."""
    return max(0, o.now - o.session_open) // params.interval_ns


@compiled
def rule(params: Params, before: State, o: Observation, u: Situation) -> Wish:
    """Due once an interval of this session ended that was not served; then the whole net delta."""
    target = hedge_target(u.at.net_delta)
    same_session = before.session_open == o.session_open
    due = same_session and slot_now(params, o) > before.slot
    return Wish(due and target != 0.0, target, target == 0.0, code(BlockReason.BELOW_THRESHOLD))


@compiled
def step(params: Params, before: State, o: Observation) -> tuple[State, Decision]:
    """The state after observation `o`, and what was decided on it.

    An interval is served by an order, unless that fails, or by a net delta that needs none.
    """
    valued = value(params.common, before.common.memory, o)
    u = prepare(params.common, before.common.progress, o, valued)
    wish = rule(params, before, o, u)
    progress, decision = conclude(params.common, o, valued, u, wish)
    slot = before.slot
    served = decision.intent.action == IntentAction.SUBMIT or (u.at.greeks_ok and wish.target == 0.0)
    if before.session_open != o.session_open or served:
        slot = slot_now(params, o)
    elif u.execution.failed:
        slot = slot_now(params, o) - 1
    return State(chain.State(progress, valued.memory), o.session_open, slot), decision

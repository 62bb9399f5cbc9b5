"""The band-optimal delta hedger of Whalley and Wilmott: no trade inside a band, outside it back to the band's edge.

For small proportional costs the optimal half-width around the Black-Scholes delta is, in shares,

    band = (3/2 * exp(-r (T-t)) * lambda * S * Gamma^2 / a) ^ (1/3)

with lambda the cost as a ratio of the traded value, S the spot, Gamma the position's gamma (shares per USD), a the
absolute risk aversion (per USD) and T the first expiry among the legs. It widens where costs or gamma are large and
narrows with aversion: A. E. Whalley, P. Wilmott, An asymptotic analysis of an optimal hedging model for option
pricing with transaction costs, Mathematical Finance 7 (1997).
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from hedgerow.strategy.codes import BlockReason, code
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.kit import chain
from hedgerow.strategy.kit.chain import Situation, Wish, conclude, prepare, value
from hedgerow.strategy.kit.config import NO_COST_GATE, Section, StrategyConfig
from hedgerow.strategy.kit.config import params as common_params
from hedgerow.strategy.kit.intent import hedge_target
from hedgerow.strategy.kit.legs import leg_counts, years_to_expiry
from hedgerow.strategy.observation import MAX_LEGS, Observation

NEEDS = ("underlying", "legs", "stock_quantity", "order", "now", "trading_state", "commands", "links")


class Rule(Section):
    """What the band's width follows from."""

    cost_ratio: float = Field(
        default=0.0005, gt=0, lt=1, description="proportional cost of a hedge as a ratio of its value: 0.0005 is 5 bp"
    )
    risk_aversion: float = Field(default=0.01, gt=0, allow_inf_nan=False, description="absolute, per USD")


class Config(StrategyConfig):
    """One band-optimal hedger, the entry of `strategies:` with kind band_optimal; its cost gate holds nothing back."""

    DEFAULTS: ClassVar[dict[str, Any]] = NO_COST_GATE
    kind: Literal["band_optimal"] = "band_optimal"
    rule: Rule = Rule()


class Params(NamedTuple):
    """The chain's parameters, the proportional cost as a ratio, and the risk aversion per USD."""

    common: chain.Params
    cost_ratio: float
    risk_aversion: float


class State(NamedTuple):
    """The chain's state: the band follows from each observation alone."""

    common: chain.State


def params(config: Config, effective: dict[str, float]) -> Params:
    """The kernel's parameters under those effective limits."""
    return Params(common_params(config, effective), config.rule.cost_ratio, config.rule.risk_aversion)


def initial_state(params: Params) -> State:
    """The state of a strategy that has seen nothing."""
    return State(chain.initial_state(params.common))


@compiled
def cube_root(x: float) -> float:
    """The cube root of x > 0, else 0: a good first guess and Newton's steps, for `**` differs once compiled."""
    if not x > 0.0:
        return 0.0
    root = math.exp(math.log(x) / 3.0)
    for _ in range(2):
        root -= (root * root * root - x) / (3.0 * root * root)
    return root


@compiled
def years_left(o: Observation) -> float:
    """Years to the first expiry among the legs that count, 0 without any."""
    first = math.inf
    for i in range(MAX_LEGS):
        if leg_counts(o.legs[i], o.now):
            first = min(first, years_to_expiry(o.legs[i], o.now))
    return first if math.isfinite(first) else 0.0


@compiled
def half_width(params: Params, spot: float, gamma: float, years: float) -> float:
    """The band's half-width in shares."""
    discount = math.exp(-params.common.risk_free_rate * years)
    return cube_root(1.5 * discount * params.cost_ratio * spot * gamma * gamma / params.risk_aversion)


@compiled
def to_edge(net_delta: float, band: float) -> float:
    """Signed whole shares that bring the net delta inside or onto the band's edge, 0 inside it or when unknown.

    Where the band is so narrow that these would leave it on its other side, as near to its middle as shares go.
    """
    beyond = abs(net_delta) - band
    if not (math.isfinite(beyond) and beyond > 0.0):
        return 0.0
    shares = float(math.ceil(beyond))
    if shares - abs(net_delta) > band:
        return hedge_target(net_delta)
    return -shares if net_delta > 0.0 else shares


@compiled
def rule(params: Params, o: Observation, u: Situation) -> Wish:
    """Outside the band: back to its edge; inside: nothing."""
    target = to_edge(u.at.net_delta, half_width(params, u.at.spot, u.book.gamma, years_left(o)))
    return Wish(target != 0.0, target, target == 0.0, code(BlockReason.BELOW_THRESHOLD))


@compiled
def step(params: Params, before: State, o: Observation) -> tuple[State, Decision]:
    """The state after observation `o`, and what was decided on it."""
    valued = value(params.common, before.common.memory, o)
    u = prepare(params.common, before.common.progress, o, valued)
    progress, decision = conclude(params.common, o, valued, u, rule(params, o, u))
    return State(chain.State(progress, valued.memory)), decision

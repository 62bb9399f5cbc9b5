"""The position as a whole: greeks in shares and dollars, readiness, marks, early exercise."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.pricing.black_scholes import positive_part
from hedgerow.strategy.codes import Provenance
from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.legs import Leg, value_leg
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.state import LegMemory
from hedgerow.strategy.observation import MAX_LEGS, LegView

Legs = tuple[Leg, Leg, Leg, Leg, Leg, Leg, Leg, Leg]
LegViews = tuple[LegView, LegView, LegView, LegView, LegView, LegView, LegView, LegView]
LegMemories = tuple[LegMemory, LegMemory, LegMemory, LegMemory, LegMemory, LegMemory, LegMemory, LegMemory]


class Book(NamedTuple):
    """The option position's totals; `unrealized_options` is USD against the average price, NaN without a mark.

    `legs` is how many legs count, `ready` that each of them has greeks, `lost` that one had them and has no more,
    `disagreed` that the broker's delta of one is too different for too long.
    """

    legs: int
    option_delta: float
    gamma: float
    vega: float
    theta: float
    ready: bool
    lost: bool
    disagreed: bool
    early_exercise: bool
    unrealized_options: float


@compiled
def value_legs(
    params: Params, now: int, spot: float, spot_time: int, views: LegViews, memories: LegMemories, moved: bool = True
) -> Legs:
    """Every slot's greeks and memory."""
    return (
        value_leg(params, now, spot, spot_time, views[0], memories[0], moved),
        value_leg(params, now, spot, spot_time, views[1], memories[1], moved),
        value_leg(params, now, spot, spot_time, views[2], memories[2], moved),
        value_leg(params, now, spot, spot_time, views[3], memories[3], moved),
        value_leg(params, now, spot, spot_time, views[4], memories[4], moved),
        value_leg(params, now, spot, spot_time, views[5], memories[5], moved),
        value_leg(params, now, spot, spot_time, views[6], memories[6], moved),
        value_leg(params, now, spot, spot_time, views[7], memories[7], moved),
    )


@compiled
def exercise_is_near(params: Params, now: int, spot: float, view: LegView, leg: Leg) -> bool:
    """A short leg may be exercised against us: a call worth less than the dividend, or deep in the money at the end."""
    if view.contracts >= 0.0:
        return False
    extrinsic = leg.memory.quote_mid - positive_part(spot - view.strike)
    for_dividend = view.is_call and extrinsic < params.next_dividend_usd
    deep = abs(leg.greeks.delta) >= params.deep_delta
    return for_dividend or (deep and view.expiry_close - now <= params.near_expiry_ns)


@compiled
def total(params: Params, now: int, spot: float, views: LegViews, legs: Legs) -> Book:
    """Totals over the legs that count; NaN greeks of one leg make the totals NaN."""
    count = 0
    delta = 0.0
    gamma = 0.0
    vega = 0.0
    theta = 0.0
    unrealized = 0.0
    ready = True
    lost = False
    disagreed = False
    early = False
    for i in range(MAX_LEGS):
        view = views[i]
        leg = legs[i]
        shares = view.contracts * view.multiplier
        if view.active and shares != 0.0:
            unrealized += (leg.memory.quote_mid - view.average_price) * shares
        if leg.greeks.provenance != Provenance.NONE:
            count += 1
            delta += shares * leg.greeks.delta
            gamma += shares * leg.greeks.gamma
            vega += shares * leg.greeks.vega
            theta += shares * leg.greeks.theta
            if leg.greeks.provenance == Provenance.BAD:
                ready = False
                if math.isfinite(leg.memory.volatility):
                    lost = True
            if leg.memory.disagreements >= params.broker_delta_observations:
                disagreed = True
            if exercise_is_near(params, now, spot, view, leg):
                early = True
    return Book(count, delta, gamma, vega, theta, ready, lost, disagreed, early, unrealized)

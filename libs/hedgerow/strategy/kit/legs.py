"""Which option legs count, and the model greeks of one leg with their provenance."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.pricing.implied_volatility import implied_volatility
from hedgerow.strategy.codes import Provenance, code
from hedgerow.strategy.compiled import compiled, compiled_apart
from hedgerow.strategy.decision import LegGreeks
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.quotes import mid_price
from hedgerow.strategy.kit.state import LegMemory
from hedgerow.strategy.observation import LegView

NS_PER_YEAR = 365.0 * 86400.0 * 1e9
MS_PER_NS = 1e-6


class Leg(NamedTuple):
    """One leg's greeks, and what is remembered of it."""

    greeks: LegGreeks
    memory: LegMemory


def adoptable(params: Params, days_to_expiry: int, strike: float, spot: float) -> bool:
    """Whether an account's leg matches the structure; asked once, at adoption."""
    return params.min_dte <= days_to_expiry <= params.max_dte and abs(strike / spot - 1.0) <= params.atm_band


@compiled
def leg_counts(leg: LegView, now: int) -> bool:
    """An adopted leg counts until it is closed or expired."""
    return leg.active and leg.contracts != 0.0 and now <= leg.expiry_close


@compiled
def years_to_expiry(leg: LegView, now: int) -> float:
    """Time to the close of the last trading day, in years of 365 days."""
    return float(leg.expiry_close - now) / NS_PER_YEAR


@compiled
def remembered(leg: LegView, memory: LegMemory) -> LegMemory:
    """The slot's memory, empty when the slot now holds another contract."""
    same = leg.strike == memory.strike and leg.expiry_close == memory.expiry_close and leg.is_call == memory.is_call
    if leg.active and same:
        return memory
    return LegMemory(leg.strike, leg.expiry_close, leg.is_call, math.nan, 0, 0, math.nan, 0)


@compiled_apart
def value_leg(
    params: Params, now: int, spot: float, spot_time: int, leg: LegView, memory: LegMemory, moved: bool = True
) -> Leg:
    """Greeks of one leg at `spot`, whose quote was made at `spot_time`; `moved`: no observation before showed it.

    A quote not used before, or one not older than a new spot, gives its own implied volatility (MODEL), and keeps it
    while nothing new is quoted: what is remembered depends on quotes, not on how often the strategy is asked. An older
    one keeps the last good volatility and is re-priced on the fresh spot (STALE), so does one without a root, both for
    `option_stale_ms`; beyond that, or when there never was a volatility, the greeks are BAD.
    """
    known = remembered(leg, memory)
    mid = mid_price(leg.bid, leg.ask)
    mark = mid if math.isfinite(mid) else known.quote_mid
    if not leg_counts(leg, now):
        nothing = LegGreeks(math.nan, math.nan, math.nan, math.nan, math.nan, code(Provenance.NONE))
        return Leg(
            nothing,
            LegMemory(
                known.strike, known.expiry_close, known.is_call, known.volatility, known.volatility_time,
                known.quote_time, mark, 0,
            ),
        )  # fmt: skip
    years = years_to_expiry(leg, now)
    volatility = known.volatility
    volatility_time = known.volatility_time
    quote_time = known.quote_time
    provenance = code(Provenance.STALE)
    unused = leg.event_time != known.quote_time or mark != known.quote_mid
    current = leg.event_time >= spot_time
    if math.isfinite(params.fixed_volatility):
        volatility = params.fixed_volatility
        volatility_time = leg.event_time
        provenance = code(Provenance.MODEL)
    elif math.isfinite(spot) and leg.event_time > 0 and (unused or (moved and current)):
        quote_time = leg.event_time
        solved = math.nan
        if leg.age_ms <= params.option_stale_ms:
            solved = implied_volatility(
                leg.is_call, mid, spot, leg.strike, years, params.risk_free_rate, params.dividend_yield
            )
        if math.isfinite(solved):
            volatility = solved
            volatility_time = leg.event_time
            provenance = code(Provenance.MODEL)
    elif current and not unused and volatility_time == leg.event_time:
        provenance = code(Provenance.MODEL)
    age_ms = leg.age_ms + float(leg.event_time - volatility_time) * MS_PER_NS
    usable = math.isfinite(volatility) and (age_ms <= params.option_stale_ms)
    if math.isfinite(params.fixed_volatility) or years <= 0.0:
        usable = True
    model = black_scholes(
        leg.is_call, spot, leg.strike, years, params.risk_free_rate, params.dividend_yield, volatility
    )  # fmt: skip
    disagreements = known.disagreements
    if not (usable and math.isfinite(spot)):
        greeks = LegGreeks(math.nan, math.nan, math.nan, math.nan, math.nan, code(Provenance.BAD))
    else:
        greeks = LegGreeks(model.delta, model.gamma, model.vega, model.theta, volatility, provenance)
        if math.isfinite(leg.broker_delta):
            if abs(model.delta - leg.broker_delta) > params.broker_delta_tolerance:
                disagreements += 1
            else:
                disagreements = 0
    return Leg(
        greeks,
        LegMemory(
            known.strike, known.expiry_close, known.is_call, volatility, volatility_time, quote_time, mark,
            disagreements,
        ),
    )  # fmt: skip

"""Black-Scholes-Merton price and greeks of a European option on one share.

Spot and strike in currency per share, time in years, rate and dividend yield continuous per year, volatility per
square root of a year. At T <= 0 or volatility 0 everything takes its intrinsic limit: a call's delta is 0 / 0.5 / 1
below / at / above the strike, a put's minus 1, and the other greeks are 0. A NaN input gives NaN.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.pricing.compiled import compiled, compiled_apart
from hedgerow.pricing.normal import norm_cdf, norm_pdf


class BlackScholes(NamedTuple):
    """Price; delta per 1.00 of spot, gamma per 1.00 squared, vega and rho per 1.00 (not percent), theta per year."""

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


@compiled
def positive_part(x: float) -> float:
    """x where it is above zero, else 0; NaN counts as 0 (max() treats NaN differently when compiled)."""
    return x if x > 0.0 else 0.0


@compiled
def intrinsic_limit(is_call: bool, spot: float, strike: float) -> BlackScholes:
    """The limit at expiry or without volatility."""
    call_delta = math.nan
    if spot < strike:
        call_delta = 0.0
    elif spot > strike:
        call_delta = 1.0
    elif spot == strike:
        call_delta = 0.5
    if is_call:
        return BlackScholes(positive_part(spot - strike), call_delta, 0.0, 0.0, 0.0, 0.0)
    return BlackScholes(positive_part(strike - spot), call_delta - 1.0, 0.0, 0.0, 0.0, 0.0)


@compiled_apart
def black_scholes(
    is_call: bool, spot: float, strike: float, years: float, rate: float, dividend_yield: float, volatility: float
) -> BlackScholes:
    """Price and all greeks of one option."""
    if years <= 0.0 or volatility <= 0.0:
        return intrinsic_limit(is_call, spot, strike)
    if not (spot > 0.0 and strike > 0.0):
        return BlackScholes(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    root_years = math.sqrt(years)
    deviation = volatility * root_years
    d1 = (math.log(spot / strike) + (rate - dividend_yield + 0.5 * volatility * volatility) * years) / deviation
    d2 = d1 - deviation
    held = math.exp(-dividend_yield * years)
    discount = math.exp(-rate * years)
    density = norm_pdf(d1)
    sign = 1.0 if is_call else -1.0
    n1 = norm_cdf(sign * d1)
    n2 = norm_cdf(sign * d2)
    stock_part = sign * spot * held * n1
    strike_part = sign * strike * discount * n2
    decay = -spot * held * density * volatility / (2.0 * root_years)
    return BlackScholes(
        stock_part - strike_part,
        sign * held * n1,
        held * density / (spot * deviation),
        spot * held * density * root_years,
        decay - rate * strike_part + dividend_yield * stock_part,
        strike_part * years,
    )

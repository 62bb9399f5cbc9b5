"""Implied volatility of a European option: safeguarded Newton on the normalised out-of-the-money price.

The price is reduced by parity to its out-of-the-money twin and normalised as b = price / (discount x sqrt(F K)), a
function of x = -|ln(F / K)| and the total deviation s = volatility x sqrt(T) only. b is convex in s below
sqrt(2 |x|) and concave above: from there Newton converges one-sided on the right, and on ln(b) on the left where b is
exponentially small; a bracket catches whatever rounding does. The result depends on the inputs alone.
"""

from __future__ import annotations

import math

from hedgerow.pricing.black_scholes import positive_part
from hedgerow.pricing.compiled import compiled_apart
from hedgerow.pricing.normal import norm_cdf

_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
_NOISE = 1e-15  # time value below this part of the price is rounding, not value
_MAX_DEVIATION = 40.0
_MAX_STEPS = 80


@compiled_apart
def normalised_price(x: float, s: float) -> float:
    """Black's price over sqrt(F K) without discount, out of the money (x <= 0), total deviation s > 0."""
    half = math.exp(0.5 * x)
    return half * norm_cdf(x / s + 0.5 * s) - norm_cdf(x / s - 0.5 * s) / half


@compiled_apart
def _solve(x: float, value: float) -> float:
    """The s with normalised_price(x, s) = value, for 0 < value < exp(x / 2)."""
    inflection = math.sqrt(-2.0 * x)
    s = inflection
    convex = False
    if s > 0.0:
        convex = value < normalised_price(x, s)
    else:
        s = value / _INV_SQRT_2PI
    low = 0.0
    high = inflection if convex else _MAX_DEVIATION
    for _ in range(_MAX_STEPS):
        b = normalised_price(x, s)
        slope = _INV_SQRT_2PI * math.exp(-0.5 * (x / s) * (x / s) - 0.125 * s * s)
        if b < value:
            low = s
        else:
            high = s
        guess = 0.5 * (low + high)
        if slope > 0.0 and b > 0.0:
            step = b * math.log(value / b) / slope if convex else (value - b) / slope
            if low < s + step < high or s + step == s:
                guess = s + step
        moved = abs(guess - s)
        s = guess
        if moved <= 1e-10 * s:
            break
    return s


@compiled_apart
def implied_volatility(
    is_call: bool, price: float, spot: float, strike: float, years: float, rate: float, dividend_yield: float
) -> float:
    """Volatility per square root of a year at which Black-Scholes gives `price`; NaN when there is none.

    None exists at or below the intrinsic value, at or above the option's upper bound, at T <= 0, and for a price
    that is NaN (a one-sided quote has no mid).
    """
    if not (price > 0.0 and spot > 0.0 and strike > 0.0 and years > 0.0):
        return math.nan
    forward = spot * math.exp((rate - dividend_yield) * years)
    undiscounted = price * math.exp(rate * years)
    scale = math.sqrt(forward * strike)
    intrinsic = positive_part(forward - strike) if is_call else positive_part(strike - forward)
    x = -abs(math.log(forward / strike))
    value = (undiscounted - intrinsic) / scale
    if not (_NOISE * undiscounted / scale < value < math.exp(0.5 * x)):
        return math.nan
    return _solve(x, value) / math.sqrt(years)

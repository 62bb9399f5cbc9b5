"""The standard normal distribution."""

from __future__ import annotations

import math

from hedgerow.pricing.compiled import compiled

_SQRT_HALF = math.sqrt(0.5)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@compiled
def norm_cdf(x: float) -> float:
    """P(Z <= x), accurate in both tails."""
    return 0.5 * math.erfc(-x * _SQRT_HALF)


@compiled
def norm_pdf(x: float) -> float:
    """Density at x."""
    return _INV_SQRT_2PI * math.exp(-0.5 * x * x)

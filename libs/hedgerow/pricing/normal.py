"""The standard normal distribution."""

from __future__ import annotations

import math

from hedgerow.pricing.compiled import compiled_apart

_SQRT_HALF = math.sqrt(0.5)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@compiled_apart
def norm_cdf(x: float) -> float:
    """P(Z <= x), accurate in both tails."""
    return 0.5 * math.erfc(-x * _SQRT_HALF)


@compiled_apart
def norm_pdf(x: float) -> float:
    """Density at x."""
    return _INV_SQRT_2PI * math.exp(-0.5 * x * x)

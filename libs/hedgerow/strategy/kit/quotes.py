"""Reading one quote: two-sided or not, its mid and its spread."""

from __future__ import annotations

import math

from hedgerow.strategy.compiled import compiled


@compiled
def two_sided(bid: float, ask: float) -> bool:
    """Whether both sides are there and do not cross; NaN and zero are absent sides."""
    return 0.0 < bid <= ask < math.inf


@compiled
def mid_price(bid: float, ask: float) -> float:
    """Half way between the sides, NaN for a quote that is not two-sided."""
    if two_sided(bid, ask):
        return (bid + ask) * 0.5
    return math.nan


@compiled
def spread_percent(bid: float, ask: float) -> float:
    """Spread in percent of the mid, NaN for a quote that is not two-sided."""
    if two_sided(bid, ask):
        return (ask - bid) / ((bid + ask) * 0.5) * 100.0
    return math.nan

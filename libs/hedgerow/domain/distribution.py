"""How values spread: extremes, quartiles, mean and standard deviation."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple


class Distribution(NamedTuple):
    """Of some values, in their unit; quartiles interpolate linearly, `standard_deviation` is over all of them (n)."""

    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float
    mean: float
    standard_deviation: float


def distribution(values: Sequence[Decimal]) -> Distribution | None:
    """The distribution of the values, None without any."""
    if not values:
        return None
    ordered = sorted(values)
    # Quartiles of a single value are that value.
    lower, middle, upper = statistics.quantiles(ordered * 2 if len(ordered) == 1 else ordered, method="inclusive")
    return Distribution(
        float(ordered[0]),
        float(lower),
        float(middle),
        float(upper),
        float(ordered[-1]),
        float(statistics.mean(ordered)),
        float(statistics.pstdev(ordered)),
    )

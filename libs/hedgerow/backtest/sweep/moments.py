"""Moments of P&L changes that add up: a day's give a window's, so that folds cost no second run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from numpy.typing import NDArray

from hedgerow.backtest.metrics import MINUTES_PER_YEAR, rounded


class Moments(NamedTuple):
    """The number of changes and the sums of their first four powers (USD, USD^2, ...)."""

    number: int = 0
    first: float = 0.0
    second: float = 0.0
    third: float = 0.0
    fourth: float = 0.0


class Shape(NamedTuple):
    """Sharpe ratio per change (not annualised), skewness and kurtosis (3 for a normal) of the changes."""

    number: int
    sharpe: float
    skewness: float
    kurtosis: float

    @property
    def annual_sharpe(self) -> float | None:
        """Annualised as in docs/metric-definitions.md: 252 days of 390 minutes."""
        return rounded(self.sharpe * math.sqrt(MINUTES_PER_YEAR))


def moments_of(changes: NDArray[Any]) -> Moments:
    """Of changes of P&L per minute, USD."""
    squares = changes * changes
    return Moments(
        len(changes), float(changes.sum()), float(squares.sum()), float((squares * changes).sum()),
        float((squares * squares).sum()),
    )  # fmt: skip


def together(parts: Iterable[Moments]) -> Moments:
    """The moments of all changes that these are of."""
    columns = list(zip(*parts, strict=True))
    if not columns:
        return Moments()
    return Moments(sum(columns[0]), *(math.fsum(column) for column in columns[1:]))


_ROUNDING = 1e-13
"""Variance below this share of the mean square is what rounding leaves of none."""


def shape_of(moments: Moments) -> Shape | None:
    """None where fewer than two changes are known or nothing varies."""
    n = moments.number
    if n < 2:
        return None
    mean, second, third, fourth = (each / n for each in moments[1:])
    variance = second - mean * mean
    if not variance > _ROUNDING * second:
        return None
    m3 = third - 3.0 * mean * second + 2.0 * mean**3
    m4 = fourth - 4.0 * mean * third + 6.0 * mean * mean * second - 3.0 * mean**4
    deviation = math.sqrt(variance * n / (n - 1))
    return Shape(n, mean / deviation, m3 / variance**1.5, m4 / (variance * variance))

"""What one combination came to: totals and days, small enough to keep thousands, plain enough to travel as JSON."""

from __future__ import annotations

import json
from typing import NamedTuple

from hedgerow.backtest.sweep.moments import Moments


class DayRow(NamedTuple):
    """One day over all strategies: P&L in USD, orders with a fill, and the moments of P&L per minute."""

    date: str
    pnl: float
    hedges: int
    moments: Moments


class Row(NamedTuple):
    """One combination's outcome over all its strategies; USD, costs above zero.

    `hedges` are orders with a fill, `block_reasons` evaluations by the reason they were held back, `max_drawdown` the
    deepest fall of the equity at its marks.
    """

    number: int
    config_hash: str
    tape_hash: str
    code_version: str
    ticks: int
    evaluations: int
    orders: int
    hedges: int
    fills: int
    denied: int
    blocks: int
    block_reasons: dict[str, int]
    pnl: float
    commissions: float
    max_drawdown: float
    days: tuple[DayRow, ...]

    def to_json(self) -> str:
        """One line."""
        return json.dumps(self._asdict(), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Row:
        """What `to_json` wrote; raises ValueError, KeyError or TypeError for anything else."""
        told = json.loads(text)
        days = tuple(DayRow(date, pnl, hedges, Moments(*sums)) for date, pnl, hedges, sums in told["days"])
        return cls(**{**told, "days": days})


class Header(NamedTuple):
    """What a sweep runs over, told before the first combination: of the base spec and its first combination."""

    tape_hash: str
    code_version: str
    days: tuple[str, ...]
    ticks: int

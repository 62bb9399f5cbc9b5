"""One-minute bars of the underlying's mid, and what the last of them say about the market."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.state import MAX_BARS, Bars

NS_PER_MINUTE = 60_000_000_000
MINUTES_PER_YEAR = 252.0 * 390.0


class Moves(NamedTuple):
    """Over the window: annualised realised volatility, |net| over sum of |moves|, largest one-bar move in percent.

    NaN where too few bars are known.
    """

    volatility: float
    trend: float
    largest_pct: float


@compiled
def add_price(bars: Bars, time: int, mid: float) -> Bars:
    """The bars after a mid at market time `time` (ns); a minute without quotes repeats the close before it."""
    if not math.isfinite(mid):
        return bars
    minute = time // NS_PER_MINUTE
    if bars.minute == 0 or minute < bars.minute:
        return Bars(bars.closes, minute, mid)
    closes = bars.closes
    for _ in range(min(minute - bars.minute, MAX_BARS)):
        closes = closes[1:] + (bars.last,)  # noqa: RUF005 - numba compiles this form
    return Bars(closes, minute, mid)


@compiled
def moves(bars: Bars, window: int) -> Moves:
    """Log moves between the last `window` closes and the running price."""
    squares = 0.0
    distance = 0.0
    net = 0.0
    largest = 0.0
    known = 0
    newer = math.log(bars.last) if bars.last > 0.0 else math.nan
    newer_price = bars.last
    for k in range(window):
        close = bars.closes[MAX_BARS - 1 - k]
        if not close > 0.0:
            break
        older = math.log(close)
        move = newer - older
        squares += move * move
        distance += abs(move)
        net += move
        size_pct = abs(newer_price / close - 1.0) * 100.0
        if size_pct > largest:
            largest = size_pct
        known += 1
        newer = older
        newer_price = close
    if known == 0:
        return Moves(math.nan, math.nan, math.nan)
    if known < window:
        return Moves(math.nan, math.nan, largest)
    trend = abs(net) / distance if distance > 0.0 else 0.0
    return Moves(math.sqrt(squares / float(known) * MINUTES_PER_YEAR), trend, largest)

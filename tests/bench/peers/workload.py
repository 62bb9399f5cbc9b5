"""The hedge workload that every driver runs: quotes from a seed, one straddle, one rule.

A million quotes of one stock, a tenth of a second apart. A straddle of 1,000 shares each side, struck at 600, is hedged
whenever its net delta is 25 shares or more away from nought: one order for the whole drift, filled at once one tick
beyond the touch (the tick stands for fees). P&L is the hedge's alone: cash plus the stock at the last mid. Nothing
here but numpy and the standard library, so that it runs in each peer's own environment.
"""

from __future__ import annotations

import argparse
import json
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TICKS = 1_000_000
SEED = 7
STRIKE = 600.0
VOLATILITY = 0.18
SHARES = 1_000.0
THRESHOLD = 25.0
TICK = 0.01
START_NS = 1_700_000_000_000_000_000
INTERVAL_NS = 100_000_000
YEAR_S = 252 * 23_400.0
STEP_YEARS = INTERVAL_NS / 1e9 / YEAR_S
EXPIRY_YEARS = 5 / 252


class Quotes(NamedTuple):
    """Columns of equal length: ns UTC; prices in whole cents; sizes in shares."""

    ts: NDArray[np.int64]
    bid_cents: NDArray[np.int64]
    ask_cents: NDArray[np.int64]
    bid_size: NDArray[np.int64]
    ask_size: NDArray[np.int64]

    @property
    def bid(self) -> NDArray[np.float64]:
        """Dollars."""
        return self.bid_cents / 100

    @property
    def ask(self) -> NDArray[np.float64]:
        """Dollars."""
        return self.ask_cents / 100


def quotes(ticks: int = TICKS) -> Quotes:
    """The first `ticks` of the million; the same numbers under every numpy."""
    generator = np.random.default_rng(SEED)
    deviation = STRIKE * VOLATILITY * math.sqrt(STEP_YEARS) * 200.0
    mid_half_cents = np.round(STRIKE * 200.0 + np.cumsum(generator.normal(0.0, deviation, TICKS))).astype(np.int64)
    spread = generator.choice([1, 2, 3], TICKS, p=[0.8, 0.15, 0.05])
    bid = (mid_half_cents - spread) // 2
    bid_size = generator.integers(1, 20, TICKS) * 100
    ask_size = generator.integers(1, 20, TICKS) * 100
    ts = START_NS + np.arange(TICKS, dtype=np.int64) * INTERVAL_NS
    whole = Quotes(ts, bid, bid + spread, bid_size, ask_size)
    return Quotes(*(column[:ticks] for column in whole))


def straddle_delta(mid: float, index: int) -> float:
    """Shares of delta of the straddle at that quote: 2 N(d1) - 1 is erf(d1 / sqrt 2)."""
    deviation = VOLATILITY * math.sqrt(EXPIRY_YEARS - index * STEP_YEARS)
    return SHARES * math.erf((math.log(mid / STRIKE) / deviation + 0.5 * deviation) * math.sqrt(0.5))


def hedge_quantity(mid: float, index: int, position: float) -> int:
    """Shares to buy (above nought) or sell now; nought inside the band."""
    net = straddle_delta(mid, index) + position
    return round(-net) if abs(net) >= THRESHOLD else 0


def ticks_wanted() -> int:
    """What the command line asks for: --ticks N, at most the million."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ticks", type=int, default=TICKS)
    ticks: int = parser.parse_args().ticks
    return min(ticks, TICKS)


def tell(**result: Any) -> None:
    """The driver's answer: one JSON line."""
    print(json.dumps(result))

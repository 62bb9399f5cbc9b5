"""Net delta computed anew from a tape's quotes: scipy for the root, the normal distribution from scipy too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import exp, log, sqrt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
from scipy.optimize import brentq
from scipy.stats import norm

RATE = 0.02
YEAR_NS = 365 * 86_400 * 1_000_000_000


@dataclass
class Quotes:
    """Mids by (instrument id, event time ns) of one tape."""

    mids: dict[tuple[str, int], float]

    @classmethod
    def of(cls, tape: Path, wanted: set[str]) -> Quotes:
        table = pq.read_table(tape)
        meta = json.loads(table.schema.metadata[b"hedgerow"])
        names = [_instrument_id(entry) for entry in meta["instruments"]]
        mids = {}
        for ts, index, bid, ask in zip(
            *(table[name].to_pylist() for name in ("ts", "instrument", "bid", "ask")), strict=True
        ):
            if names[index] in wanted and bid is not None and ask is not None:
                mids[names[index], ts] = (bid + ask) / 2
        return cls(mids)


def _instrument_id(entry: Any) -> str:
    return entry if isinstance(entry, str) else str(entry["instrument_id"])


def expiry_close(expiry: date) -> int:
    """16:00 New York of the last trading day, ns UTC; an expiry on a Saturday means the Friday before."""
    day = expiry - timedelta(days=1) if expiry.weekday() == 5 else expiry
    close = datetime(day.year, day.month, day.day, 16, tzinfo=ZoneInfo("America/New_York"))
    return int(close.timestamp()) * 1_000_000_000


def black_scholes(call: bool, spot: float, strike: float, years: float, volatility: float) -> tuple[float, float]:
    """(price, delta) of a European option."""
    deviation = volatility * sqrt(years)
    d1 = (log(spot / strike) + (RATE + volatility * volatility / 2) * years) / deviation
    discounted = strike * exp(-RATE * years)
    if call:
        return spot * norm.cdf(d1) - discounted * norm.cdf(d1 - deviation), float(norm.cdf(d1))
    return discounted * norm.cdf(deviation - d1) - spot * norm.cdf(-d1), float(norm.cdf(d1) - 1)


def option_delta(instrument_id: str, spot: float, mid: float, now: int) -> float:
    """Delta of one option at the volatility its mid implies."""
    _, expiry, strike, right = instrument_id.split(" ")
    years = (expiry_close(datetime.strptime(expiry, "%Y%m%d").date()) - now) / YEAR_NS
    call, k = right == "C", float(strike)

    def excess(volatility: float) -> float:
        return black_scholes(call, spot, k, years, volatility)[0] - mid

    volatility = brentq(excess, 1e-4, 5.0, xtol=1e-14, rtol=1e-14)
    return black_scholes(call, spot, k, years, volatility)[1]


def net_delta(quotes: Quotes, decision: dict[str, Any], legs: list[str], contracts: float, symbol: str) -> float:
    """Net delta in shares of `contracts` of each leg and the stock the decision had, from quotes alone."""
    spot = quotes.mids[symbol, decision["quote_time"]]
    options = sum(
        contracts * 100 * option_delta(leg, spot, quotes.mids[leg, at], decision["market_ts"])
        for leg, at in zip(legs, decision["leg_quote_times"], strict=True)
    )
    return options + float(decision["stock_position"])

"""Historical bars from a day's quote rows."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from hedgerow.ibsim.codes import validating
from hedgerow.ibsim.days import MarketDay
from hedgerow.ibsim.times import SECOND_NS
from hedgerow.tape.sessions import NEW_YORK

_DAY_S = 86_400
BAR_SECONDS = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30, "1 min": 60, "2 mins": 120, "3 mins": 180,
    "5 mins": 300, "10 mins": 600, "15 mins": 900, "20 mins": 1200, "30 mins": 1800, "1 hour": 3600, "2 hours": 7200,
    "3 hours": 10800, "4 hours": 14400, "8 hours": 28800, "1 day": _DAY_S,
}  # fmt: skip
_DURATION_SECONDS = {"S": 1, "D": _DAY_S, "W": 7 * _DAY_S, "M": 31 * _DAY_S, "Y": 366 * _DAY_S}


class Bar(NamedTuple):
    """One bar, stamped with its start, market ns UTC."""

    time: int
    open: float
    high: float
    low: float
    close: float


class BarRequest(NamedTuple):
    """Which bars: of instrument number `instrument`, from `start` to `end` market ns UTC, each `bar_ns` long."""

    instrument: int
    start: int
    end: int
    bar_ns: int
    regular_only: bool
    shown: str


def parse_duration(text: str) -> int:
    """`1800 S`, `2 D`, `1 W` in ns. Raises RequestRefused (321)."""
    count, _, unit = text.strip().partition(" ")
    if not (count.isdecimal() and 0 < int(count) <= 1_000_000 and unit in _DURATION_SECONDS):
        raise validating(f"Invalid historical data duration '{text[:16]}'; for example 1800 S or 1 D")
    return int(count) * _DURATION_SECONDS[unit] * SECOND_NS


def parse_end(text: str, now: int) -> int:
    """`20151224 13:00:00 US/Eastern`, `20151224-18:00:00` (UTC), New York without a zone; empty is now.

    Raises RequestRefused (321).
    """
    if not text:
        return now
    head, _, zone_name = text.replace("  ", " ").partition(" ")
    zone: ZoneInfo | None = NEW_YORK
    clock = zone_name
    if "-" in head:
        head, _, clock = head.partition("-")
        zone = None
    elif " " in zone_name:
        clock, _, name = zone_name.partition(" ")
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise validating(f"Invalid time zone '{name[:32]}'") from None
    try:
        when = datetime.strptime(f"{head} {clock}", "%Y%m%d %H:%M:%S")
    except ValueError:
        raise validating(f"Invalid end date/time '{text[:32]}'") from None
    return int(when.replace(tzinfo=zone or UTC).timestamp()) * SECOND_NS


def make_bars(day: MarketDay, request: BarRequest) -> list[Bar]:
    """The bars, oldest first; TRADES are made from midpoints, for a tape of quotes has no trades.

    A row is its interval's close, so it belongs to the bar in which that interval began.
    """
    rows = day.rows
    chosen = (rows.instrument == request.instrument) & (rows.ts > request.start) & (rows.ts <= request.end)
    if request.regular_only:
        chosen &= ~rows.extended
    low, high = _low_and_high(rows.bid[chosen], rows.ask[chosen], request.shown)
    quoted = ~(np.isnan(low) | np.isnan(high))
    begins = (rows.ts[chosen] - max(day.interval_ns, 1))[quoted]
    low, high = low[quoted], high[quoted]
    # Bars lie on the clock, as IB's do; the one the session opens in begins with the session.
    opens = day.hours.open_ns
    starts = begins // request.bar_ns * request.bar_ns
    starts = np.where(begins >= opens, np.maximum(starts, opens), starts)
    if request.bar_ns == _DAY_S * SECOND_NS:
        starts[:] = opens  # its early hours belong to the same date
    edges = np.flatnonzero(np.diff(starts, prepend=starts[:1] - 1))
    bounds = [*edges.tolist(), len(starts)]
    bars = []
    for first, end in pairwise(bounds):
        opened, closed = (low, high) if request.shown == "BID_ASK" else (low, low)
        bars.append(
            Bar(
                int(starts[first]), _money(opened[first]), _money(high[first:end].max()),
                _money(low[first:end].min()), _money(closed[end - 1]),
            )
        )  # fmt: skip
    return bars


def _low_and_high(
    bid: NDArray[np.float64], ask: NDArray[np.float64], shown: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if shown == "BID_ASK":
        return bid, ask
    one = {"BID": bid, "ASK": ask}.get(shown)
    if one is None:
        one = (bid + ask) / 2
    return one, one


def _money(value: np.float64) -> float:
    return round(float(value), 6)

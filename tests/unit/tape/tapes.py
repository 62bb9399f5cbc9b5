"""Small tapes for tests: rows given as tuples."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np

from hedgerow.domain.instrument import Instrument, Right, option, stock
from hedgerow.tape.format import VERSION, Tape, TapeColumns, TapeMeta
from hedgerow.tape.sessions import TIME_ZONE, session

DAY = date(2015, 12, 24)
NAN = float("nan")
# seconds since the open, instrument, bid, ask
Row = tuple[float, int, float, float]


def meta(instruments: tuple[Instrument, ...] | None = None, day: date = DAY, interval_ms: int = 60_000) -> TapeMeta:
    """Metadata of a day of ABC."""
    opened_and_closed = session(day)
    assert opened_and_closed is not None
    return TapeMeta(
        VERSION, "ABC", day, TIME_ZONE, interval_ms, "test", None, *opened_and_closed, instruments or (stock("ABC"),)
    )


def columns(of: TapeMeta, rows: list[Row]) -> TapeColumns:
    """Those rows, sizes 100 where there is a price."""
    ts = np.array([of.session_open_ns + int(row[0] * 1e9) for row in rows], dtype=np.int64)
    bid = np.array([row[2] for row in rows], dtype=np.float64)
    ask = np.array([row[3] for row in rows], dtype=np.float64)
    return TapeColumns(
        ts=ts,
        instrument=np.array([row[1] for row in rows], dtype=np.int32),
        bid=bid,
        ask=ask,
        bid_size=np.where(np.isnan(bid), 0.0, 100.0),
        ask_size=np.where(np.isnan(ask), 0.0, 100.0),
        extended=(ts <= of.session_open_ns) | (ts > of.session_close_ns),
    )


def tape(of: TapeMeta, rows: list[Row]) -> Tape:
    """The same as a tape in memory."""
    return Tape.of(of, columns(of, rows))


def contract(expiry: date, strike: str, right: Right) -> Instrument:
    """One contract on ABC."""
    return option("ABC", expiry, Decimal(strike), right)

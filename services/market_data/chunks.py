"""Recorded quotes as tapes: one chunk at a time, and chunks joined into a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.instrument import Instrument, parse_instrument_id, stock
from hedgerow.domain.quote import Quote
from hedgerow.tape.format import COLUMN_NAMES, VERSION, TapeColumns, TapeMeta
from hedgerow.tape.reader import read_tape
from hedgerow.tape.sessions import NEW_YORK, TIME_ZONE, next_session, session
from hedgerow.tape.writer import write_tape

_NS_PER_S = 1_000_000_000


class DayKey(NamedTuple):
    """What one tape is of: an underlying and a New York date."""

    symbol: str
    day: date

    @property
    def name(self) -> str:
        """`GOOG-2015-12-24`."""
        return f"{self.symbol}-{self.day.isoformat()}"


def by_day(quotes: Sequence[Quote]) -> dict[DayKey, list[Quote]]:
    """Quotes by underlying and New York date of their event."""
    days: dict[DayKey, list[Quote]] = {}
    for quote in quotes:
        day = datetime.fromtimestamp(quote.event_time / _NS_PER_S, UTC).astimezone(NEW_YORK).date()
        days.setdefault(DayKey(quote.instrument_id.partition(" ")[0], day), []).append(quote)
    return days


def write_chunk(path: Path, key: DayKey, quotes: list[Quote], interval_ms: int, source: str) -> None:
    """Writes quotes of one underlying and day as a tape, whole or not at all; raises InvalidValue."""
    names = sorted({quote.instrument_id for quote in quotes} - {key.symbol})
    instruments: tuple[Instrument, ...] = (stock(key.symbol), *map(parse_instrument_id, names))
    index = {instrument.instrument_id: number for number, instrument in enumerate(instruments)}
    hours = session(next_session(key.day))
    assert hours is not None
    ts = np.array([quote.event_time for quote in quotes], dtype=np.int64)
    nan = float("nan")
    columns = TapeColumns(
        ts=ts,
        instrument=np.array([index[quote.instrument_id] for quote in quotes], dtype=np.int32),
        bid=np.array([nan if quote.bid is None else quote.bid for quote in quotes], dtype=np.float64),
        ask=np.array([nan if quote.ask is None else quote.ask for quote in quotes], dtype=np.float64),
        bid_size=np.array([quote.bid_size for quote in quotes], dtype=np.float64),
        ask_size=np.array([quote.ask_size for quote in quotes], dtype=np.float64),
        extended=(ts <= hours[0]) | (ts > hours[1]),
    )
    meta = TapeMeta(VERSION, key.symbol, key.day, TIME_ZONE, interval_ms, source, None, hours[0], hours[1], instruments)
    write_tape(path, meta, columns.in_time_order())


def join_chunks(folder: Path, path: Path) -> None:
    """Joins the chunks in `folder`, and the tape already at `path`, into one tape at `path`; none, no tape.

    Safe to run again after a crash in the middle: a row that says what the row before it said is left out.
    """
    parts = [read_tape(part) for part in [*([path] if path.is_file() else []), *sorted(folder.glob("*.parquet"))]]
    if not parts:
        return
    options = sorted(
        {instrument for part in parts for instrument in part.meta.instruments[1:]}, key=lambda i: i.instrument_id
    )
    instruments = (parts[0].meta.underlying, *options)
    place = {instrument: number for number, instrument in enumerate(instruments)}
    moved = [np.array([place[i] for i in part.meta.instruments], dtype=np.int32)[part.instrument] for part in parts]
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMN_NAMES}
    columns = TapeColumns(**{**whole, "instrument": np.concatenate(moved)}).in_time_order()
    write_tape(path, replace(parts[0].meta, instruments=instruments), columns.take(_distinct(columns)))


def _distinct(columns: TapeColumns) -> NDArray[np.intp]:
    """Rows that differ from the one before them."""
    repeated = np.zeros(len(columns), dtype=np.bool_)
    repeated[1:] = True
    for name in COLUMN_NAMES:
        values = getattr(columns, name)
        same = values[1:] == values[:-1]
        if values.dtype == np.float64:
            same |= np.isnan(values[1:]) & np.isnan(values[:-1])
        repeated[1:] &= same
    return np.flatnonzero(~repeated)

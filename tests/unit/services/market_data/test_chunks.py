"""Recorded quotes as tapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hedgerow.domain.quote import Quote
from hedgerow.tape.reader import read_tape
from services.market_data.chunks import by_day, join_chunks, write_chunk

OPEN = 1_450_967_400_000_000_000  # 2015-12-24 09:30 New York
SECOND = 1_000_000_000
CALL = "GOOG 20160122 750 C"


def quote(name: str, second: int, bid: float | None, ask: float | None = 750.5) -> Quote:
    """A quote that many seconds after the open."""
    return Quote(name, bid, ask, 100.0, 200.0, OPEN + second * SECOND, 0, 0)


def write(folder: Path, number: int, quotes: list[Quote]) -> None:
    """One chunk of one day."""
    ((key, rows),) = by_day(quotes).items()
    write_chunk(folder / f"{number}.parquet", key, rows, 0, "a test")


def test_days_and_underlyings_are_apart() -> None:
    late = Quote("TWX", 1.0, 2.0, 1.0, 1.0, OPEN + 86_400 * SECOND, 0, 0)
    keys = by_day([quote("GOOG", 1, 750.0), quote(CALL, 1, 14.0), late])
    assert [key.name for key in keys] == ["GOOG-2015-12-24", "TWX-2015-12-25"]


def test_chunks_of_different_instruments_join_in_time_order(tmp_path: Path) -> None:
    chunks = tmp_path / "chunks"
    chunks.mkdir()
    write(chunks, 1, [quote("GOOG", 1, 750.0), quote("GOOG", 3, None)])
    write(chunks, 2, [quote(CALL, 2, 14.0, 14.4), quote("GOOG", 2, 750.1)])
    out = tmp_path / "day.parquet"
    join_chunks(chunks, out)
    tape = read_tape(out)
    assert [i.instrument_id for i in tape.meta.instruments] == ["GOOG", CALL]
    assert ((tape.ts - OPEN) // SECOND).tolist() == [1, 2, 2, 3]
    assert tape.instrument.tolist() == [0, 0, 1, 0]
    assert np.isnan(tape.bid[3])
    assert not tape.extended.any()


def test_joining_again_after_a_crash_changes_nothing(tmp_path: Path) -> None:
    chunks = tmp_path / "chunks"
    chunks.mkdir()
    write(chunks, 1, [quote("GOOG", 1, 750.0), quote("GOOG", 2, None), quote(CALL, 2, 14.0)])
    out = tmp_path / "day.parquet"
    join_chunks(chunks, out)
    first = read_tape(out)
    join_chunks(chunks, out)  # the crash came before the chunks were removed
    again = read_tape(out)
    assert again.ts.tolist() == first.ts.tolist()
    assert np.array_equal(again.bid, first.bid, equal_nan=True)


def test_a_quote_outside_the_session_is_marked(tmp_path: Path) -> None:
    write(tmp_path, 1, [quote("GOOG", -60, 750.0), quote("GOOG", 60, 750.0)])
    assert read_tape(tmp_path / "1.parquet").extended.tolist() == [True, False]

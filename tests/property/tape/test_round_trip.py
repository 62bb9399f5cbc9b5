"""What is written is read, bit for bit; what is not a tape is refused, whatever its bytes."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right, stock
from hedgerow.tape.format import COLUMN_NAMES, TapeColumns, TapeMeta
from hedgerow.tape.reader import read_tape
from hedgerow.tape.writer import write_tape
from tests.unit.tape.tapes import NAN, columns, contract, meta

PRICE = st.one_of(st.just(NAN), st.floats(min_value=1e-9, max_value=1e9, allow_subnormal=False))
SIZE = st.floats(min_value=0.0, max_value=1e12)
STRIKES = st.decimals(min_value="0.0001", max_value="99999", places=4)


@st.composite
def tapes(draw: st.DrawFn) -> tuple[TapeMeta, TapeColumns]:
    strikes = draw(st.lists(STRIKES, unique=True, max_size=4))
    legs = (contract(date(2016, 1, 16), str(k), right) for k in strikes for right in Right)
    of = meta((stock("ABC"), *legs))
    count = draw(st.integers(0, 30))

    def column(values: st.SearchStrategy[float] | st.SearchStrategy[int] | st.SearchStrategy[bool]) -> list[float]:
        return draw(st.lists(values, min_size=count, max_size=count))

    return of, TapeColumns(
        ts=np.sort(np.array(column(st.integers(1, 2**63 - 1)), dtype=np.int64)),
        instrument=np.array(column(st.integers(0, len(of.instruments) - 1)), dtype=np.int32),
        bid=np.array(column(PRICE), dtype=np.float64),
        ask=np.array(column(PRICE), dtype=np.float64),
        bid_size=np.array(column(SIZE), dtype=np.float64),
        ask_size=np.array(column(SIZE), dtype=np.float64),
        extended=np.array(column(st.booleans()), dtype=np.bool_),
    )


@settings(deadline=None, max_examples=100)
@given(tapes())
def test_round_trip(made: tuple[TapeMeta, TapeColumns]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        write_tape(path, *made)
        tape = read_tape(path)
    assert tape.meta == made[0]
    for name in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(tape, name), getattr(made[1], name))


def whole_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        of = meta()
        write_tape(path, of, columns(of, [(60.0 * n, 0, 10.0 + n, 11.0 + n) for n in range(1, 50)]))
        return path.read_bytes()


WHOLE = whole_file()


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_file_is_read_or_refused(damage: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for at, value in damage:
        content[at] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        path.write_bytes(content)
        with suppress(InvalidValue):
            read_tape(path)

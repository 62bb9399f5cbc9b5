"""What is no tape is refused with its row named, never half read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import COLUMN_NAMES, METADATA_KEY, SCHEMA
from hedgerow.tape.reader import read_meta, read_tape
from hedgerow.tape.writer import write_tape
from tests.unit.tape.tapes import NAN, columns, meta

ROWS = [(60.0, 0, 10.0, 10.1), (120.0, 0, NAN, 10.2), (180.0, 0, 10.2, 10.3)]


def raw_file(path: Path, schema: pa.Schema = SCHEMA, metadata: bytes | None = None, **changed: Any) -> Path:
    """A Parquet file written past the writer's checks."""
    made = columns(meta(), ROWS)
    values: dict[str, list[Any]] = {name: getattr(made, name).tolist() for name in COLUMN_NAMES}
    values["bid"][1] = None
    values |= changed
    loose = pa.schema([pa.field(field.name, field.type) for field in schema])
    entries = {METADATA_KEY: meta().to_json().encode() if metadata is None else metadata}
    arrays = [pa.array(values[field.name], type=field.type) for field in loose]
    pq.write_table(pa.Table.from_arrays(arrays, schema=loose.with_metadata(entries if metadata != b"" else {})), path)
    return path


def test_a_written_tape_reads_back(tmp_path: Path) -> None:
    made = columns(meta(), ROWS)
    write_tape(tmp_path / "t.parquet", meta(), made)
    tape = read_tape(tmp_path / "t.parquet")
    assert tape.meta == meta() == read_meta(tmp_path / "t.parquet")
    for name in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(tape, name), getattr(made, name))
        assert getattr(tape, name).dtype == getattr(made, name).dtype


def test_an_absent_side_is_null_in_the_file(tmp_path: Path) -> None:
    write_tape(tmp_path / "t.parquet", meta(), columns(meta(), ROWS))
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.schema.remove_metadata() == SCHEMA
    assert table["bid"].to_pylist() == [10.0, None, 10.2]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bid": [10.0, NAN, 10.2]}, "row 1 bid: nan"),
        ({"ask": [10.1, 10.2, NAN]}, "row 2 ask: nan"),
        ({"ask": [10.1, float("inf"), 10.3]}, "row 1 ask: inf"),
        ({"bid": [0.0, None, 10.2]}, "row 0 bid: 0.0"),
        ({"bid": [None, None, -1.0]}, "row 2 bid: -1.0"),
        ({"bid_size": [1.0, 2.0, NAN]}, "row 2 bid_size"),
        ({"bid_size": [1.0, None, 1.0]}, "row 1 bid_size: None"),
        ({"ts": [2, 1, 3]}, "row 1 ts: 1 .*never goes backwards"),
        ({"instrument": [0, 0, 1]}, "row 2 instrument: 1"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    path = raw_file(tmp_path / "t.parquet", **changed)
    with pytest.raises(InvalidValue, match=message) as caught:
        read_tape(path)
    assert str(path) in str(caught.value)


def test_files_that_are_no_tape(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="a file that exists"):
        read_tape(tmp_path / "absent.parquet")
    with pytest.raises(InvalidValue, match="a file that exists"):
        read_tape(tmp_path)
    (tmp_path / "text.parquet").write_text("not Parquet at all")
    with pytest.raises(InvalidValue, match="whole Parquet file"):
        read_tape(tmp_path / "text.parquet")
    (tmp_path / "empty.parquet").write_bytes(b"")
    with pytest.raises(InvalidValue, match="whole Parquet file"):
        read_tape(tmp_path / "empty.parquet")
    with pytest.raises(InvalidValue, match="`hedgerow` metadata"):
        read_tape(raw_file(tmp_path / "bare.parquet", metadata=b""))
    with pytest.raises(InvalidValue, match="metadata"):
        read_tape(raw_file(tmp_path / "other.parquet", metadata=b"{}"))


def test_a_truncated_tape(tmp_path: Path) -> None:
    whole = raw_file(tmp_path / "t.parquet").read_bytes()
    for size in range(0, len(whole), 97):
        (tmp_path / "cut.parquet").write_bytes(whole[:size])
        with pytest.raises(InvalidValue, match=r"cut\.parquet"):
            read_tape(tmp_path / "cut.parquet")


def test_columns_missing_or_of_another_type(tmp_path: Path) -> None:
    without = pa.schema([field for field in SCHEMA if field.name != "ask"])
    with pytest.raises(InvalidValue, match="column ask: 'absent'"):
        read_tape(raw_file(tmp_path / "a.parquet", schema=without))
    wide = SCHEMA.set(1, pa.field("instrument", pa.int64()))
    with pytest.raises(InvalidValue, match="column instrument: 'int64'"):
        read_tape(raw_file(tmp_path / "b.parquet", schema=wide))


def test_an_empty_tape_is_a_tape(tmp_path: Path) -> None:
    write_tape(tmp_path / "t.parquet", meta(), columns(meta(), []))
    assert len(read_tape(tmp_path / "t.parquet")) == 0

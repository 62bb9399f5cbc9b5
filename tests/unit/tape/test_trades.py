"""Public prints: parsed as LEAN gives them, kept beside the quotes, absent from tapes of version 1."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import COLUMN_NAMES, METADATA_KEY, SCHEMA, Trades
from hedgerow.tape.lean import import_lean
from hedgerow.tape.lean_trades import parse_trades
from hedgerow.tape.reader import read_tape
from hedgerow.tape.sessions import midnight_ns
from hedgerow.tape.writer import write_tape
from tests.unit.tape.conftest import ImportedDay
from tests.unit.tape.lean_folder import DAY, OPEN_MS, bar, equity_zip, option_name, option_zip, write_zip
from tests.unit.tape.tapes import columns, meta

ROWS = [(60.0, 0, 10.0, 10.1), (120.0, 0, 10.1, 10.2), (180.0, 0, 10.2, 10.3)]
OPEN_NS = midnight_ns(DAY) + OPEN_MS * 1_000_000


def prints(*rows: tuple[float, float, float]) -> Trades:
    """Seconds after the open, price, size."""
    ts = [meta().session_open_ns + int(row[0] * 1e9) for row in rows]
    return Trades(
        np.array(ts, dtype=np.int64),
        np.zeros(len(rows), dtype=np.int32),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        np.arange(len(rows), dtype=np.int64),
    )


def test_quotes_and_prints_read_back_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    quotes, trades = columns(meta(), ROWS), prints((60.0, 10.05, 5.0), (60.0, 10.06, 0.0), (200.0, 10.3, 7.0))
    write_tape(path, meta(), quotes, trades)
    tape = read_tape(path)
    assert tape.meta.version == 2
    for name in COLUMN_NAMES:
        np.testing.assert_array_equal(getattr(tape, name), getattr(quotes, name))
    assert tape.trades is not None
    for name in ("ts", "instrument", "price", "size", "condition"):
        np.testing.assert_array_equal(getattr(tape.trades, name), getattr(trades, name))
    table = pq.read_table(path)
    assert table["trade_price"].to_pylist() == [None, 10.05, 10.06, None, None, 10.3]
    assert table["ts"].to_pylist() == sorted(table["ts"].to_pylist())
    write_tape(path, tape.meta, tape)  # a tape written again keeps its prints
    assert read_tape(path).trades is not None


def test_without_prints_the_file_is_version_1(tmp_path: Path) -> None:
    write_tape(tmp_path / "t.parquet", meta(), columns(meta(), ROWS), prints())
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.remove_metadata() == SCHEMA
    assert json.loads(schema.metadata[METADATA_KEY])["version"] == 1
    assert read_tape(tmp_path / "t.parquet").trades is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(60.0, 0.0, 1.0)], "trade 0 price"),
        ([(60.0, float("nan"), 1.0)], "trade 0 price"),
        ([(60.0, 1.0, 1.0), (60.0, 1.0, -1.0)], "trade 1 size"),
        ([(60.0, 1.0, 1.0), (59.0, 1.0, 1.0)], "trade 1 ts"),
    ],
)
def test_what_is_no_print_is_refused(tmp_path: Path, rows: list[tuple[float, float, float]], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        write_tape(tmp_path / "t.parquet", meta(), columns(meta(), ROWS), prints(*rows))


def test_version_2_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_tape(path, meta(), columns(meta(), ROWS))
    document = json.loads(meta().to_json()) | {"version": 2}
    table = pq.read_table(path).replace_schema_metadata({METADATA_KEY: json.dumps(document).encode()})
    pq.write_table(table, path)
    with pytest.raises(InvalidValue, match="column trade_price: 'absent'"):
        read_tape(path)


def test_ticks_are_parsed_and_what_counts_for_nothing_is_counted() -> None:
    text = b"1,491800,300,P,2000,0\n1,0,300,Q,1,0\n2,491900,100,NASDAQ,,1\r\n3,491700,0,D,FFFFFFFF,0"
    found = parse_trades("file", text, ticks=True)
    assert found.start_ms.tolist() == [1, 3]
    assert found.price.tolist() == [49.18, 49.17]
    assert found.size.tolist() == [300.0, 0.0]
    assert found.condition.tolist() == [0x2000, 0xFFFFFFFF]
    assert (found.suspicious, found.worthless) == (1, 1)
    assert len(parse_trades("file", b"", ticks=True).price) == 0


@pytest.mark.parametrize(
    ("text", "ticks", "message"),
    [
        (b"1,2,3,P,1,0\n1,2,3,P,1\n", True, "file row 2 row"),
        (b"1,2,3,P,1,0\n0,2,3,P,1,0\n", True, "file row 2 time: 0 .* later than the row before, 1"),
        (b"1,-2,3,P,1,0\n", True, "file row 1 price: '-2'"),
        (b"1,0x2,3,P,1,0\n", True, "file row 1 price: '0x2'"),
        (b"1,2,3,P,1G,0\n", True, "file row 1 condition: '1G'"),
        (b"1,2,3,P,1,2\n", True, "file row 1 suspicious: '2'"),
        (b"1,2,3,4,5,6\n1,2,3,4,5,6\n", False, "file row 2 time"),
        (b"86400000,2,3,4,5,6\n", False, "file row 1 time"),
        (b"1,2,3,4, 5,6\n", False, "file row 1 close: ' 5'"),
        (b"1,2,3,4,5,6\n\n", False, "file row 2 row"),
        (b"1,2,3,4,5,\xff\n", False, "file row 1 volume"),
    ],
)
def test_a_row_at_fault_is_named(text: bytes, ticks: bool, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        parse_trades("file", text, ticks)


def trade_zip(data: Path, kind: str, name: str, members: dict[str, str]) -> None:
    write_zip(data / kind / "usa" / "minute" / "abc" / f"{DAY:%Y%m%d}_{name}.zip", members)


def test_bars_of_the_stock_and_of_its_options_become_prints(tmp_path: Path) -> None:
    equity_zip(tmp_path, [bar(OPEN_MS, 1_000_000, 1_000_100)])
    name = option_name("call", 1_000_000, "20160115")
    option_zip(tmp_path, {name: [bar(OPEN_MS, 50_000, 51_000)]})
    trade_zip(tmp_path, "equity", "trade", {"t.csv": f"{OPEN_MS},1,2,3,1000100,700\n"})
    other = option_name("put", 1_000_000, "20160115")
    options = {name.replace("quote", "trade"): f"{OPEN_MS},1,2,3,50500,7\n", other.replace("quote", "trade"): ""}
    trade_zip(tmp_path, "option", "trade_american", options)
    out = tmp_path / "t.parquet"
    import_lean(tmp_path, "abc", DAY, out)
    trades = read_tape(out).trades
    assert trades is not None
    known = OPEN_NS + 60_000_000_000
    assert trades.ts.tolist() == [known, known]
    assert trades.instrument.tolist() == [0, 1]
    assert trades.price.tolist() == [100.01, 5.05]
    assert trades.size.tolist() == [700.0, 7.0]
    import_lean(tmp_path, "abc", DAY, out, trades=False)
    assert read_tape(out).trades is None


def test_a_resolution_may_be_named(tmp_path: Path) -> None:
    equity_zip(tmp_path, [bar(OPEN_MS, 1_000_000, 1_000_100)])
    equity_zip(tmp_path, [bar(OPEN_MS + n * 1_000, 1_000_000 + n, 1_000_100) for n in range(5)], "second")
    assert import_lean(tmp_path, "ABC", DAY, tmp_path / "t", resolution="second").interval_ms == 1_000
    assert import_lean(tmp_path, "ABC", DAY, tmp_path / "t").interval_ms == 60_000
    with pytest.raises(InvalidValue, match=r"^resolution: 'hour'"):
        import_lean(tmp_path, "ABC", DAY, tmp_path / "t", resolution="hour")


def test_aigs_prints_are_all_there(imported: ImportedDay, shared_data: Path) -> None:
    tape = imported("AIG", date(2013, 10, 7))
    path = shared_data / "equity/usa/tick/aig/20131007_trade.zip"
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        rows = list(csv.reader(io.TextIOWrapper(file, "ascii")))
    trades = tape.trades
    assert trades is not None
    assert len(trades) == len(rows) == 25_351
    midnight = midnight_ns(date(2013, 10, 7))
    assert trades.ts.tolist() == [midnight + int(row[0]) * 1_000_000 for row in rows]
    assert trades.price.tolist() == [int(row[1]) / 10_000 for row in rows]
    assert trades.size.tolist() == [int(row[2]) for row in rows]
    assert trades.condition.tolist() == [int(row[4], 16) for row in rows]
    assert dict(tape.meta.quality) == {"ABSENT_SIDE": 1, "CROSSED": 94}

"""Every fault of a LEAN folder is told with its file, row and field, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.lean import import_lean
from hedgerow.tape.reader import read_tape
from tests.unit.tape.lean_folder import DAY, OPEN_MS, bar, equity_zip, option_name, option_zip, write_zip

GOOD = [bar(OPEN_MS, 1_000_000, 1_000_100), bar(OPEN_MS + 60_000, 1_000_200, 1_000_300)]
TICK = "34200000,490000,100,0,0,Q,1,0"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "lean"


def refused(data: Path, message: str, symbol: str = "ABC", day: date = DAY) -> str:
    """Import, expecting InvalidValue with that message, and that nothing was left."""
    out = data.parent / "out"
    out.mkdir(exist_ok=True)
    with pytest.raises(InvalidValue, match=message) as caught:
        import_lean(data, symbol, day, out / "t.parquet")
    assert list(out.iterdir()) == []
    return str(caught.value)


def test_no_lean_folder(data: Path) -> None:
    refused(data, "LEAN's Data folder")


def test_unknown_symbol_lists_those_of_the_date(data: Path) -> None:
    equity_zip(data, GOOD)
    equity_zip(data, GOOD, symbol="def")
    assert "for 2015-12-24 it holds ABC, DEF" in refused(data, "symbol: 'XYZ'", symbol="xyz")
    assert "for other dates ABC, DEF" in refused(data, "symbol: 'XYZ'", symbol="XYZ", day=date(2016, 1, 4))


def test_unknown_date_lists_those_of_the_symbol(data: Path) -> None:
    equity_zip(data, GOOD)
    equity_zip(data, GOOD, resolution="tick", day=date(2016, 1, 4))
    assert "it holds 2015-12-24, 2016-01-04" in refused(data, "date: '2015-12-28'", day=date(2015, 12, 28))


@pytest.mark.parametrize("symbol", ["", "../ABC", "A B", "ABC/..", "A" * 20])
def test_what_is_no_symbol_never_reaches_the_disk(data: Path, symbol: str) -> None:
    equity_zip(data, GOOD)
    refused(data, "symbol", symbol=symbol)


def test_a_day_without_a_session(data: Path) -> None:
    equity_zip(data, GOOD, day=date(2015, 12, 25))
    refused(data, "the next is 2015-12-28", day=date(2015, 12, 25))


@pytest.mark.parametrize("size", [0, 10, 100, 150])
def test_a_truncated_zip(data: Path, size: int) -> None:
    path = equity_zip(data, GOOD)
    path.write_bytes(path.read_bytes()[:size])
    assert str(path) in refused(data, "a whole zip of CSV files")


@pytest.mark.parametrize("resolution", ["minute", "tick"])
def test_a_zip_damaged_inside(data: Path, resolution: str) -> None:
    rows = [TICK] * 500 if resolution == "tick" else [bar(n * 60_000, 1_000_000 + n, 1_000_100) for n in range(400)]
    path = equity_zip(data, rows, resolution=resolution)
    content = bytearray(path.read_bytes())
    content[90:110] = bytes(20)
    path.write_bytes(content)
    assert str(path) in refused(data, "whole zip|CSV")


def test_a_zip_of_several_files(data: Path) -> None:
    write_zip(equity_zip(data, GOOD), {"a.csv": "", "b.csv": ""})
    refused(data, "a zip of one CSV, and it holds 2")


BAR_FAULTS = [
    (lambda f: f[:10], "row 2 row: .*11 fields"),
    (lambda f: [*f, "1"], "row 2 row: .*11 fields"),
    (lambda f: [""], "row 2 row: ''"),
    (lambda f: ["", *f[1:]], "row 2 time: ''"),
    (lambda f: ["x", *f[1:]], "row 2 time: 'x'"),
    (lambda f: [f[0], "-1", *f[2:]], "row 2 bid open: '-1' .*never negative"),
    (lambda f: [*f[:9], "-5", f[10]], "row 2 ask close: '-5' .*never negative"),
    (lambda f: [*f[:5], "-5", *f[6:]], "row 2 bid size: '-5' .*never negative"),
    (lambda f: [*f[:5], "", *f[6:]], "row 2 bid size: ''"),
    (lambda f: [*f[:4], "1.5", *f[5:]], "row 2 bid close: '1.5' .*whole number"),
    (lambda f: [*f[:4], "0x1F", *f[5:]], "row 2 bid close: '0x1F'"),
    (lambda f: [*f[:4], "NaN", *f[5:]], "row 2 bid close: 'NaN'"),
    (lambda f: [*f[:4], "9" * 20, *f[5:]], "row 2 bid close: .*15 digits"),
    (lambda f: [*f[:4], '"1"', *f[5:]], "row 2 bid close"),
    (lambda f: [*f[:4], "", *f[5:]], "row 2 bid close: '' .*all of open"),
    (lambda f: [str(OPEN_MS - 1), *f[1:]], "row 2 time: 34199999 .*later than the row before, 34200000"),
    (lambda f: [str(OPEN_MS), *f[1:]], "row 2 time: 34200000 .*later than"),
    (lambda f: ["86400000", *f[1:]], "row 2 time: 86400000 .*midnight"),
]


@pytest.mark.parametrize(("change", "message"), BAR_FAULTS)
def test_a_malformed_bar(data: Path, change: Callable[[list[str]], list[str]], message: str) -> None:
    path = equity_zip(data, [GOOD[0], ",".join(change(GOOD[1].split(",")))])
    assert f"{path}:20151224_abc_minute_quote.csv" in refused(data, message)


@pytest.mark.parametrize(("change", "message"), BAR_FAULTS)
def test_a_malformed_option_bar(data: Path, change: Callable[[list[str]], list[str]], message: str) -> None:
    equity_zip(data, GOOD)
    good, bad = option_name("call", 1_000_000, "20160115"), option_name("put", 1_000_000, "20160115")
    option_zip(data, {good: GOOD, bad: [GOOD[0], ",".join(change(GOOD[1].split(",")))]})
    assert bad in refused(data, message)


@pytest.mark.parametrize(
    "name",
    [
        "readme.txt",
        option_name("straddle", 1, "20160115"),
        option_name("call", 0, "20160115"),
        option_name("call", 1, "20160230"),
        option_name("call", 1, "20160115", symbol="xyz"),
        option_name("call", 1, "20160115", day=date(2015, 12, 23)),
        "x/" + option_name("call", 1, "20160115"),
    ],
)
def test_a_member_that_names_no_contract(data: Path, name: str) -> None:
    equity_zip(data, GOOD)
    option_zip(data, {name: GOOD})
    assert name in refused(data, "STRIKE_EXPIRY.csv of 20151224")


TICK_FAULTS = [
    ("34200001,490000,100,0,0,Q,1", "row 2 row: .*8 fields"),
    ("", "row 2 row: ''"),
    ("34200001,x,100,0,0,Q,1,0", "row 2 bid: 'x'"),
    ("34200001,-490000,100,0,0,Q,1,0", "row 2 bid: '-490000' .*never negative"),
    ("34200001,0,0,490000,-1,Q,1,0", "row 2 ask size: '-1' .*never negative"),
    ("34200001,0,0,490000,,Q,1,0", "row 2 ask size: ''"),
    ("34200001,49.5,100,0,0,Q,1,0", "row 2 bid: '49.5'"),
    ("34200001,9999999999999999,100,0,0,Q,1,0", "row 2 bid: .*15 digits"),
    ("34200001,490000,100,0,0,,1,0", "row 2 exchange: ''"),
    ("34200001,490000,100,0,0,EXCHANGE,1,0", "row 2 exchange: 'EXCHANGE'"),
    ("34200001,490000,100,0,0,Q,1,2", "row 2 suspicious: '2'"),
    ("34200001,490000,100,0,0,Q,1,", "row 2 suspicious: ''"),
    ("34200001,490000,100,0,0,Q,1,0,0", "row 2 row: .*8 fields"),
    ("34199999,490000,100,0,0,Q,1,0", "row 2 time: 34199999 .*not earlier than the row before, 34200000"),
    ("86400000,490000,100,0,0,Q,1,0", "row 2 time: 86400000 .*midnight"),
]


@pytest.mark.parametrize(("line", "message"), TICK_FAULTS)
@pytest.mark.parametrize("after", [[], [TICK]])
def test_a_malformed_tick(data: Path, line: str, message: str, after: list[str]) -> None:
    path = equity_zip(data, [TICK, line, *after], resolution="tick")
    assert str(path) in refused(data, message)


def test_the_row_number_holds_deep_in_a_file(data: Path) -> None:
    equity_zip(data, [TICK] * 150_000 + ["34200000,490000,100,0,0,Q,x,9"], resolution="tick")
    refused(data, "row 150001 suspicious: '9'")


def test_too_many_exchanges(data: Path) -> None:
    equity_zip(data, [f"34200000,490000,100,0,0,E{n},1,0" for n in range(65)], resolution="tick")
    refused(data, "at most 64 exchanges")


def test_an_unwritable_place(data: Path, tmp_path: Path) -> None:
    equity_zip(data, GOOD)
    with pytest.raises(InvalidValue, match=r"out: .*can be written"):
        import_lean(data, "ABC", DAY, tmp_path / "absent" / "t.parquet")


def test_a_good_day_with_line_ends_of_another_system(data: Path, tmp_path: Path) -> None:
    name = option_name("call", 725_000, "20160115")
    equity_zip(data, [bar(OPEN_MS - 60_000, None, 1_000_100), *GOOD])
    option_zip(data, {name: [f"{bar(OPEN_MS, 0, 50_000)}\r", f"{bar(OPEN_MS + 60_000, None, None)}\r"]})
    stages: list[tuple[str, int, int]] = []
    meta = import_lean(
        data, "abc", DAY, tmp_path / "t.parquet", lambda stage, done, total: stages.append((stage, done, total))
    )
    tape = read_tape(tmp_path / "t.parquet")
    assert [each.instrument_id for each in meta.instruments] == ["ABC", "ABC 20160115 72.5 C"]
    assert tape.instrument.tolist() == [0, 0, 1, 0, 1]
    assert tape.extended.tolist() == [True, False, False, False, False]
    assert np.isnan(tape.bid).tolist() == [True, False, True, False, True]
    assert np.isnan(tape.ask).tolist() == [False, False, False, False, True]
    assert ("option chain", 1, 1) in stages
    assert stages[-1] == ("write", 5, 5)


def test_an_empty_csv_is_a_contract_without_quotes(data: Path, tmp_path: Path) -> None:
    equity_zip(data, GOOD)
    option_zip(data, {option_name("put", 725_000, "20160115"): []})
    assert len(import_lean(data, "ABC", DAY, tmp_path / "t.parquet").instruments) == 2
    assert len(read_tape(tmp_path / "t.parquet")) == 2


def test_minutes_come_before_seconds_and_ticks(data: Path, tmp_path: Path) -> None:
    for resolution, interval in (("tick", 0), ("second", 1_000), ("minute", 60_000)):
        equity_zip(data, [TICK] if resolution == "tick" else GOOD, resolution=resolution)
        assert import_lean(data, "ABC", DAY, tmp_path / "t.parquet").interval_ms == interval


@pytest.mark.parametrize("resolution", ["minute", "second", "tick"])
def test_an_empty_day_is_an_empty_tape(data: Path, tmp_path: Path, resolution: str) -> None:
    equity_zip(data, [], resolution=resolution)
    import_lean(data, "ABC", DAY, tmp_path / "t.parquet")
    assert len(read_tape(tmp_path / "t.parquet")) == 0

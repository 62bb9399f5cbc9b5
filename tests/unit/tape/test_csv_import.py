"""CSV files by a declared mapping: every declaration counts, and what does not fit is named."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.csv_import import Choice, import_csv
from hedgerow.tape.csv_mapping import parse_mapping
from hedgerow.tape.format import Tape
from hedgerow.tape.quality import Action, Defect
from hedgerow.tape.reader import read_tape
from hedgerow.tape.sessions import midnight_ns

DAY = date(2015, 12, 24)
NAN = float("nan")
TEN = midnight_ns(DAY) + 10 * 3600 * 10**9
PLAIN = {"columns": {"time": "t", "bid": "b", "ask": "a", "bid_size": "bs", "ask_size": "as"}, "symbol": "GOOG"}
HEAD = "t,b,a,bs,as\n"
GOOD = "2015-12-24 10:00:00,1,2,3,4\n"
IN_MS = {"time": {"format": "epoch", "unit": "ms"}}


def imported(tmp_path: Path, text: str | bytes, mapping: dict[str, Any], **options: Any) -> Tape:
    path = tmp_path / "quotes.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (one,) = import_csv(path, parse_mapping(mapping, "m.yaml"), tmp_path / "t.parquet", **options)
    tape = read_tape(one.path)
    assert tape.meta == one.meta
    return tape


def test_names_units_and_absent_sides(tmp_path: Path) -> None:
    text = "t,junk,b,a,bs,as\n2015-12-24T10:00:00.123456789,x,7491000,,3,NA\n2015-12-24 10:00:01,y,,7492000,,5\n"
    mapping = PLAIN | {"price": {"scale": 0.0001}, "size": {"unit": "lots", "lot": 100}, "absent": ["", "NA"]}
    tape = imported(tmp_path, text, mapping)
    assert tape.ts.tolist() == [TEN + 123_456_789, TEN + 10**9]
    np.testing.assert_array_equal(tape.bid, [749.1, NAN])
    np.testing.assert_array_equal(tape.ask, [NAN, 749.2])
    assert (tape.bid_size.tolist(), tape.ask_size.tolist()) == ([300.0, 0.0], [0.0, 500.0])
    assert dict(tape.meta.quality) == {"ABSENT_SIDE": 2, "GAP": 2}
    assert (tape.meta.symbol, tape.meta.date, tape.meta.interval_ms) == ("GOOG", DAY, 0)


def test_numbers_delimiter_and_no_header(tmp_path: Path) -> None:
    mapping = {"columns": {"time": 3, "bid": 1, "ask": 2}, "delimiter": ";", "header": False, "skip_rows": 1}
    tape = imported(
        tmp_path, "made by hand\n1;2;2015-12-24 10:00:00\n3;4;2015-12-24 10:00:01\n", mapping | {"symbol": "X"}
    )
    assert (tape.bid.tolist(), tape.ask.tolist(), tape.bid_size.tolist()) == ([1.0, 3.0], [2.0, 4.0], [100.0, 100.0])


NEW_YORK_TEN = datetime(2015, 12, 24, 10, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2015-12-24T10:00:00", {}),
        ("2015-12-24T15:00:00Z", {}),
        ("2015-12-24T16:00:00+01:00", {}),
        ("2015-12-24 15:00:00", {"zone": "UTC"}),
        ("2015-12-24 07:00:00", {"zone": "America/Los_Angeles"}),
        (f"{int(NEW_YORK_TEN.timestamp())}", {"format": "epoch"}),
        (f"{int(NEW_YORK_TEN.timestamp())}.000000000", {"format": "epoch"}),
        (f"{int(NEW_YORK_TEN.timestamp())}000", {"format": "epoch", "unit": "ms"}),
        (f"{TEN}", {"format": "epoch", "unit": "ns"}),
        ("36000000", {"format": "since_midnight", "unit": "ms"}),
        ("36000.0", {"format": "since_midnight"}),
        ("24/12/2015 10:00:00.000000", {"format": "%d/%m/%Y %H:%M:%S.%f"}),
        ("24/12/2015 15:00:00 +0000", {"format": "%d/%m/%Y %H:%M:%S %z"}),
    ],
)
def test_every_way_to_write_a_time(tmp_path: Path, text: str, time: dict[str, str]) -> None:
    tape = imported(tmp_path, f"{HEAD}{text},1,2,3,4\n", PLAIN | {"time": time}, choice=Choice("", DAY))
    assert tape.ts.tolist() == [TEN]


def test_fractions_of_an_epoch_are_exact(tmp_path: Path) -> None:
    text = f"{HEAD}{TEN // 10**9}.123456789,1,2,3,4\n"
    assert imported(tmp_path, text, PLAIN | {"time": {"format": "epoch"}}).ts.tolist() == [TEN + 123_456_789]


def test_a_date_column_and_bars_stamped_at_their_start(tmp_path: Path) -> None:
    mapping = PLAIN | {"time": {"format": "%Y%m%d %H%M"}, "interval_ms": 60_000, "stamped": "start"}
    mapping["columns"] = {"date": "d", "time": "t", "bid": "b", "ask": "a"}
    tape = imported(tmp_path, "d,t,b,a\n20151224,0929,1,2\n20151224,0930,1,2\n20151224,1259,3,4\n", mapping)
    midnight = midnight_ns(DAY)
    assert [(ts - midnight) // (60 * 10**9) for ts in tape.ts.tolist()] == [570, 571, 780]
    assert tape.extended.tolist() == [True, False, False]


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_compressed_files(tmp_path: Path, kind: str) -> None:
    text = f"{HEAD}2015-12-24 10:00:00,1,2,3,4\n".encode()
    path = tmp_path / "q"
    if kind == "gzip":
        path.write_bytes(gzip.compress(text))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("q.txt", text)
    mapping = parse_mapping(PLAIN, "m")
    import_csv(path, mapping, tmp_path / "t.parquet")
    assert len(read_tape(tmp_path / "t.parquet")) == 1
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InvalidValue, match=r"^file: '.*q' is not allowed: a whole (gzip|zip)"):
        import_csv(path, mapping, tmp_path / "t.parquet")


OPTIONS = {
    "columns": {"time": "t", "symbol": "s", "expiry": "e", "strike": "k", "right": "r", "bid": "b", "ask": "a"},
}


def test_option_columns(tmp_path: Path) -> None:
    rows = ["GOOG,,,,749,750", "GOOG,20160115,750,C,12,13", "GOOG,2016-01-15,750.00,put,11,12", "TWX,,,,70,71"]
    text = "t,s,e,k,r,b,a\n" + "".join(f"2015-12-24 10:00:0{n},{row}\n" for n, row in enumerate(rows))
    tape = imported(tmp_path, text, OPTIONS, choice=Choice("GOOG"))
    assert [each.instrument_id for each in tape.meta.instruments] == [
        "GOOG", "GOOG 20160115 750 C", "GOOG 20160115 750 P",
    ]  # fmt: skip
    assert tape.instrument.tolist() == [0, 1, 2]
    with pytest.raises(InvalidValue, match=r"--out: .*GOOG 2015-12-24, TWX 2015-12-24"):
        imported(tmp_path, text, OPTIONS)


def test_whole_ids_and_occ_symbols(tmp_path: Path) -> None:
    ids = ["GOOG", "GOOG 20160115 750 C", "GOOG  160115P00750500"]
    text = "t,i,b,a\n" + "".join(f"2015-12-24 10:00:00,{each},5,6\n" for each in ids)
    tape = imported(tmp_path, text, {"columns": {"time": "t", "instrument": "i", "bid": "b", "ask": "a"}})
    assert [each.instrument_id for each in tape.meta.instruments] == [*ids[:2], "GOOG 20160115 750.5 P"]


def test_prints_beside_quotes(tmp_path: Path) -> None:
    text = "t,b,a,p,q\n" + "".join(
        f"2015-12-24 10:00:0{n},{row}\n" for n, row in enumerate(["1,2,,", ",,1.5,7", "1,2,1.6,8", ",,0,1"])
    )
    mapping = {"columns": {"time": "t", "bid": "b", "ask": "a", "price": "p", "size": "q"}, "symbol": "X"}
    tape = imported(tmp_path, text, mapping)
    assert tape.ts.tolist() == [TEN, TEN + 2 * 10**9]
    assert tape.trades is not None
    assert (tape.trades.price.tolist(), tape.trades.size.tolist()) == ([1.5, 1.6], [7.0, 8.0])
    assert dict(tape.meta.quality)["BAD_TRADE"] == 1


def test_bars_of_prices_become_quotes(tmp_path: Path) -> None:
    mapping = {"columns": {"time": "t", "price": "c"}, "symbol": "X", "half_spread_usd": 0.5, "interval_ms": 1_000}
    tape = imported(tmp_path, "t,o,c\n2015-12-24 10:00:00,1,10\n2015-12-24 10:00:01,1,\n", mapping)
    np.testing.assert_array_equal(tape.bid, [9.5, NAN])
    np.testing.assert_array_equal(tape.ask, [10.5, NAN])
    assert tape.trades is None


def test_defects_are_told_from_absent_sides_and_handled(tmp_path: Path) -> None:
    rows = ["100,101,1,1", "nan,101.5,1,1", ",102,0,1", "0,103,1,1", "100,-5,1,1", "100,99,1,1", "100,99,1,1"]
    text = HEAD + "".join(f"2015-12-24 10:00:0{min(n, 5)},{row}\n" for n, row in enumerate(rows))
    tape = imported(tmp_path, text, PLAIN)
    assert dict(tape.meta.quality) == {
        "NOT_A_NUMBER": 1, "ZERO_PRICE": 1, "ABSURD_PRICE": 1, "ABSENT_SIDE": 1, "DUPLICATE": 1, "CROSSED": 1, "GAP": 2,
    }  # fmt: skip
    np.testing.assert_array_equal(tape.bid, [100, NAN, NAN, NAN, 100, 100])
    np.testing.assert_array_equal(tape.ask, [101, 101.5, 102, 103, NAN, 99])
    tape = imported(tmp_path, text, PLAIN, policy={Defect.CROSSED: Action.DROP, Defect.NOT_A_NUMBER: Action.DROP})
    assert len(tape) == 4
    with pytest.raises(InvalidValue, match="row 5 CROSSED: 1"):
        imported(tmp_path, text, PLAIN, policy={Defect.CROSSED: Action.REFUSE})


@pytest.mark.parametrize(
    ("text", "changed", "message"),
    [
        ("2015-12-24 10:00:00,x,2,3,4\n", {}, r"quotes.csv row 1 bid: 'x'"),
        ("2015-12-24 10:00:00,1,2,3,4\n2015-12-24 10:00:00,1,0x2,3,4\n", {}, "row 2 ask: '0x2'"),
        ("2015-12-24 10:00:00,1,2,3\n", {}, "file: .* rows of 5 fields"),
        (",1,2,3,4\n", {}, "row 1 time: None"),
        ("Christmas,1,2,3,4\n", {}, "row 1 time: 'Christmas'"),
        ("2015-12-24 10:00:00,1,2,3,4\n2015-12-24 10:00:00Z,1,2,3,4\n", {}, "row 1 time: .* zone"),
        ("1.5e9,1,2,3,4\n", {"time": {"format": "epoch"}}, "row 1 time: '1.5e9'"),
        ("36000,1,2,3,4\n", {"time": {"format": "since_midnight"}}, "^--date: None"),
        ("2015-12-24,1,2,3,4\n", {"time": {"format": "%d.%m.%Y"}}, "row 1 time: '2015-12-24'"),
        (GOOD, {"columns": {"time": "t", "bid": "bid", "ask": "a"}}, r"columns\.bid: 'bid'.* b, a"),
        (GOOD, {"columns": {"time": "t", "bid": 9, "ask": "a"}}, r"columns\.bid: 9 .*5 columns"),
        ("2015-12-26 10:00:00,1,2,3,4\n", {}, "date: '2015-12-26' .*2015-12-28"),
        ("2015-12-24 10:00:01,1,2,3,4\n2015-12-24 10:00:00,1,2,3,4\n", {}, "row 1 TIME_REVERSAL: 1"),
        ("", {}, "holds no rows"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        imported(tmp_path, HEAD + text, PLAIN | changed)
    assert not (tmp_path / "t.parquet").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"colums": {}}, "m.yaml: colums: .*there are columns, time, price"),
        ({"columns": {"time": "t", "bid": "b", "ask": "a", "bidsize": "x"}}, r"columns\.bidsize: .*bid_size"),
        ({"columns": {"bid": "b", "ask": "a"}}, r"columns\.time"),
        ({"columns": {"time": 0, "bid": "b", "ask": "a"}}, r"columns\.time: 0"),
        ({"columns": {"time": "t", "bid": "b"}}, "bid and ask come together"),
        ({"columns": {"time": "t"}}, "bid and ask, or price"),
        ({"time": {"zone": "Mars/Base"}}, r"time\.zone: 'Mars/Base'"),
        ({"time": {"format": "later"}}, r"time\.format: 'later'"),
        ({"symbol": ""}, "symbol: name the stock"),
        ({"header": False}, "named by its number"),
        ({"price": {"scale": 0}}, r"price\.scale: 0"),
        ({"size": {"unit": "boxes"}}, r"size\.unit: 'boxes'"),
        ({"delimiter": ""}, "delimiter: ''"),
        ({"stamped": "middle"}, "stamped: 'middle'"),
    ],
)
def test_a_wrong_mapping_names_its_key(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        parse_mapping(PLAIN | changed, "m.yaml")


def many_days(path: Path, days: list[date], per_day: int) -> None:
    with path.open("w") as file:
        file.write(HEAD)
        for day in days:
            start = midnight_ns(day) // 10**6 + 35_000_000
            file.writelines(f"{start + n},{100 + n % 7}.25,{101 + n % 7}.50,{n % 9 + 1},5\n" for n in range(per_day))


def test_a_big_file_becomes_a_tape_a_day_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    days = [DAY + timedelta(days=n) for n in (-3, -2, -1, 0, 4, 5, 6, 7)]
    many_days(path, days, 60_000)
    assert path.stat().st_size > 15_000_000
    pool = pa.proxy_memory_pool(pa.default_memory_pool())
    before = pa.default_memory_pool()
    pa.set_memory_pool(pool)
    seen: list[int] = []
    try:
        written = import_csv(
            path,
            parse_mapping(PLAIN | IN_MS, "m"),
            tmp_path,
            progress=seen.append,
        )
        peak = pool.max_memory()
    finally:
        pa.set_memory_pool(before)
    assert [each.path.name for each in written] == [f"GOOG-{day}.parquet" for day in days]
    assert all(each.report.kept == 60_000 for each in written)
    assert peak < path.stat().st_size
    assert seen[-1] == 480_000
    assert len(seen) > 4


def test_days_out_of_order_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    many_days(path, [date(2015, 12, 21), date(2015, 12, 24), date(2015, 12, 21)], 40_000)
    with pytest.raises(InvalidValue, match="its day was written already"):
        import_csv(path, parse_mapping(PLAIN | IN_MS, "m"), tmp_path)


def test_leans_own_csv_by_mapping_is_leans_import(
    shared_data: Path, imported_day: Callable[[], Tape], tmp_path: Path
) -> None:
    """The same file read the other way: two readers, one tape."""
    sides = {"bid": 5, "bid_size": 6, "ask": 10, "ask_size": 11}
    mapping = {
        "columns": {"time": 1, **sides}, "header": False, "symbol": "SPY", "price": {"scale": 0.0001},
        "time": {"format": "since_midnight", "unit": "ms"}, "interval_ms": 1_000, "stamped": "start",
    }  # fmt: skip
    source = shared_data / "equity/usa/second/spy/20131007_quote.zip"
    (one,) = import_csv(source, parse_mapping(mapping, "m"), tmp_path / "t.parquet", Choice("", date(2013, 10, 7)))
    found, wanted = read_tape(one.path), imported_day()
    for name in ("ts", "bid", "ask", "bid_size", "ask_size", "extended"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    assert dict(found.meta.quality) == dict(wanted.meta.quality)


@pytest.fixture
def imported_day(shared_data: Path, tmp_path: Path) -> Callable[[], Tape]:
    from hedgerow.tape.lean import import_lean

    import_lean(shared_data, "SPY", date(2013, 10, 7), tmp_path / "lean.parquet", trades=False)
    return lambda: read_tape(tmp_path / "lean.parquet")

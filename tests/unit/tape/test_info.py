"""The description of a tape."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right, stock
from hedgerow.tape.info import describe
from hedgerow.tape.writer import write_tape
from tests.unit.tape.tapes import NAN, columns, contract, meta


def test_description(tmp_path: Path) -> None:
    legs = tuple(contract(date(2016, 1, 16), strike, right) for strike in ("70", "75") for right in Right)
    of = meta((stock("ABC"), *legs))
    half_day = [(60.0 * minute, 0, 70.0, 70.1) for minute in range(-1, 211) if minute not in (100, 101)]
    rows = sorted([*half_day, (60.0, 1, NAN, 2.0), (60.0, 2, 1.0, 2.0), (120.0, 0, 70.2, 70.1)])
    write_tape(tmp_path / "t.parquet", of, columns(of, rows))
    told = describe(tmp_path / "t.parquet")
    assert json.loads(json.dumps(told)) == told
    assert told["symbol"] == "ABC"
    assert told["session"]["close"] == "2015-12-24T13:00:00.000-05:00"
    assert (told["rows"], told["underlying_rows"], told["extended_rows"], told["crossed_rows"]) == (213, 211, 2, 1)
    assert told["first"] == "2015-12-24T09:29:00.000-05:00"
    assert told["two_sided_share"] == {"underlying": 1.0, "options": 0.5}
    assert told["instruments"] == 5
    assert told["expiries"] == [
        {"expiry": "2016-01-16", "last_trading_day": "2016-01-15", "dte": 22, "contracts": 4, "rows": 2, "strikes": 2}
    ]
    assert told["gaps"]["count"] == 1
    assert told["gaps"]["longest_s"] == 180.0
    assert told["gaps"]["first"][0]["from"] == "2015-12-24T11:09:00.000-05:00"


def test_an_empty_tape_is_one_gap(tmp_path: Path) -> None:
    write_tape(tmp_path / "t.parquet", meta(), columns(meta(), []))
    told = describe(tmp_path / "t.parquet")
    assert told["first"] is None
    assert told["two_sided_share"] == {"underlying": None, "options": None}
    assert told["gaps"]["longest_s"] == 3.5 * 3600


def test_no_tape(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="a file that exists"):
        describe(tmp_path / "t.parquet")

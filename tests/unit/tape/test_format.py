"""Metadata and the rules every row obeys."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right, stock
from hedgerow.tape.format import TapeMeta, check_columns
from tests.unit.tape.tapes import NAN, columns, contract, meta

CALL = contract(date(2016, 1, 16), "72.5", Right.CALL)


def test_metadata_survives_json() -> None:
    of = replace(meta((stock("ABC"), CALL)), seed=7)
    assert TapeMeta.from_json(of.to_json()) == of
    assert TapeMeta.from_json(meta().to_json()).seed is None


def test_metadata_is_what_the_format_says() -> None:
    document = json.loads(meta((stock("ABC"), CALL)).to_json())
    assert document["version"] == 1
    assert document["date"] == "2015-12-24"
    assert document["time_zone"] == "America/New_York"
    assert document["session"] == {"open_ns": 1450967400000000000, "close_ns": 1450980000000000000}
    assert document["instruments"][1] == {"instrument_id": "ABC 20160116 72.5 C", "multiplier": 100}


@pytest.mark.parametrize(
    ("key", "value", "names"),
    [
        ("version", 3, "version"),
        ("version", "1", "version"),
        ("date", "Christmas", "date"),
        ("date", None, "date"),
        ("interval_ms", -1, "interval_ms"),
        ("interval_ms", True, "interval_ms"),
        ("seed", "seven", "seed"),
        ("session", {"open_ns": 2, "close_ns": 1}, "session"),
        ("session", {"open_ns": 2}, "close_ns"),
        ("instruments", [], "instruments"),
        ("instruments", ["ABC"], "instruments"),
        ("instruments", [{"instrument_id": "XYZ", "multiplier": 1}], "instruments"),
        ("instruments", [{"instrument_id": "ABC 1 2", "multiplier": 1}], "instrument_id"),
        ("instruments", [{"instrument_id": "ABC", "multiplier": 1}] * 2, "instruments"),
    ],
)
def test_wrong_metadata_names_its_key(key: str, value: Any, names: str) -> None:
    document = {**json.loads(meta().to_json()), key: value}
    with pytest.raises(InvalidValue, match=names):
        TapeMeta.from_json(json.dumps(document))


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[]", b"3"])
def test_metadata_that_is_no_json_object(text: bytes) -> None:
    with pytest.raises(InvalidValue, match="JSON"):
        TapeMeta.from_json(text)


ROWS = [(60.0, 0, 10.0, 10.1), (60.0, 1, NAN, 2.0), (120.0, 0, 10.2, 10.1)]


def test_one_sided_and_crossed_rows_pass() -> None:
    made = columns(meta(), ROWS)
    check_columns("tape", made, 2)
    assert made.crossed == 1


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("bid", 1, 0.0, "row 1 bid: 0.0"),
        ("ask", 2, -1.0, "row 2 ask: -1.0"),
        ("bid", 0, np.inf, "row 0 bid: inf"),
        ("ask", 0, -np.inf, "row 0 ask: -inf"),
        ("bid_size", 2, -1.0, "row 2 bid_size"),
        ("ask_size", 2, NAN, "row 2 ask_size"),
        ("instrument", 1, 2, "row 1 instrument: 2"),
        ("instrument", 1, -1, "row 1 instrument: -1"),
        ("ts", 0, 0, "row 0 ts"),
        ("ts", 2, 1, "row 2 ts: 1 .*never goes backwards"),
    ],
)
def test_a_bad_value_is_named_by_row_and_column(column: str, row: int, value: float, message: str) -> None:
    made = columns(meta(), ROWS)
    getattr(made, column)[row] = value
    with pytest.raises(InvalidValue, match=message):
        check_columns("tape x", made, 2)


def test_columns_of_other_lengths_or_types_are_refused() -> None:
    made = columns(meta(), ROWS)
    with pytest.raises(InvalidValue, match="column bid"):
        check_columns("tape", replace(made, bid=made.bid[:2]), 2)
    with pytest.raises(InvalidValue, match="column ts"):
        check_columns("tape", replace(made, ts=made.ts.astype(np.int32)), 2)


def test_time_order_is_by_time_then_instrument() -> None:
    made = columns(meta(), [(2.0, 1, 1.0, 2.0), (1.0, 1, 3.0, 4.0), (2.0, 0, 5.0, 6.0)]).in_time_order()
    assert made.bid.tolist() == [3.0, 5.0, 1.0]

"""LEAN quote bars: CSV text to the closing bid and offer of each bar."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.lean_source import GET_AGAIN, row_fault
from hedgerow.tape.tick_kernel import DAY_MS, MAX_DIGITS

FIELD_NAMES = (
    "time", "bid open", "bid high", "bid low", "bid close", "bid size",
    "ask open", "ask high", "ask low", "ask close", "ask size",
)  # fmt: skip
_BID = ("bid open", "bid high", "bid low", "bid close")
_ASK = ("ask open", "ask high", "ask low", "ask close")
_NUMBER = re.compile(rf"0*[0-9]{{1,{MAX_DIGITS}}}")
PRICE_SCALE = 10_000.0


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of one or more files, in their order.

    `start_ms` milliseconds since midnight New York; prices per share, NaN where a side has no quote;
    `file` counts into the file names given to `parse_bars`.
    """

    start_ms: NDArray[np.int64]
    file: NDArray[np.int32]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask_size: NDArray[np.float64]


def parse_bars(files: list[str], texts: list[bytes]) -> Bars:
    """Parse the CSV texts of those files, all at once: thousands of small ones cost as much as one large.

    Raises InvalidValue naming file, row and field for anything but whole bars of plain numbers in rising time.
    """
    whole = [text if text.endswith(b"\n") or not text else text + b"\n" for text in texts]
    rows_of = [text.count(b"\n") for text in whole]
    text = b"".join(whole)
    # Arrow would take blanks, signs and hexadecimal for numbers: only digits, commas and line ends may reach it.
    if text.translate(None, b"0123456789,\r\n"):
        raise _first_fault(files, whole)
    columns = _columns(text) if text else {name: pa.chunked_array([], pa.int64()) for name in FIELD_NAMES}
    if columns is None or len(columns["time"]) != sum(rows_of):
        raise _first_fault(files, whole)
    if any(_largest(columns[name]) >= 10**MAX_DIGITS for name in FIELD_NAMES):
        raise _first_fault(files, whole)
    file = np.repeat(np.arange(len(files), dtype=np.int32), rows_of)
    start_ms = columns["time"].to_numpy()
    bid, bid_partial = _close(columns, _BID)
    ask, ask_partial = _close(columns, _ASK)
    backwards = np.zeros(len(file), dtype=np.bool_)
    backwards[1:] = (start_ms[1:] <= start_ms[:-1]) & (file[1:] == file[:-1])
    if (bid_partial | ask_partial | backwards | (start_ms >= DAY_MS)).any():
        raise _first_fault(files, whole)
    sizes = (columns[name].to_numpy().astype(np.float64) for name in ("bid size", "ask size"))
    return Bars(start_ms, file, bid, ask, *sizes)


def _columns(text: bytes) -> dict[str, pa.ChunkedArray] | None:
    """The columns, or None where a row is not eleven numbers or empty sides."""
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(column_names=list(FIELD_NAMES)),
            parse_options=pa_csv.ParseOptions(quote_char=False, double_quote=False, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.int64() for name in FIELD_NAMES}, null_values=[""]
            ),
        )
    except pa.ArrowInvalid:
        return None
    if any(table.column(name).null_count for name in ("time", "bid size", "ask size")):
        return None
    return {name: table.column(name) for name in FIELD_NAMES}


def _largest(column: pa.ChunkedArray) -> int:
    """The largest number of a column, 0 where it has none."""
    return int(pc.max(column).as_py() or 0)


def _close(
    columns: dict[str, pa.ChunkedArray], names: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A side's closing price, NaN where it has no quote, and where only some of its four fields are filled."""
    absent = [columns[name].is_null().to_numpy() for name in names]
    close = columns[names[-1]].to_numpy().astype(np.float64) / PRICE_SCALE
    close[close == 0.0] = np.nan
    return close, np.logical_or.reduce(absent) & ~np.logical_and.reduce(absent)


def _first_fault(files: list[str], texts: list[bytes]) -> InvalidValue:
    """The error for the first row at fault; slow and exact, for texts in which there is one."""
    for file, text in zip(files, texts, strict=True):
        previous = -1
        for row, line in enumerate(text.split(b"\n")[:-1], start=1):
            fields = line.removesuffix(b"\r").decode("latin-1").split(",")
            if len(fields) != len(FIELD_NAMES):
                return row_fault(file, row, "row", line.decode("latin-1"), f"{len(FIELD_NAMES)} fields")
            values = dict(zip(FIELD_NAMES, fields, strict=True))
            for name, value in values.items():
                fault = _field_fault(name, value)
                if fault:
                    return row_fault(file, row, name, value, fault)
            for side in (_BID, _ASK):
                if 0 < sum(values[name] == "" for name in side) < len(side):
                    missing = next(name for name in side if values[name] == "")
                    return row_fault(file, row, missing, "", "a side has all of open, high, low and close, or none")
            start = int(values["time"])
            if start <= previous:
                return row_fault(file, row, "time", start, f"later than the row before, {previous}")
            if start >= DAY_MS:
                return row_fault(file, row, "time", start, "milliseconds since midnight, below 86400000")
            previous = start
    return InvalidValue("file", ", ".join(files[:3]), "CSV rows of eleven numbers", GET_AGAIN)


def _field_fault(name: str, value: str) -> str:
    if value == "" and name in _BID + _ASK:
        return ""
    if _NUMBER.fullmatch(value):
        return ""
    if value.startswith("-"):
        return "a price or size is never negative"
    return f"a whole number of at most {MAX_DIGITS} digits"

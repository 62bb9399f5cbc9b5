"""LEAN trades, ticks and bars: CSV text to public prints."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.lean_bars import PRICE_SCALE
from hedgerow.tape.lean_source import GET_AGAIN, row_fault
from hedgerow.tape.tick_kernel import DAY_MS, MAX_DIGITS

BAR_FIELDS = ("time", "open", "high", "low", "close", "volume")
TICK_FIELDS = ("time", "price", "size", "exchange", "condition", "suspicious")
_RULES = {
    "exchange": (r"[!-+\--~]{1,7}", "1 to 7 visible characters"),
    "condition": (r"[0-9A-Fa-f]{0,8}", "a hexadecimal number of at most 8 digits"),
    "suspicious": (r"[01]", "0 or 1"),
}
_NUMBER = (rf"[0-9]{{1,{MAX_DIGITS}}}", f"a whole number of at most {MAX_DIGITS} digits")


class Prints(NamedTuple):
    """Prints of one file: ms since midnight New York (a bar's start), price per share, size, condition flags.

    `suspicious` counts the rows marked so and `worthless` those without a price: both are left out.
    """

    start_ms: NDArray[np.int64]
    price: NDArray[np.float64]
    size: NDArray[np.float64]
    condition: NDArray[np.int64]
    suspicious: int
    worthless: int


def parse_trades(file: str, text: bytes, ticks: bool) -> Prints:
    """Parse a trade file's CSV text; raises InvalidValue naming file, row and field for what is no trade file's row."""
    names = TICK_FIELDS if ticks else BAR_FIELDS
    lines = text.count(b"\n") + (not text.endswith(b"\n") and bool(text))
    if not text:
        nothing = np.zeros(0)
        return Prints(nothing.astype(np.int64), nothing, nothing, nothing.astype(np.int64), 0, 0)
    table = _table(text, names)
    if table is None or table.num_rows != lines or not all(_fits(table, name) for name in names):
        raise _first_fault(file, text, names)
    time = _whole(table, "time")
    rising = time[1:] >= time[:-1] if ticks else time[1:] > time[:-1]
    if not rising.all() or (time >= DAY_MS).any():
        raise _first_fault(file, text, names)
    price = _whole(table, "price" if ticks else "close") / PRICE_SCALE
    size = _whole(table, "size" if ticks else "volume").astype(np.float64)
    condition = _flags(table) if ticks else np.zeros(len(time), dtype=np.int64)
    suspect = _whole(table, "suspicious") != 0 if ticks else np.zeros(len(time), dtype=np.bool_)
    worthless = (price == 0.0) & ~suspect
    kept = ~(suspect | worthless)
    counts = int(np.count_nonzero(suspect)), int(np.count_nonzero(worthless))
    return Prints(time[kept], price[kept], size[kept], condition[kept], *counts)


def _table(text: bytes, names: tuple[str, ...]) -> pa.Table | None:
    """The fields as text: Arrow would take blanks, signs and hexadecimal for numbers."""
    try:
        return pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(column_names=list(names)),
            parse_options=pa_csv.ParseOptions(quote_char=False, double_quote=False, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None


def _rule(name: str) -> tuple[str, str]:
    return _RULES.get(name, _NUMBER)


def _fits(table: pa.Table, name: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(table.column(name), f"^(?:{_rule(name)[0]})$")).as_py())


def _whole(table: pa.Table, name: str) -> NDArray[Any]:
    return np.asarray(table.column(name).cast(pa.int64()).to_numpy())


def _flags(table: pa.Table) -> NDArray[np.int64]:
    coded = table.column("condition").combine_chunks().dictionary_encode()
    values = np.array([int(each or "0", 16) for each in coded.dictionary.to_pylist()], dtype=np.int64)
    return np.asarray(values[coded.indices.to_numpy()])


def _first_fault(file: str, text: bytes, names: tuple[str, ...]) -> InvalidValue:
    """The error for the first row at fault; slow and exact, for a text in which there is one."""
    previous = -1
    for row, line in enumerate(text.removesuffix(b"\n").split(b"\n"), start=1):
        fields = line.removesuffix(b"\r").decode("latin-1").split(",")
        if len(fields) != len(names):
            return row_fault(file, row, "row", line.decode("latin-1"), f"{len(names)} fields")
        for name, value in zip(names, fields, strict=True):
            pattern, rule = _rule(name)
            if not re.fullmatch(pattern, value):
                return row_fault(file, row, name, value, rule)
        time = int(fields[0])
        if time < previous or (time == previous and names is BAR_FIELDS):
            return row_fault(file, row, "time", time, f"later than the row before, {previous}")
        if time >= DAY_MS:
            return row_fault(file, row, "time", time, "milliseconds since midnight, below 86400000")
        previous = time
    return InvalidValue("file", file, f"CSV rows of {', '.join(names)}", GET_AGAIN)

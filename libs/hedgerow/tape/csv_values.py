"""Text columns of a CSV file to times, prices and sizes; a value that is none is named with its row."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.csv_mapping import CsvTime
from hedgerow.tape.sessions import midnight_ns

Floats = NDArray[np.float64]
_FRACTION_DIGITS = 9


class Rows:
    """One batch: `first` is the number of its first row, `file` the name in messages."""

    def __init__(self, file: str, first: int, batch: pa.RecordBatch) -> None:
        self.file, self.first, self.batch = file, first, batch

    def text(self, field: str) -> pa.Array | None:
        """A column's text, null where absent; None where the mapping has no such column."""
        index = self.batch.schema.get_field_index(field)
        return None if index < 0 else self.batch.column(index)

    def fault(self, field: str, bad: pa.Array, rule: str) -> InvalidValue:
        """The error for the first row where `bad` is true or null."""
        at = pc.index(pc.fill_null(bad, True), True).as_py()
        column = self.text(field)
        value = column[at].as_py() if column is not None else None
        return InvalidValue(f"{self.file} row {self.first + at} {field}", value, rule)

    def numbers(self, field: str) -> Floats | None:
        """A column as float64, NaN where absent or written so; raises InvalidValue for what is no number."""
        text = self.text(field)
        if text is None:
            return None
        try:
            values = pc.cast(pc.utf8_trim_whitespace(text), pa.float64())
        except pa.ArrowInvalid as error:
            pattern = r"^\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|nan|NaN|NAN|inf|Inf|INF|infinity)\s*$"
            fits = pc.fill_null(pc.match_substring_regex(text, pattern), True)
            raise self.fault(field, pc.invert(fits), f"a number, or one of `absent` ({error})") from error
        return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)

    def given(self, field: str) -> NDArray[np.bool_]:
        """Where the column has a value at all."""
        text = self.text(field)
        if text is None:
            return np.zeros(self.batch.num_rows, dtype=np.bool_)
        return np.asarray(text.is_valid().to_numpy(zero_copy_only=False))


def times(rows: Rows, time: CsvTime, day: date | None) -> NDArray[np.int64]:
    """Each row's time, ns UTC; `day` is the one that times since midnight count from where no column names it.

    Raises InvalidValue naming the row of a time that is not as declared.
    """
    text, days = rows.text("time"), rows.text("date")
    assert text is not None
    if text.null_count:
        raise rows.fault("time", text.is_null(), "a time in every row")
    if days is not None and days.null_count:
        raise rows.fault("date", days.is_null(), "a date in every row")
    if time.format == "epoch":
        return _whole_ns(rows, text, time)
    if time.format == "since_midnight":
        return _midnights(rows, days, day) + _whole_ns(rows, text, time)
    joined = text if days is None else pc.binary_join_element_wise(days, text, " ")
    if time.format == "iso":
        return _iso(rows, joined, time.zone)
    return _by_pattern(rows, joined, time)


def _whole_ns(rows: Rows, text: pa.Array, time: CsvTime) -> NDArray[np.int64]:
    trimmed = pc.utf8_trim_whitespace(text)
    rule = f"a number of {time.unit.value} (time.format {time.format})"
    plain = pc.match_substring_regex(trimmed, rf"^\d{{1,19}}(\.\d{{0,{_FRACTION_DIGITS}}})?$")
    if not pc.all(plain).as_py():
        raise rows.fault("time", pc.invert(plain), rule)
    # In two whole parts: a float has too few digits for nanoseconds since 1970.
    parts = pc.extract_regex(trimmed, r"^(?P<whole>\d+)\.?(?P<fraction>\d*)$")
    fraction = pc.utf8_rpad(parts.field("fraction"), _FRACTION_DIGITS, "0")
    try:
        seconds = pc.multiply_checked(pc.cast(parts.field("whole"), pa.int64()), time.unit.ns)
    except pa.ArrowInvalid as error:
        raise rows.fault("time", pc.greater(pc.utf8_length(trimmed), 9), rule) from error
    whole = seconds.to_numpy() + pc.cast(fraction, pa.int64()).to_numpy() * time.unit.ns // 10**_FRACTION_DIGITS
    if not (whole > -1).all() or not (whole < 2**62).all():
        raise rows.fault("time", pa.array((whole < 0) | (whole >= 2**62)), rule)
    return np.asarray(whole, dtype=np.int64)


def _midnights(rows: Rows, days: pa.Array | None, day: date | None) -> NDArray[np.int64] | int:
    if days is None:
        if day is None:
            raise InvalidValue("--date", None, "times since midnight need a day", "give --date, or columns.date")
        return midnight_ns(day)
    coded = days.dictionary_encode()
    known = []
    for text in coded.dictionary.to_pylist():
        try:
            known.append(midnight_ns(date.fromisoformat(text.strip())))
        except ValueError as error:
            raise rows.fault("date", pc.equal(days, text), "YYYYMMDD or YYYY-MM-DD") from error
    return np.asarray(np.array(known, dtype=np.int64)[coded.indices.to_numpy()])


def _iso(rows: Rows, text: pa.Array, zone: str) -> NDArray[np.int64]:
    zoned = pc.match_substring_regex(text, r"(Z|[+-]\d\d:?\d\d)$")
    if pc.any(zoned).as_py() != pc.all(zoned).as_py():
        raise rows.fault("time", pc.invert(zoned), "a zone in every time or in none")
    rule = "a time as 2024-01-16T09:30:00.123, with or without a zone (time.format iso)"
    try:
        if pc.all(zoned).as_py():
            return _ns(pc.cast(text, pa.timestamp("ns", "UTC")))
        return _ns(_local(pc.cast(text, pa.timestamp("ns")), zone))
    except pa.ArrowInvalid as error:
        pattern = r"^\d{4}-?\d\d-?\d\d[ T]\d\d(:?\d\d(:?\d\d([.,]\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?$"
        raise rows.fault("time", pc.invert(pc.match_substring_regex(text, pattern)), f"{rule}: {error}") from error


def _by_pattern(rows: Rows, text: pa.Array, time: CsvTime) -> NDArray[np.int64]:
    # Arrow's own strptime knows no fractions of a second.
    import pandas  # noqa: PLC0415  (comes with the exchange calendar; half a second, only for patterns)

    found = pandas.to_datetime(text.to_pandas(), format=time.format, errors="coerce")
    bad = found.isna().to_numpy()
    if bad.any():
        raise rows.fault("time", pa.array(bad), f"a time as {time.format} says")
    if found.dt.tz is not None:
        return np.asarray(found.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[ns]").view(np.int64))
    naive = pa.array(found.to_numpy("datetime64[ns]"), type=pa.timestamp("ns"))
    try:
        return _ns(_local(naive, time.zone))
    except pa.ArrowInvalid as error:
        raise InvalidValue(f"{rows.file} time", str(error), f"a time that exists in {time.zone}") from error


def _local(naive: Any, zone: str) -> Any:
    return pc.assume_timezone(naive, zone, ambiguous="earliest", nonexistent="raise")


def _ns(stamps: Any) -> NDArray[np.int64]:
    return np.asarray(stamps.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def local_days(ts: NDArray[np.int64]) -> NDArray[Any]:
    """The New York date of each time, as numpy datetime64[D]."""
    stamps = pa.array(ts).cast(pa.timestamp("ns", "UTC")).cast(pa.timestamp("ns", "America/New_York"))
    return np.asarray(pc.local_timestamp(stamps).to_numpy(zero_copy_only=False).astype("datetime64[D]"))

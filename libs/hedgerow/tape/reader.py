"""Reading a tape: every row is checked before any is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import COLUMN_NAMES, MAKE_AGAIN, METADATA_KEY, SCHEMA, Tape, TapeMeta, check_columns

# What pyarrow raises for a file that is damaged: its own, and in places Python's.
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError)


def read_meta(path: Path) -> TapeMeta:
    """A tape's metadata alone; raises InvalidValue where the file is absent, unreadable or no tape."""
    with _opened(path) as file:
        return _meta(path, file)


def read_tape(path: Path) -> Tape:
    """The whole tape, null sides as NaN.

    Raises InvalidValue naming the file and the row where a price is NaN, infinite or not above zero, a size
    is negative, an instrument is unknown or time goes backwards; crossed quotes pass (see `Tape.crossed`).
    """
    with _opened(path) as file:
        meta = _meta(path, file)
        try:
            table = file.read(columns=list(COLUMN_NAMES))
        except _DAMAGED as error:
            raise _unreadable(path, error) from error
    where = f"tape {path}"
    arrays = {}
    for name in COLUMN_NAMES:
        column = table.column(name)
        _refuse_nulls_and_nan(where, name, column)
        arrays[name] = np.ascontiguousarray(column.to_numpy())
    tape = Tape(meta=meta, **arrays)
    check_columns(where, tape, len(meta.instruments))
    return tape


def _opened(path: Path) -> pq.ParquetFile:
    if not path.is_file():
        raise InvalidValue("tape", str(path), "a file that exists", MAKE_AGAIN)
    try:
        file = pq.ParquetFile(path)
        file.schema_arrow  # noqa: B018  (decoded on first use; damage in it shows here)
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    return file


def _unreadable(path: Path, error: Exception) -> InvalidValue:
    detail = str(error).partition("\n")[0] or type(error).__name__
    return InvalidValue("tape", str(path), f"a whole Parquet file ({detail})", MAKE_AGAIN)


def _meta(path: Path, file: pq.ParquetFile) -> TapeMeta:
    schema = file.schema_arrow
    for field in SCHEMA:
        index = schema.get_field_index(field.name)
        if index < 0 or schema.field(index).type != field.type:
            found = "absent" if index < 0 else str(schema.field(index).type)
            raise InvalidValue(f"tape {path} column {field.name}", found, f"type {field.type}", MAKE_AGAIN)
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        raise InvalidValue("tape", str(path), "Parquet with a `hedgerow` metadata entry", MAKE_AGAIN)
    try:
        return TapeMeta.from_json(text)
    except InvalidValue as error:
        raise InvalidValue(f"{error.key} of {path}", error.value, error.rule, error.fix) from error


def _refuse_nulls_and_nan(where: str, name: str, column: pa.ChunkedArray) -> None:
    """In a file a side is absent by null alone: NaN is a fault of whoever wrote it."""
    if not SCHEMA.field(name).nullable and column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise InvalidValue(f"{where} row {row} {name}", None, "only bid and ask may be null", MAKE_AGAIN)
    if pa.types.is_floating(column.type):
        nan = pc.is_nan(column)
        if pc.any(nan).as_py():
            row = pc.index(nan, True).as_py()
            rule = "a price is finite and above zero; an absent side is null"
            raise InvalidValue(f"{where} row {row} {name}", float("nan"), rule, MAKE_AGAIN)

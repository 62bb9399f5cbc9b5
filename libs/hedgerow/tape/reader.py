"""Reading a tape: every row is checked before any is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import (
    COLUMN_NAMES,
    MAKE_AGAIN,
    METADATA_KEY,
    SCHEMA,
    VERSION,
    Tape,
    TapeMeta,
    Trades,
    check_columns,
)
from hedgerow.tape.trades import SCHEMA_WITH_TRADES, TRADE_COLUMNS, check_trades, split

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
    meta, table, trades = read_table(path)
    where = f"tape {path}"
    arrays = {}
    for name in COLUMN_NAMES:
        column = table.column(name)
        _refuse_nulls_and_nan(where, name, column)
        arrays[name] = np.ascontiguousarray(column.to_numpy())
    tape = Tape(meta=meta, trades=trades, **arrays)
    check_columns(where, tape, len(meta.instruments))
    if trades is not None:
        check_trades(where, trades, len(meta.instruments))
    return tape


def read_table(path: Path) -> tuple[TapeMeta, pa.Table, Trades | None]:
    """A tape's metadata, its quotes' rows as they are in the file, unchecked, and its prints.

    Raises InvalidValue where the file is absent, unreadable or no tape.
    """
    with _opened(path) as file:
        meta = _meta(path, file)
        with_trades = meta.version != VERSION
        try:
            table = file.read(columns=[*COLUMN_NAMES, *(TRADE_COLUMNS if with_trades else ())])
            return (meta, *split(f"tape {path}", table)) if with_trades else (meta, table, None)
        except InvalidValue:
            raise
        except _DAMAGED as error:
            raise _unreadable(path, error) from error


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
    _require(path, schema, SCHEMA)
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        raise InvalidValue("tape", str(path), "Parquet with a `hedgerow` metadata entry", MAKE_AGAIN)
    try:
        meta = TapeMeta.from_json(text)
    except InvalidValue as error:
        raise InvalidValue(f"{error.key} of {path}", error.value, error.rule, error.fix) from error
    if meta.version != VERSION:
        _require(path, schema, SCHEMA_WITH_TRADES)
    return meta


def _require(path: Path, found: pa.Schema, wanted: pa.Schema) -> None:
    for field in wanted:
        index = found.get_field_index(field.name)
        if index < 0 or found.field(index).type != field.type:
            kind = "absent" if index < 0 else str(found.field(index).type)
            raise InvalidValue(f"tape {path} column {field.name}", kind, f"type {field.type}", MAKE_AGAIN)


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

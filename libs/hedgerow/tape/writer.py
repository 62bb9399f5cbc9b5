"""Writing a tape: whole or not at all."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import (
    COLUMN_NAMES,
    METADATA_KEY,
    SCHEMA,
    VERSION,
    VERSION_WITH_TRADES,
    Tape,
    TapeColumns,
    TapeMeta,
    Trades,
    check_columns,
)
from hedgerow.tape.trades import SCHEMA_WITH_TRADES, check_trades, merged

# A reader that wants one stretch of the day decodes about this many rows more than it asked for.
ROW_GROUP_ROWS = 262_144


def write_tape(path: Path, meta: TapeMeta, columns: TapeColumns, trades: Trades | None = None) -> TapeMeta:
    """Write the tape to `path`, replacing what was there; NaN prices become null.

    `trades` None takes those of `columns` where that is a whole Tape; the version is 2 with prints, else 1.
    Returns the metadata as written, durable. Raises InvalidValue where the rows make no tape or the place cannot be
    written; on any failure `path` is as it was and nothing partial is left beside it.
    """
    check_columns(f"tape {path}", columns, len(meta.instruments))
    arrays = [
        pa.array(getattr(columns, name), type=SCHEMA.field(name).type, from_pandas=SCHEMA.field(name).nullable)
        for name in COLUMN_NAMES
    ]
    schema, version = SCHEMA, VERSION
    if trades is None and isinstance(columns, Tape):
        trades = columns.trades
    if trades is not None and len(trades):
        check_trades(f"tape {path}", trades, len(meta.instruments))
        arrays, schema, version = merged(columns, arrays, trades), SCHEMA_WITH_TRADES, VERSION_WITH_TRADES
    meta = replace(meta, version=version)
    metadata = {METADATA_KEY: meta.to_json().encode()}
    table = pa.Table.from_arrays(arrays, schema=schema.with_metadata(metadata))
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        _write_whole(table, path, part)
    except OSError as error:
        raise InvalidValue(
            "out", str(path), f"a file that can be written ({error.strerror or error})", "name a folder that exists, "
            "is writable and has room",
        ) from error  # fmt: skip
    return meta


def _write_whole(table: pa.Table, path: Path, part: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(None, "Is a directory")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            pq.write_table(
                table, file, row_group_size=ROW_GROUP_ROWS, compression="lz4",
                use_dictionary=["bid", "ask", "bid_size", "ask_size", "instrument"], write_statistics=["ts"],
            )  # fmt: skip
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

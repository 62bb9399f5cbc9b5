"""Writing a tape: whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import COLUMN_NAMES, METADATA_KEY, SCHEMA, TapeColumns, TapeMeta, check_columns

# A reader that wants one stretch of the day decodes about this many rows more than it asked for.
ROW_GROUP_ROWS = 262_144


def write_tape(path: Path, meta: TapeMeta, columns: TapeColumns) -> None:
    """Write the tape to `path`, replacing what was there; NaN prices become null.

    Durable when it returns. Raises InvalidValue where the rows make no tape or the place cannot be written;
    on any failure `path` is as it was and nothing partial is left beside it.
    """
    check_columns(f"tape {path}", columns, len(meta.instruments))
    arrays = [
        pa.array(getattr(columns, name), type=SCHEMA.field(name).type, from_pandas=SCHEMA.field(name).nullable)
        for name in COLUMN_NAMES
    ]
    schema = SCHEMA.with_metadata({METADATA_KEY: meta.to_json().encode()})
    table = pa.Table.from_arrays(arrays, schema=schema)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        _write_whole(table, path, part)
    except OSError as error:
        raise InvalidValue(
            "out", str(path), f"a file that can be written ({error.strerror or error})", "name a folder that exists, "
            "is writable and has room",
        ) from error  # fmt: skip


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

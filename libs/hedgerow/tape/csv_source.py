"""A CSV file, plain, gzipped or zipped, as batches of text columns: never the whole of it in memory."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv as pa_csv

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.csv_mapping import CsvMapping
from hedgerow.tape.lean_source import GET_AGAIN, only_member, opened_zip

BLOCK_BYTES = 2 << 20
_LONGEST_LINE = 1 << 20


def batches(path: Path, mapping: CsvMapping, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The mapped columns, named by field and all text, block by block, each with the number of its first row.

    Rows count from 1 after the header. Raises InvalidValue for a file that is absent or damaged, a column that is
    not there, or a row with another number of fields.
    """
    with _opened(path) as file:
        names = _header(path, file, mapping)
    wanted = {field: _column(path, field, value, names) for field, value in mapping.columns.mapped.items()}
    with _opened(path) as file:
        try:
            reader = pa_csv.open_csv(
                file,
                read_options=pa_csv.ReadOptions(
                    block_size=block_bytes, column_names=names, skip_rows=mapping.skip_rows + mapping.header,
                    use_threads=False,
                ),
                parse_options=pa_csv.ParseOptions(delimiter=mapping.delimiter),
                convert_options=pa_csv.ConvertOptions(
                    include_columns=list(dict.fromkeys(wanted.values())),
                    column_types={name: pa.string() for name in names}, strings_can_be_null=True,
                    quoted_strings_can_be_null=True, null_values=list(mapping.absent),
                ),
            )  # fmt: skip
            row = 1
            for batch in reader:
                yield row, pa.RecordBatch.from_arrays([batch.column(name) for name in wanted.values()], list(wanted))
                row += batch.num_rows
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            detail = " ".join(str(error).split())
            raise InvalidValue("file", str(path), f"rows of {len(names)} fields ({detail})", GET_AGAIN) from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The text's bytes; what is damaged, now or while reading, becomes InvalidValue."""
    if not path.is_file():
        raise InvalidValue("file", str(path), "a file that exists")
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"PK\x03\x04":
        with opened_zip(path) as archive, archive.open(_member(archive, path)) as member:
            yield member
        return
    try:
        with gzip.open(path) if start[:2] == b"\x1f\x8b" else path.open("rb") as file:
            yield file  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidValue("file", str(path), f"a whole gzip file ({error})", GET_AGAIN) from error


def _member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """The one file of a zip, whatever its name."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    return members[0] if len(members) == 1 else only_member(archive, path)


def _header(path: Path, file: IO[bytes], mapping: CsvMapping) -> list[str]:
    """The names in the header, or f1, f2, ... where there is none."""
    line = b""
    for _ in range(mapping.skip_rows + 1):
        line = file.readline(_LONGEST_LINE)
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidValue("file", str(path), f"text in UTF-8 ({error})") from error
    fields = [field.strip().strip('"') for field in text.split(mapping.delimiter)]
    if not mapping.header:
        return [f"f{number}" for number in range(1, len(fields) + 1)]
    twice = sorted({field for field in fields if fields.count(field) > 1})
    named = [value for value in mapping.columns.mapped.values() if value in twice]
    if named:
        raise InvalidValue(f"{path} header", named[0], "a column's name once", "use the column's number")
    # names that occur twice and are not asked for are only kept apart
    return [f"{field}#{number}" if field in twice else field for number, field in enumerate(fields, start=1)]


def _column(path: Path, field: str, value: int | str, names: list[str]) -> str:
    if isinstance(value, int):
        if value > len(names):
            raise InvalidValue(f"columns.{field}", value, f"{path} has {len(names)} columns")
        return names[value - 1]
    if value not in names:
        raise InvalidValue(f"columns.{field}", value, f"{path} has the columns {', '.join(names)}")
    return value

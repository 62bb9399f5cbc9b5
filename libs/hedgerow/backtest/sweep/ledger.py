"""Finished combinations on disk, one line each, so that a sweep that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import IO

from hedgerow.backtest.sweep.plan import Plan
from hedgerow.backtest.sweep.rows import Header, Row
from hedgerow.domain.errors import InvalidValue

NAME = "finished.jsonl"
FORMAT = 1


def identity(plan: Plan, header: Header) -> str:
    """sha256 (hex) of all that decides a row: configuration, combinations, data, code; no path."""
    config = plan.spec(plan.combinations[0]).content()
    told = [FORMAT, config, plan.keys, plan.combinations, header.tape_hash, header.code_version]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Ledger:
    """The finished combinations of one sweep in a folder; raises InvalidValue for a folder of another sweep."""

    def __init__(self, folder: Path, plan: Plan, header: Header) -> None:
        own = identity(plan, header)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / NAME
            found, length = _read(path, own)
            self._file: IO[bytes] = path.open("r+b" if path.exists() else "w+b")
        except OSError as error:
            rule = f"a folder that can be written ({error.strerror})"
            raise InvalidValue("--output", str(folder), rule) from error
        self.finished = {row.number: row for row in found}
        self._file.truncate(length)
        self._file.seek(length)
        if not length:
            self._line(json.dumps({"sweep": own, "header": header}))

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: Row) -> None:
        """Keep a finished combination; once this returns, the end of this process does not lose it."""
        self._line(row.to_json())
        self.finished[row.number] = row

    def _line(self, text: str) -> None:
        self._file.write(text.encode() + b"\n")
        self._file.flush()


def _read(path: Path, own: str) -> tuple[list[Row], int]:
    """The rows of a ledger and the length of its whole lines; a line torn by a kill is left out."""
    if not path.exists():
        return [], 0
    data = path.read_bytes()
    lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)
    if not lines:
        return [], 0
    folder = str(path.parent)
    try:
        known = json.loads(lines[0])["sweep"]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidValue("--output", folder, f"a folder whose {NAME} is a sweep's", "take another folder") from error
    if known != own:
        rule = "the folder of this very sweep: its spec, parameters, tapes or the code are others"
        raise InvalidValue("--output", folder, rule, "take another folder, or remove this one")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            rows.append(Row.from_json(line.decode()))
        except (ValueError, KeyError, TypeError) as error:
            rule = f"whole lines in {NAME}; line {number} is damaged"
            raise InvalidValue("--output", folder, rule, "remove that line: its combination runs again") from error
    return rows, sum(map(len, lines))

"""Reads what the daemons last wrote, whether they live or not: from their stores, or the file they were told."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hedgerow.domain.errors import HedgerowError, InvalidValue, NotFound
from hedgerow.store.engine import open_store, storage_errors
from hedgerow.store.location import Place, as_location
from services.control.domain import StrategyFact

_EXISTS = "SELECT count(*) FROM sqlite_master WHERE name = 'status_current'"
_CURRENT = "SELECT snapshot FROM status_current WHERE strategy = ?"


class StoredSnapshots:
    """The current view of each strategy, by the kind of sink they write to."""

    def __init__(self, place: Place, strategies: Sequence[str], sink: str) -> None:
        self._strategies = strategies
        parts = urlsplit(sink)
        self._file = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._rows = {name: _CurrentRow(place, name) for name in strategies}
        self._reading = asyncio.Lock()

    async def read(self) -> tuple[StrategyFact, ...]:
        """One fact per strategy, in order of configuration; a damaged store is a fact as well."""
        async with self._reading:
            return await asyncio.to_thread(self._read)

    def _read(self) -> tuple[StrategyFact, ...]:
        return tuple(self._fact(name) for name in self._strategies)

    def _fact(self, name: str) -> StrategyFact:
        try:
            snapshot = self._rows[name].read() if self._file is None else _from_file(self._file, name)
        except HedgerowError as error:
            return StrategyFact(name, None, str(error))
        return StrategyFact(name, snapshot)

    def close(self) -> None:
        """Closes every file."""
        for row in self._rows.values():
            row.close()


def _from_file(path: Path, strategy: str) -> dict[str, Any] | None:
    """The file's snapshot, None when there is no file or it is another strategy's; raises InvalidValue."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue("status.sink", str(path), "a file that can be read") from error
    snapshot = _document(text, str(path))
    return snapshot if snapshot.get("strategy") == strategy else None


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidValue("snapshot", source, "a JSON object") from error
    if not isinstance(value, dict):
        raise InvalidValue("snapshot", source, "a JSON object")
    return value


class _CurrentRow:
    """One strategy's current row through a connection that stays open; unchanged files are not read again."""

    def __init__(self, place: Place, strategy: str) -> None:
        self._place = place
        self._strategy = strategy
        folder = as_location(place).folder
        assert folder is not None
        self._path = folder / f"strategy-{strategy}.db"
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._version = -1
        self._snapshot: dict[str, Any] | None = None

    def read(self) -> dict[str, Any] | None:
        """The snapshot, None before the first; raises Unavailable or InvalidValue when it cannot be read."""
        try:
            inode = os.stat(self._path).st_ino
            connection = self._opened(inode)
        except (FileNotFoundError, NotFound):
            self.close()
            return None
        try:
            with storage_errors(self._path):
                version = int(connection.execute("PRAGMA data_version").fetchone()[0])
                if version == self._version:
                    return self._snapshot
                if not connection.execute(_EXISTS).fetchone()[0]:
                    return None
                row = connection.execute(_CURRENT, (self._strategy,)).fetchone()
            self._snapshot = None if row is None else _document(row[0], str(self._path))
        except HedgerowError:
            self.close()
            raise
        self._version = version
        return self._snapshot

    def _opened(self, inode: int) -> sqlite3.Connection:
        if self._connection is None or inode != self._inode:
            self.close()
            with open_store(self._place, f"strategy-{self._strategy}", read_only=True) as store:
                self._connection = store.raw_connection()
            self._inode = inode
        return self._connection

    def close(self) -> None:
        """Closes the file and forgets what it said."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._version, self._snapshot = None, -1, None

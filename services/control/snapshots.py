"""Reads what the daemons last wrote, whether they live or not: from their stores, or the file they were told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hedgerow.domain.errors import HedgerowError, InvalidValue
from hedgerow.store.location import Place
from hedgerow.store.status_reader import StatusReader, document
from services.control.domain import StrategyFact


class StoredSnapshots:
    """The current view of each strategy, by the kind of sink they write to."""

    def __init__(self, place: Place, strategies: Sequence[str], sink: str) -> None:
        self._strategies = strategies
        parts = urlsplit(sink)
        self._file = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._rows = {name: StatusReader(place, name) for name in strategies}
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
        """Lets go of every database."""
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
    snapshot = document(text, str(path))
    return snapshot if snapshot.get("strategy") == strategy else None

"""History off the hot path: append-only rows that nobody waits for, into whichever database a session has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from hedgerow.store.location import Place, as_location
from hedgerow.store.tables import METADATA, owner_kind
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteMode
from hedgerow.telemetry.metrics import counter

DROPPED = counter("hedgerow_history_dropped_rows_total", "History rows the database never took.")


class History(Protocol):
    """Takes rows of one owner on its event loop and stores them soon, in the order they came, each once."""

    def append(self, table: str, row: Mapping[str, Any]) -> None:
        """Queues a row; one whose key is in the table already is left as it is there.

        Raises NotFound for a table, InvalidValue for a column or value that cannot be.
        """

    @property
    def pending(self) -> int:
        """Rows queued and not yet stored."""

    @property
    def dropped(self) -> int:
        """Rows that were never stored, since the start."""

    @property
    def failed(self) -> str:
        """Why rows are not being stored, in words; empty while they are."""

    async def close(self) -> None:
        """Stores what is pending, if the database takes it in a few seconds."""


def open_history(place: Place, owner: str, writer: AsyncWriter) -> History:
    """The owner's history: on SQLite through `writer`, its one connection, on PostgreSQL copied in batches."""
    location = as_location(place)
    if not location.url:
        return WriterHistory(owner, writer)
    from hedgerow.store.copy_history import CopyHistory  # noqa: PLC0415 - a session on SQLite needs no asyncpg

    return CopyHistory(location.url, location.schema(owner), METADATA[owner_kind(owner)])


class WriterHistory:
    """Rows go through the owner's writer, and share its commits."""

    def __init__(self, owner: str, writer: AsyncWriter) -> None:
        self._tables = METADATA[owner_kind(owner)].tables
        self._writer = writer
        self._pending: set[asyncio.Future[None]] = set()
        self._dropped = 0

    @property
    def pending(self) -> int:
        """Rows queued and not yet stored."""
        return len(self._pending)

    @property
    def dropped(self) -> int:
        """Rows that were never stored, since the start."""
        return self._dropped

    @property
    def failed(self) -> str:
        """Why the last commit failed, in words; empty while commits succeed."""
        return self._writer.failed

    def append(self, table: str, row: Mapping[str, Any]) -> None:
        """Queues a row; one whose key is in the table already is left as it is there."""
        known = self._tables.get(table)
        keyed = known is not None and all(column.name in row for column in known.primary_key)
        future = self._writer.write([Write(table, row, WriteMode.IGNORE if keyed else WriteMode.INSERT)])
        self._pending.add(future)
        future.add_done_callback(self._done)

    def _done(self, future: asyncio.Future[None]) -> None:
        self._pending.discard(future)
        if future.cancelled() or future.exception() is not None:
            self._dropped += 1
            DROPPED.inc()

    async def close(self) -> None:
        """Waits for what is pending; the writer is closed by its owner."""
        if self._pending:
            await asyncio.wait(self._pending)

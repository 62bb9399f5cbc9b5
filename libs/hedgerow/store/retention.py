"""Retention: keeps histories within their days and megabytes, a slice per transaction."""

from __future__ import annotations

from collections.abc import Mapping

from hedgerow.store.backend import Backend, Cursor
from hedgerow.store.writer import AsyncWriter

NS_PER_DAY = 86_400_000_000_000
SLICE_ROWS = 2000
"""Rows deleted per transaction, so that writes in between wait little."""

# Histories that may be cut: table -> its wall time column. Nothing else is ever deleted.
PRUNED: Mapping[str, str] = {"status_history": "ts", "decisions": "wall_ns"}


async def prune(writer: AsyncWriter, *, now_ns: int, retention_days: float, max_mb: float) -> int:
    """Deletes the oldest rows of `status_history` and `decisions`; how many it deleted.

    First those older than `retention_days` of wall time, then, while the database holds more
    than `max_mb` megabytes (10^6 bytes) of data, the oldest of the larger table. Freed space is
    used again. Raises Unavailable when the database fails.
    """
    oldest_ns = now_ns - int(retention_days * NS_PER_DAY)
    deleted = 0
    backend = writer.backend
    while count := await writer.submit(lambda cursor: _prune_old(backend, cursor, oldest_ns)):
        deleted += count
    while count := await writer.submit(lambda cursor: _prune_large(backend, cursor, int(max_mb * 1_000_000))):
        deleted += count
    return deleted


def _prune_old(backend: Backend, cursor: Cursor, oldest_ns: int) -> int:
    deleted = 0
    for table, column in PRUNED.items():
        cursor.execute(backend.delete_some(table, f"WHERE {column} < ? LIMIT {SLICE_ROWS}"), (oldest_ns,))
        deleted += cursor.rowcount
    return deleted


def _prune_large(backend: Backend, cursor: Cursor, max_bytes: int) -> int:
    if backend.data_bytes(cursor, PRUNED) <= max_bytes:
        return 0
    rows = {table: int(cursor.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in PRUNED}
    table = max(rows, key=lambda name: rows[name])
    # A tenth at most per step: a small database is not emptied by one slice.
    count = min(SLICE_ROWS, max(1, rows[table] // 10))
    cursor.execute(backend.delete_some(table, f"ORDER BY {PRUNED[table]} LIMIT {count}"))
    return cursor.rowcount

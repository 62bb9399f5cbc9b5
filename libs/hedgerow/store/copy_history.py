"""History on PostgreSQL: rows copied in batches over a connection of the event loop's own, each batch whole, once."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.store.history import DROPPED
from hedgerow.store.writes import to_database

BATCH_ROWS = 2000
LINGER_S = 0.2
"""A batch is copied when it has so many rows, or when its first row has waited so long."""
LIMIT_ROWS = 20_000
"""Rows kept while the database does not take them, some tens of megabytes; then the oldest go."""
TIMEOUT_S = 10.0
CLOSE_S = 2.0
RETRY_S = (0.05, 1.0)
"""First and longest pause before connecting again."""

# The rows' own fault: sent again they fail again.
_ROW_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, TypeError, OverflowError)
# Anything else the connection, the server or the schema is at fault for: the batch waits for it to be put right.
_OUTAGES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

_AS_IT_IS = frozenset({str, int, float, bool, type(None)})
# Snapshots are large enough to be compressed, which lz4 does in a fraction of the time; not every server has it.
_COMPRESSION = """
    SELECT set_config(name, 'lz4', false) FROM pg_settings
    WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"""
# The table's next numbers; its sequence is looked up once, not for every number.
_NUMBERS = """
    SELECT array_agg(number) FROM (
        SELECT nextval(counter) AS number
        FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS counter OFFSET 0) AS one, generate_series(1, $3)
    ) AS numbers"""


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Which columns of which table a row fills; `counted`: the key comes first and the database numbers it."""

    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    key_types: tuple[str, ...]
    counted: bool


Values = tuple[Any, ...]
_Batch = dict[_Shape, list[Values]]
"""Rows in the order they came, by the one shape that each table's rows in this batch have."""


class CopyHistory:
    """Used on one event loop; a batch is one transaction, and one whose commit is in doubt is looked for first."""

    def __init__(
        self, url: str, schema: str, metadata: sa.MetaData, *,
        batch_rows: int = BATCH_ROWS, linger_s: float = LINGER_S, limit_rows: int = LIMIT_ROWS,
    ) -> None:  # fmt: skip
        self._url, self._schema, self._metadata = url, schema, metadata
        self._batch_rows, self._linger_s, self._limit_rows = batch_rows, linger_s, limit_rows
        self._shapes: dict[tuple[str, tuple[str, ...]], _Shape] = {}
        self._queue: deque[tuple[_Shape, Values]] = deque()
        self._in_hand = 0
        self._dropped = 0
        self._failed = ""
        self._some, self._enough, self._closing = asyncio.Event(), asyncio.Event(), False
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pending(self) -> int:
        """Rows queued and not yet stored."""
        return len(self._queue) + self._in_hand

    @property
    def dropped(self) -> int:
        """Rows that were never stored: the oldest of a long outage, and those the table does not take."""
        return self._dropped

    @property
    def failed(self) -> str:
        """Why rows are not being stored, in words; empty while they are."""
        return self._failed

    def append(self, table: str, row: Mapping[str, Any]) -> None:
        """Queues a row; one whose key is in the table already is left as it is there.

        With `limit_rows` pending the oldest of the queue goes. Raises NotFound for a table,
        InvalidValue for a column or value that cannot be, and what ended the writing if it has ended.
        """
        shape = self._shape(table, tuple(row))
        values = tuple([value if type(value) in _AS_IT_IS else to_database(value) for value in row.values()])
        if self._closing:
            self._drop(1)
            return
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        elif self._task.done():
            self._task.result()
        if self.pending >= self._limit_rows:
            self._queue.popleft()
            self._drop(1)
        self._queue.append((shape, values))
        if len(self._queue) in (1, self._batch_rows):
            self._signal()

    async def close(self) -> None:
        """Stores what is pending, if the database takes it in a few seconds, and disconnects."""
        self._closing = True
        self._signal()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=CLOSE_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._drop(self.pending)
        self._queue.clear()
        self._in_hand = 0
        self._disconnect()

    def _drop(self, rows: int) -> None:
        self._dropped += rows
        DROPPED.inc(rows)

    def _shape(self, table: str, names: tuple[str, ...]) -> _Shape:
        shape = self._shapes.get((table, names))
        if shape is None:
            shape = self._shapes[table, names] = _shape_of(self._metadata, table, names)
        return shape

    def _signal(self) -> None:
        """Sets the events by what is queued."""
        queued = len(self._queue)
        if queued or self._closing:
            self._some.set()
        else:
            self._some.clear()
        if queued >= self._batch_rows or self._closing:
            self._enough.set()
        else:
            self._enough.clear()

    async def _run(self) -> None:
        """Batch after batch, until closed and empty."""
        while self._queue or not self._closing:
            await self._some.wait()
            with contextlib.suppress(TimeoutError):  # then the first row has waited long enough
                await asyncio.wait_for(self._enough.wait(), self._linger_s)
            batch = self._next_batch()
            self._in_hand = _rows(batch)
            self._signal()
            if batch:
                await self._store(batch)

    def _next_batch(self) -> _Batch:
        batch: _Batch = {}
        shapes: dict[str, _Shape] = {}
        for _ in range(min(self._batch_rows, len(self._queue))):
            shape, values = self._queue[0]
            if shapes.setdefault(shape.table, shape) is not shape:
                break
            self._queue.popleft()
            batch.setdefault(shape, []).append(values)
        return batch

    async def _store(self, batch: _Batch, in_doubt: bool = False) -> None:
        """Returns when the rows are in their tables, or can never be."""
        pause_s = RETRY_S[0]
        while True:
            try:
                connection = await self._connected()
                await self._number(connection, batch)
                if not (in_doubt and await self._is_there(connection, batch)):
                    in_doubt = True
                    await self._copy(connection, batch)
            except _ROW_ERRORS as error:
                self._disconnect()
                await self._leave_out(batch, error)
                return
            except _OUTAGES as error:
                self._disconnect()
                self._failed = _words(error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, RETRY_S[1])
            else:
                self._failed = ""
                self._in_hand -= _rows(batch)
                return

    async def _leave_out(self, batch: _Batch, error: BaseException) -> None:
        """Stores what can be stored of a batch with a row the table does not take: halved until that is alone."""
        if _rows(batch) > 1:
            for part in _halves(batch):
                await self._store(part, in_doubt=True)
            return
        self._in_hand -= 1
        if not isinstance(error, asyncpg.UniqueViolationError):  # then the row is there
            self._failed = _words(error)
            self._drop(1)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await asyncpg.connect(
                    self._url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S,
                    server_settings={"application_name": f"hedgerow {self._schema} history pid {os.getpid()}"[-63:]},
                )  # fmt: skip
                await self._connection.execute(_COMPRESSION)
            except ValueError as error:  # no row's fault
                raise OSError(_words(error)) from error
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _number(self, connection: asyncpg.Connection, batch: _Batch) -> None:
        """Gives the rows that the database counts its next numbers as their key, once."""
        for shape, rows in batch.items():
            if shape.counted and len(rows[0]) < len(shape.columns):
                numbers = await connection.fetchval(
                    _NUMBERS, f'"{self._schema}"."{shape.table}"', shape.columns[0], len(rows)
                )
                batch[shape] = [(number, *values) for number, values in zip(sorted(numbers), rows, strict=True)]

    async def _is_there(self, connection: asyncpg.Connection, batch: _Batch) -> bool:
        """Whether a batch whose commit is in doubt was committed: all its keys are in their tables."""
        for shape, rows in batch.items():
            places = [shape.columns.index(key) for key in shape.keys]
            arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(shape.key_types, 1))
            names = ", ".join(f'"{key}"' for key in shape.keys)
            count = await connection.fetchval(
                f'SELECT count(*) FROM unnest({arrays}) AS wanted({names}) JOIN "{self._schema}"."{shape.table}" '
                f"USING ({names})",
                *([row[place] for row in rows] for place in places),
            )
            if count != len(rows):
                return False
        return True

    async def _copy(self, connection: asyncpg.Connection, batch: _Batch) -> None:
        """One transaction; whoever sees it fail disconnects, which rolls it back."""
        await connection.execute("BEGIN")
        for shape, rows in batch.items():
            await connection.copy_records_to_table(
                shape.table, schema_name=self._schema, columns=shape.columns, records=rows, timeout=TIMEOUT_S
            )
        if (answer := await connection.execute("COMMIT")) != "COMMIT":
            raise OSError(f"the server answered COMMIT with {answer}")


def _shape_of(metadata: sa.MetaData, name: str, names: tuple[str, ...]) -> _Shape:
    table = metadata.tables.get(name)
    if table is None:
        raise NotFound(f"no table {name!r}")
    for column in names:
        if column not in table.c:
            raise InvalidValue(f"{name}.{column}", column, f"one of: {', '.join(table.c.keys())}")
    keys = tuple(column.name for column in table.primary_key)
    missing = [key for key in keys if key not in names]
    counted = missing == list(keys) and table.autoincrement_column is not None
    if missing and not counted:
        raise InvalidValue(f"{name}.{missing[0]}", None, "a row of a history holds its whole key")
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = tuple(column.type.compile(dialect=dialect) for column in table.primary_key)
    return _Shape(name, (*keys, *names) if counted else names, keys, kinds, counted)


def _rows(batch: _Batch) -> int:
    return sum(len(rows) for rows in batch.values())


def _halves(batch: _Batch) -> tuple[_Batch, _Batch]:
    """Table by table, or, of one table, the earlier rows and the later ones."""
    shape, rows = next(iter(batch.items()))
    if len(batch) > 1:
        return {shape: rows}, {other: batch[other] for other in batch if other is not shape}
    middle = len(rows) // 2
    return {shape: rows[:middle]}, {shape: rows[middle:]}


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__

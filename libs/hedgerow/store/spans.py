"""Spans of hedges in the store of the process that made them: written off the order's way, kept within bounds."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.errors import HedgerowError
from hedgerow.store.engine import Store
from hedgerow.store.location import Place
from hedgerow.store.read import Row, owners, read_rows
from hedgerow.store.retention import NS_PER_DAY
from hedgerow.store.tables import METADATA, owner_kind
from hedgerow.store.writes import Write, WriteMode
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.traces import DROPPED, EndedSpan, add_sink, remove_sink

PENDING_SPANS = 2048
"""Spans that may wait for the disk; more are dropped and counted."""
COMMIT_SPANS = 64
"""Spans per commit: one that an order's commit would wait for is short."""
CUT_AFTER_SPANS = 5000
"""Spans written between two looks at how many there are."""
SLICE_SPANS = 500


class Keeping(Protocol):
    """How long and how many: the settings' `telemetry` section."""

    @property
    def trace_retention_days(self) -> float:
        """Days of wall time."""

    @property
    def trace_max_spans(self) -> int:
        """Most rows."""


class SpanStore:
    """Writes spans that have an `intent_id` through the store's own writer, from its making to `close`."""

    def __init__(self, store: Store, write: Callable[[list[Write]], asyncio.Future[Any]], keeping: Keeping) -> None:
        self._store = store
        self._write = write
        self._keeping = keeping
        self._pending = 0
        self._uncut = CUT_AFTER_SPANS  # what an earlier run left is cut with the first spans of this one
        self._cutting: asyncio.Task[None] | None = None
        add_sink(self._keep)

    async def close(self) -> None:
        """Queues what is left; the writer, closed after this, commits it."""
        remove_sink(self._keep)
        if self._cutting is not None:
            self._cutting.cancel()
            await asyncio.wait((self._cutting,))

    def _keep(self, spans: Sequence[EndedSpan]) -> None:
        rows = [_row(one) for one in spans if one.attributes.get("intent_id")]
        if self._pending + len(rows) > PENDING_SPANS:
            DROPPED.labels("store").inc(len(rows))
            return
        for first in range(0, len(rows), COMMIT_SPANS):
            part = rows[first : first + COMMIT_SPANS]
            self._pending += len(part)
            self._write(part).add_done_callback(partial(self._written, len(part)))
        self._uncut += len(rows)
        if rows and self._uncut >= CUT_AFTER_SPANS and (self._cutting is None or self._cutting.done()):
            self._uncut = 0
            self._cutting = asyncio.create_task(self._cut())

    def _written(self, count: int, written: asyncio.Future[Any]) -> None:
        self._pending -= count
        if written.cancelled() or written.exception() is not None:
            DROPPED.labels("store").inc(count)  # a disk that fails is told of by those whose rows matter

    async def _cut(self) -> None:
        """Deletes the oldest beyond days and number, a slice per commit."""
        try:
            while oldest := await asyncio.to_thread(self._beyond):
                await self._write(oldest)
        except HedgerowError as error:
            get_logger().warning("spans not cut", cause=str(error))

    def _beyond(self) -> list[Write]:
        table = self._store.table("spans")
        keys = sa.select(table.c.trace_id, table.c.span_id).order_by(table.c.start_ns).limit(SLICE_SPANS)
        before = wall_now() - int(self._keeping.trace_retention_days * NS_PER_DAY)
        with self._store.read() as connection:
            rows = connection.execute(keys.where(table.c.start_ns < before)).all()
            if not rows:
                count = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0
                over = min(SLICE_SPANS, count - self._keeping.trace_max_spans)
                rows = connection.execute(keys.limit(over)).all() if over > 0 else []
        return [Write("spans", dict(row._mapping), WriteMode.DELETE) for row in rows]


def _row(one: EndedSpan) -> Write:
    attributes = {key: _plain(value) for key, value in one.attributes.items() if key != "intent_id"}
    values = {
        "trace_id": f"{one.context.trace_id:032x}",
        "span_id": f"{one.context.span_id:016x}",
        "parent_id": f"{one.parent_id:016x}" if one.parent_id else "",
        "intent_id": one.attributes["intent_id"],
        "process": one.process,
        "name": one.name,
        "start_ns": one.start_ns,
        "end_ns": one.end_ns,
        "error": one.error,
        "attributes": {key: value for key, value in attributes.items() if value is not None},
    }
    # What is told again (reports read anew after a restart) keeps its first time.
    return Write("spans", values, WriteMode.IGNORE)


def _plain(value: Any) -> Any:
    """The value as JSON holds it; a number that is none is left out."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return str(value)


def read_spans(place: Place, *, trace_id: str = "", intent_id: str = "") -> list[Row]:
    """Spans of every owner, of one trace or one intent, by their start; columns of the `spans` table."""

    def where(t: sa.Table) -> list[sa.ColumnElement[bool]]:
        conditions = [t.c.trace_id == trace_id] if trace_id else []
        return [*conditions, t.c.intent_id == intent_id] if intent_id else conditions

    rows = [
        row
        for owner in owners(place)
        if "spans" in METADATA[owner_kind(owner)].tables
        for row in read_rows(place, owner, "spans", where=where)
    ]
    return sorted(rows, key=lambda row: (row["start_ns"], -row["end_ns"]))

"""The journal: append-only, hash-chained, epoch-stamped events, committed with the rows they change."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from hedgerow.domain.errors import HedgerowError, JournalUnavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Cursor
from hedgerow.store.engine import Store
from hedgerow.store.writer import WriterThread
from hedgerow.store.writes import Write, canonical_json

GENESIS = "0" * 64
"""What the first event names as the hash before it."""

_INSERT = (
    "INSERT INTO journal (sequence, epoch, kind, wall_ns, market_ns, payload, prev_hash, hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """What happened: `payload` holds JSON values and Decimals; times are ns UTC."""

    kind: str
    payload: Mapping[str, Any]
    market_ns: int
    wall_ns: int


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One event as recorded; Decimals of the payload read back as strings."""

    sequence: int
    epoch: int
    kind: str
    wall_ns: int
    market_ns: int
    payload: dict[str, Any]
    prev_hash: str
    hash: str


class Head(NamedTuple):
    """The newest event: its sequence (0 before the first) and hash."""

    sequence: int
    hash: str


class JournalWriter(WriterThread):
    """The one writer of a store's journal; any database error ends it: JournalUnavailable from then on.

    An append that failed so is whole or absent: after a failed sync the disk may still hold it,
    and whoever opens the store anew finds it as an event whose effect never happened.
    """

    def __init__(self, store: Store, epoch: int) -> None:
        super().__init__(store, latch=True)
        self._epoch = epoch
        self._insert = store.backend.sql(_INSERT)
        self._head = self._next = journal_head(store)

    @property
    def head(self) -> Head:
        """The newest event on disk."""
        return self._head

    def unavailable(self, why: str) -> HedgerowError:
        """JournalUnavailable, with the cause."""
        return JournalUnavailable(f"{self._store.backend.name}: {why}; nothing is sent until the store is opened anew")

    def append(self, events: Sequence[JournalEvent], writes: Sequence[Write] = ()) -> asyncio.Future[tuple[int, ...]]:
        """Queues events and rows that commit together; resolves to the events' sequences once on disk.

        Sequences follow the order of calls, without gaps. A wrong shape raises InvalidValue or
        NotFound at once. The future fails with AlreadyExists, NotFound or InvalidValue when a row
        breaks a rule of its table (nothing of this call is kept, the journal goes on) and with
        JournalUnavailable when the database fails.
        """
        failpoint("journal.append")
        records = [(e.kind, e.wall_ns, e.market_ns, canonical_json(e.payload)) for e in events]
        prepared = [self._compiler.prepare(write) for write in writes]

        def job(cursor: Cursor) -> tuple[int, ...]:
            sequences = []
            number, previous = self._next
            for kind, wall_ns, market_ns, payload in records:
                number += 1
                digest = chain_hash(previous, number, self._epoch, kind, wall_ns, market_ns, payload)
                failpoint("journal.event")
                cursor.execute(self._insert, (number, self._epoch, kind, wall_ns, market_ns, payload, previous, digest))
                sequences.append(number)
                previous = digest
            for one in prepared:
                one.execute(cursor, sequences)
            failpoint("journal.written")
            self._next = Head(number, previous)
            return tuple(sequences)

        return self.submit(job)

    def on_begin(self) -> None:
        """Starts from what is on disk: a rolled-back attempt left no trace."""
        self._next = self._head

    def on_commit(self) -> None:
        """The chain's head moves only when the transaction is on disk."""
        failpoint("journal.head")
        self._head = self._next


def chain_hash(previous: str, sequence: int, epoch: int, kind: str, wall_ns: int, market_ns: int, payload: str) -> str:
    """SHA-256, hex, over the hash before and every field of the event."""
    record = json.dumps([previous, sequence, epoch, kind, wall_ns, market_ns, payload], separators=(",", ":"))
    return hashlib.sha256(record.encode()).hexdigest()


def journal_head(store: Store) -> Head:
    """The newest event on disk."""
    journal = store.table("journal")
    query = sa.select(journal.c.sequence, journal.c.hash).order_by(journal.c.sequence.desc()).limit(1)
    with store.read() as connection:
        row = connection.execute(query).first()
    return Head(0, GENESIS) if row is None else Head(row.sequence, row.hash)


def read_journal(store: Store, after: int = 0, limit: int | None = None) -> Iterator[JournalRow]:
    """Events with a sequence above `after`, oldest first, read in one snapshot."""
    with store.read() as connection:
        for row in _rows(connection, store, after, limit):
            sequence, epoch, kind, wall_ns, market_ns, payload, prev_hash, digest = row
            yield JournalRow(sequence, epoch, kind, wall_ns, market_ns, json.loads(payload), prev_hash, digest)


def verify_chain(store: Store, head: Head | None = None) -> int | None:
    """The first sequence that is edited, missing or out of order; None when the chain holds.

    The chain alone cannot show that its end was cut off: give the `head` last known, kept
    elsewhere, and a shorter or different journal is found too.
    """
    number, previous = 0, GENESIS
    with store.read() as connection:
        for row in _rows(connection, store, 0, None):
            number += 1
            sequence, epoch, kind, wall_ns, market_ns, payload, prev_hash, digest = row
            expected = chain_hash(previous, number, epoch, kind, wall_ns, market_ns, payload)
            if sequence != number or prev_hash != previous or digest != expected:
                return number
            previous = digest
            if head is not None and head.sequence == number and head.hash != digest:
                return number
    return number + 1 if head is not None and head.sequence > number else None


def _rows(connection: sa.Connection, store: Store, after: int, limit: int | None) -> Iterator[Sequence[Any]]:
    journal = store.table("journal")
    query = sa.select(*journal.c).where(journal.c.sequence > after).order_by(journal.c.sequence).limit(limit)
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield tuple(row)

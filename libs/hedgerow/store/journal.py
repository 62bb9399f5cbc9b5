"""The journal: append-only, hash-chained, epoch-stamped events, committed with the rows they change."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from hedgerow.domain.errors import HedgerowError, JournalUnavailable, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Cursor
from hedgerow.store.engine import Store
from hedgerow.store.head_file import Head, HeadFile
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


class ChainFault(NamedTuple):
    """The first sequence that is edited, missing or out of order, and what is wrong there, in words."""

    sequence: int
    problem: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """A whole journal checked: `events` hold, then comes the `fault`, if there is one.

    `epochs` maps each epoch to its number of events; `head` is the newest event that holds.
    """

    events: int
    epochs: Mapping[int, int]
    head: Head
    fault: ChainFault | None


class JournalWriter(WriterThread):
    """The one writer of a store's journal; any database error ends it: JournalUnavailable from then on.

    An append that failed so is whole or absent: after a failed sync the disk may still hold it,
    and whoever opens the store anew finds it as an event whose effect never happened.
    `head_file` is told of the head after every commit, so that a journal cut short is found later.
    """

    def __init__(self, store: Store, epoch: int, head_file: HeadFile | None = None) -> None:
        super().__init__(store, latch=True)
        self._epoch = epoch
        self._insert = store.backend.sql(_INSERT)
        self._head = self._next = journal_head(store)
        self._head_file = head_file
        self.cut_short = "" if head_file is None else head_file.follow(self._head)
        """What does not fit the head kept from before, in words: the journal was cut off, or the file is damaged."""

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
        if self._head_file is not None:
            self._head_file.write(self._head)

    def on_idle(self) -> None:
        """Nothing waits for the disk: the head file may have it for a moment."""
        if self._head_file is not None:
            self._head_file.sync()

    async def close(self) -> None:
        """Commits everything pending; the head file is on disk after it."""
        await super().close()
        if self._head_file is not None:
            self._head_file.close()


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


class ChainCheck:
    """Follows a chain row by row from its first event."""

    def __init__(self) -> None:
        self.head = Head(0, GENESIS)
        self.epochs: dict[int, int] = {}
        self._epoch = 0

    def fault(self, row: Sequence[Any]) -> str:
        """What is wrong with the next row (its columns in the table's order); empty, and followed, when it holds."""
        number, previous = self.head.sequence + 1, self.head.hash
        sequence, epoch, kind, wall_ns, market_ns, payload, prev_hash, digest = row
        if sequence != number:
            return f"event {sequence} follows {number - 1}"
        if prev_hash != previous:
            return "it does not follow the event before it: that one's hash is another"
        try:
            expected = chain_hash(previous, number, epoch, kind, wall_ns, market_ns, payload)
        except TypeError as error:
            return f"it holds what no writer of ours wrote: {error}"
        if digest != expected:
            return "its contents are not those its hash was made of"
        if epoch < self._epoch:
            return f"epoch {epoch} wrote after epoch {self._epoch} had begun"
        self._epoch = epoch
        self.epochs[epoch] = self.epochs.get(epoch, 0) + 1
        self.head = Head(number, digest)
        return ""


def check_chain(store: Store, heads: Sequence[Head] = ()) -> ChainReport:
    """Checks hashes, sequences and epochs of the whole journal, offline, in one snapshot.

    The chain alone cannot show that its end was cut off: give the `heads` known from before, kept elsewhere, and a
    shorter or different journal is found too. Raises Unavailable when a server does not answer.
    """
    check = ChainCheck()
    known: dict[int, set[str]] = {}
    for head in heads:
        known.setdefault(head.sequence, set()).add(head.hash)
    fault: ChainFault | None = None
    try:
        with store.read() as connection:
            for row in _rows(connection, store, 0, None):
                problem = check.fault(row)
                at = check.head.sequence + (1 if problem else 0)
                if not problem and known.get(at, {check.head.hash}) != {check.head.hash}:
                    problem = "another event was here when its hash was kept elsewhere"
                if problem:
                    fault = ChainFault(at, problem)
                    break
    except Unavailable as error:
        if store.location.folder is None:
            raise
        fault = ChainFault(check.head.sequence + 1, str(error))
    newest = max(known, default=0)
    if fault is None and newest > check.head.sequence:
        fault = ChainFault(check.head.sequence + 1, f"the journal went on to {newest} once: its end is cut off")
    return ChainReport(check.head.sequence, check.epochs, check.head, fault)


def verify_chain(store: Store, head: Head | None = None) -> int | None:
    """The first sequence that is edited, missing or out of order; None when the chain holds. As `check_chain`."""
    fault = check_chain(store, () if head is None else (head,)).fault
    return None if fault is None else fault.sequence


def _rows(connection: sa.Connection, store: Store, after: int, limit: int | None) -> Iterator[Sequence[Any]]:
    journal = store.table("journal")
    query = sa.select(*journal.c).where(journal.c.sequence > after).order_by(journal.c.sequence).limit(limit)
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield tuple(row)

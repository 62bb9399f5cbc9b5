"""The journal side of the book: commands are applied, committed with their rows, and published once durable."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from hedgerow.domain.errors import HedgerowError, JournalUnavailable
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.order import Intent
from hedgerow.failpoints import failpoint
from hedgerow.store.engine import Store
from hedgerow.store.journal import JournalEvent, JournalWriter, read_journal
from hedgerow.store.writes import Write
from hedgerow.telemetry.logs import get_logger
from services.execution.domain.commands import Command
from services.execution.domain.decide import CONTRADICTED, SHOWN_LIVE
from services.execution.domain.flatten import FlattenEvent, FlattenKind
from services.execution.domain.intents import client_order_id_of, payload_hash
from services.execution.domain.latches import LatchEvent, LatchFact, latch_event, latch_payload
from services.execution.domain.ledger import Entry, Ledger
from services.execution.domain.payload import flatten_event, flatten_payload, from_payload, to_payload
from services.execution.rows import intent_text, rows_of

DEFER_S = 0.02
"""How long a SENT may wait for the broker's answer to share its commit; nothing waits for it."""

_FLATTEN_KINDS, _LATCH_KINDS = frozenset(FlattenKind), frozenset(LatchFact)
NO_REPORTS = _FLATTEN_KINDS | _LATCH_KINDS
"""Kinds of journal rows that no execution report comes of."""

Publish = Callable[[Sequence[ExecutionReport]], None]


class OrderLog:
    """Book and journal as one: `record` applies at once and commits; reports leave in sequence after the commit.

    The book in memory runs ahead of the disk by what is under way, so that the next decision
    knows of it; nothing of that is shown to others, and nothing is sent on it, before it is durable.
    """

    def __init__(self, writer: JournalWriter, ledger: Ledger, publish: Publish, on_failed: Callable[[], None]) -> None:
        self._writer = writer
        self._ledger = ledger
        self._publish_reports = publish
        self._on_failed = on_failed
        self._deferred: list[Entry] = []
        self._deferred_rows: list[Write] = []
        self._timer: asyncio.TimerHandle | None = None
        self._unpublished: deque[ExecutionReport] = deque()
        self._asked: deque[float] = deque()  # when each commit under way was asked for, CLOCK_MONOTONIC s
        self._publishing = False
        self._log = get_logger()
        self._others = writer.head.sequence - ledger.book.sequence  # journal rows that are no report
        self.book = ledger.book
        self.flattens = ledger.flattens
        self.latches = ledger.latches
        self.published = ledger.book.sequence
        self.failed = ""

    @property
    def checkable(self) -> int:
        """The newest sequence that reports say without further cause: what others may be asked to have reached."""
        return self.book.sequence - len(self._deferred)

    @property
    def silent_s(self) -> float:
        """Wall seconds since the oldest commit under way was asked for; 0 with none under way."""
        return time.monotonic() - self._asked[0] if self._asked else 0.0

    def foresee(self, intent: Intent) -> None:
        """Makes what the journal will say of an intent whatever is decided on it; `record` finds it made."""
        payload_hash(intent)
        client_order_id_of(intent)
        intent_text(intent)

    def record(self, *commands: Command) -> asyncio.Future[object] | None:
        """Applies commands and commits what they changed together; None when they changed nothing.

        The future resolves once all is on disk and fails with JournalUnavailable otherwise. Raises as `decide`.
        """
        failpoint("log.record")
        entries = self._handle(commands)
        return self._commit(entries) if entries else None

    def record_later(self, command: Command) -> None:
        """As `record`, but the commit may wait a moment to be shared with the next."""
        failpoint("log.later")
        entries = self._handle((command,))
        if not entries:
            return
        self._deferred += [entry for entry, _ in entries]
        for _, rows in entries:
            self._deferred_rows += rows
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DEFER_S, self.flush)

    def record_flatten(self, event: FlattenEvent, rows: Sequence[Write] = ()) -> asyncio.Future[object]:
        """Applies one fact about a flatten and commits it with its rows; it is no report. As `record` otherwise."""
        if self.failed:
            return self._refused(self.failed)
        self.flattens.apply(event)
        failpoint("log.flatten")
        return self._fact(JournalEvent(event.kind, flatten_payload(event), event.event_time, event.receive_time), rows)

    def record_latch(self, event: LatchEvent, rows: Sequence[Write] = ()) -> asyncio.Future[object]:
        """Applies one fact about a latch, whatever the journal does, and commits it. As `record_flatten` otherwise."""
        self.latches.apply(event)
        if self.failed:
            return self._refused(self.failed)
        failpoint("log.latch")
        return self._fact(JournalEvent(event.kind, latch_payload(event), event.event_time, event.receive_time), rows)

    def _fact(self, fact: JournalEvent, rows: Sequence[Write]) -> asyncio.Future[object]:
        try:
            future: asyncio.Future[object] = self._writer.append([fact], rows)  # type: ignore[assignment]
        except HedgerowError as error:
            self._fail(str(error))
            return self._refused(str(error))
        self._others += 1
        self._asked.append(time.monotonic())
        future.add_done_callback(self._fact_committed)
        return future

    def _fact_committed(self, done: asyncio.Future[object]) -> None:
        self._asked.popleft()
        failpoint("log.flatten_committed")
        if done.cancelled() or done.exception() is not None:
            self._fail("commit canceled" if done.cancelled() else str(done.exception()))

    def write(self, rows: Sequence[Write]) -> asyncio.Future[object]:
        """Commits rows that no event stands behind; the future fails as `record`'s."""
        if self.failed:
            return self._refused(self.failed)
        return self._writer.append([], rows)  # type: ignore[return-value]

    def flush(self) -> None:
        """Commits what was deferred."""
        if self._deferred:
            failpoint("log.flush")
            self._commit([])

    def _handle(self, commands: Sequence[Command]) -> list[tuple[Entry, list[Write]]]:
        handled: list[tuple[Entry, list[Write]]] = []
        for command in commands:
            # Rows are made right after each command: they say what the book said then.
            handled += [(entry, rows_of(self.book, entry)) for entry in self._ledger.handle(command)]
        for entry, _ in handled:
            if entry.event.reason in (CONTRADICTED, SHOWN_LIVE):
                self._log.error(
                    "the broker contradicts the journal", order=entry.event.client_order_id,
                    reason=entry.event.reason, text=entry.event.text, state=entry.report.order_status.value,
                )  # fmt: skip
        return handled

    def _commit(self, handled: list[tuple[Entry, list[Write]]]) -> asyncio.Future[object]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        entries = self._deferred + [entry for entry, _ in handled]
        rows = self._deferred_rows
        for _, more in handled:
            rows += more
        self._deferred, self._deferred_rows = [], []
        reports = [entry.report for entry in entries]
        events = [
            JournalEvent(entry.event.kind, to_payload(entry.event), entry.event.event_time, entry.event.receive_time)
            for entry in entries
        ]
        if self.failed:
            # The writer may still accept, but the book is ahead of the disk by more than is under way.
            return self._refused(self.failed)
        try:
            failpoint("log.append")
            future: asyncio.Future[object] = self._writer.append(events, rows)  # type: ignore[assignment]
            failpoint("log.appended")
        except (HedgerowError, OSError) as error:
            self._fail(str(error))  # the book is ahead: a commit nobody took note of would be a hole in the reports
            return self._refused(str(error))
        expected = tuple(report.sequence + self._others for report in reports)
        self._asked.append(time.monotonic())
        future.add_done_callback(lambda done: self._committed(done, reports, expected))
        return future

    def _refused(self, why: str) -> asyncio.Future[object]:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_exception(JournalUnavailable(why))
        future.exception()  # marks it as seen: not everybody waits for a commit
        return future

    def _committed(
        self, done: asyncio.Future[object], reports: list[ExecutionReport], expected: tuple[int, ...]
    ) -> None:
        self._asked.popleft()
        try:
            failpoint("log.committed")
        except OSError as fault:
            self._fail(f"a commit could not be taken note of: {fault}")  # its reports untold would be a hole
            raise
        error = None if done.cancelled() else done.exception()
        if error is None and not done.cancelled():
            numbers = done.result()
            if numbers != expected:
                error = HedgerowError(f"journal numbered {numbers}, the book {expected}")
        if error is not None or done.cancelled():
            self._fail(str(error or "commit canceled"))
            return
        if self.failed:
            return
        self._unpublished += reports
        if not self._publishing:
            # After whoever waits for this commit: the frame leaves before the report of its intent.
            self._publishing = True
            asyncio.get_running_loop().call_soon(self._publish)

    def _publish(self) -> None:
        reports = list(self._unpublished)
        before, self.published = self.published, reports[-1].sequence
        try:
            failpoint("log.publish")
            self._publish_reports(reports)
        except Exception as error:
            self.published = before
            self._fail(f"reports could not be told: {error}")  # what follows would leave a hole: a restart tells all
            raise
        self._publishing = False
        for _ in reports:
            self._unpublished.popleft()
        failpoint("log.published")

    def _fail(self, why: str) -> None:
        if not self.failed:
            self.failed = why
            self._log.error("journal unavailable", cause=why)
            self._on_failed()


def rebuild(store: Store, ledger: Ledger) -> int:
    """Folds the whole journal into an empty ledger; the number of events."""
    count = 0
    for row in read_journal(store):
        if row.kind in _FLATTEN_KINDS:
            ledger.flattens.apply(flatten_event(row.kind, row.payload))
        elif row.kind in _LATCH_KINDS:
            ledger.latches.apply(latch_event(row.kind, row.payload))
        else:
            ledger.replay(from_payload(row.kind, row.payload))
        failpoint("log.rebuild")
        count += 1
    return count


def read_reports(store: Store, after: int, upto: int) -> list[ExecutionReport]:
    """Reports with a sequence above `after` up to `upto`, made again from the journal; blocks, for a thread."""
    ledger = Ledger()
    reports: list[ExecutionReport] = []
    for row in read_journal(store):
        if ledger.book.sequence >= upto:
            break
        if row.kind in NO_REPORTS:
            continue
        entry = ledger.replay(from_payload(row.kind, row.payload))
        if entry.report.sequence > after:
            reports.append(entry.report)
    return reports

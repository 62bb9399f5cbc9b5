"""What leaves on the streams: reports in sequence, acknowledgements to who asked, changes of readiness."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.failpoints import failpoint
from hedgerow.rpc.streams import LosslessBroadcast, LosslessReader
from hedgerow.store.engine import Store
from hedgerow.wire.execution import report_to_wire
from services.execution.domain.book import Book
from services.execution.hedge_spans import ReportSpans
from services.execution.order_log import read_reports

RING_REPORTS = 10_000
"""Newest reports kept in memory for readers that resume; older ones come from the journal."""

READER_LIMIT = 8192
"""Items a stalled reader may have pending before it is ended with SLOW_CONSUMER."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tell: exactly one of `report`, `acknowledgement` (to `stream` only) and `state` is set."""

    strategy: str = ""
    sequence: int = 0
    report: execution_pb2.ExecutionReport | None = None
    acknowledgement: execution_pb2.IntentAcknowledgement | None = None
    stream: int = 0
    state: execution_pb2.ExecutionState | None = None


class Feed:
    """Published reports, newest in memory, and the readers that follow them."""

    def __init__(self, store: Store, book: Book, published: Callable[[], int]) -> None:
        self.broadcast: LosslessBroadcast[Item] = LosslessBroadcast(READER_LIMIT)
        self._store = store
        self._book = book
        self._published = published
        self._spans = ReportSpans(book)
        self._ring: deque[Item] = deque(maxlen=RING_REPORTS)
        self._failed = False
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def publish(self, reports: Sequence[ExecutionReport]) -> None:
        """Tells durable reports, oldest first."""
        failpoint("feed.publish")
        items = [self._item(report) for report in reports]
        self._ring.extend(items)
        self.broadcast.publish_all(items)
        self._spans.tell(reports)
        newest = items[-1].sequence
        due = [each for each in self._waiting if each[0] <= newest]
        if due:
            self._waiting = [each for each in self._waiting if each[0] > newest]
            for _, future in due:
                if not future.done():
                    future.set_result(None)

    def acknowledge(self, stream: int, acknowledgement: execution_pb2.IntentAcknowledgement) -> None:
        """Tells one stream what became of its intent."""
        failpoint("feed.acknowledge")
        self.broadcast.publish(Item(acknowledgement=acknowledgement, stream=stream))

    def tell_state(self, state: execution_pb2.ExecutionState) -> None:
        """Tells everyone a change of readiness."""
        self.broadcast.publish(Item(state=state))

    def subscribe(self, accepts: Callable[[Item], bool]) -> LosslessReader[Item]:
        """A reader of everything published from now on that `accepts`."""
        return self.broadcast.subscribe(accepts)

    async def durable(self, sequence: int) -> None:
        """Waits until that sequence is published, or the journal has failed and nothing more will be."""
        if sequence > self._published() and not self._failed:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((sequence, future))
            await future

    def fail(self) -> None:
        """The journal has failed: nothing more is going to be published."""
        self._failed = True
        for _, future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def backlog(self, after: int, upto: int) -> list[Item]:
        """Reports above `after` up to `upto`, oldest first."""
        failpoint("feed.backlog")
        if upto <= after:
            return []
        if self._ring and self._ring[0].sequence <= after + 1:
            return [item for item in self._ring if after < item.sequence <= upto]
        reports = await asyncio.to_thread(read_reports, self._store, after, upto)
        return [self._item(report) for report in reports]

    def _item(self, report: ExecutionReport) -> Item:
        multiplier = self._book.orders[report.client_order_id].intent.instrument.multiplier
        return Item(report.strategy, report.sequence, report_to_wire(report, multiplier))

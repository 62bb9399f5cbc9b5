"""A reader of execution's reports that stalls costs bounded memory, is told so, and resumes without gap or repeat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.cli.ports import free_ports
from hedgerow.clock import WallClock
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.rpc.channel import open_channel
from hedgerow.store.engine import open_store
from services.execution.domain import commands as c
from services.execution.domain.ledger import Ledger
from services.execution.feed import READER_LIMIT, RING_REPORTS, Feed
from services.execution.service import ExecutionService
from services.execution.streams import report_stream
from tests.integration.service_process import until
from tests.unit.services.execution.samples import allow, intent

REPORTS = READER_LIMIT + 1500
assert REPORTS <= RING_REPORTS


class Publisher(execution_pb2_grpc.ExecutionServiceServicer):
    """Execution's own feed and report stream on a real socket; what it tells is made up."""

    def __init__(self, feed: Feed) -> None:
        self.feed, self.published, self.largest = feed, 0, 0

    def state(self) -> execution_pb2.ExecutionState:
        return execution_pb2.ExecutionState(reconciled=True, journal_ok=True, lease_ok=True)

    async def StreamExecutionReports(
        self, request: execution_pb2.StreamExecutionReportsRequest, context: Any
    ) -> AsyncIterator[execution_pb2.StreamExecutionReportsResponse]:
        async for message in report_stream(cast(ExecutionService, self), WallClock(), 0.05, request):
            yield message

    def publish(self, reports: list[ExecutionReport]) -> None:
        """A hundred at a time, as commits bring them; what writes to the reader gets no turn meanwhile."""
        for first in range(0, len(reports), 100):
            some = reports[first : first + 100]
            self.published = some[-1].sequence
            self.feed.publish(some)
            self.largest = max(self.largest, *(reader.pending for reader in self.feed.broadcast._readers), 0)


@pytest.fixture
async def publisher(tmp_path: Path) -> AsyncIterator[SimpleNamespace]:
    ledger = Ledger()
    wanted = intent()
    [entry] = ledger.handle(c.Admit(wanted, allow(wanted), 1, 1, 1, 1))
    reports = [replace(entry.report, sequence=number) for number in range(1, REPORTS + 1)]
    with open_store(tmp_path, "execution") as store:
        publisher = Publisher(Feed(store, ledger.book, lambda: publisher.published))
        server = grpc.aio.server()
        execution_pb2_grpc.add_ExecutionServiceServicer_to_server(publisher, server)
        [port] = free_ports(1)
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        channel = open_channel("127.0.0.1", port)
        stub: Any = execution_pb2_grpc.ExecutionServiceStub(channel)
        yield SimpleNamespace(it=publisher, reports=reports, stub=stub)
        await channel.close()
        await server.stop(None)


async def test_a_stalled_reader_is_ended_and_resumes_where_it_was(publisher: SimpleNamespace) -> None:
    feed = publisher.it.feed
    call = publisher.stub.StreamExecutionReports(execution_pb2.StreamExecutionReportsRequest(start_sequence=0))
    assert (await call.read()).state.reconciled
    await until(lambda: feed.broadcast.readers == 1, "the reader is subscribed")
    publisher.it.publish(publisher.reports)
    assert publisher.it.largest <= READER_LIMIT
    heard: list[int] = []
    closing = ""
    while (message := await call.read()) is not grpc.aio.EOF:
        heard += [report.sequence for report in message.reports.reports]
        closing = message.closing.reason or closing
    assert closing == "SLOW_CONSUMER"
    assert heard == list(range(1, len(heard) + 1))
    assert len(heard) < REPORTS
    assert feed.broadcast.readers == 0  # nothing is kept for it any more
    again = publisher.stub.StreamExecutionReports(
        execution_pb2.StreamExecutionReportsRequest(start_sequence=len(heard))
    )
    async with asyncio.timeout(20):
        while len(heard) < REPORTS:
            heard += [report.sequence for report in (await again.read()).reports.reports]
    again.cancel()
    assert heard == list(range(1, REPORTS + 1))

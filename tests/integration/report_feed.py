"""Execution's report stream on a real socket, told by the test what to report."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.wire.common import broker_link_to_wire, heartbeat_to_wire
from hedgerow.wire.execution import report_to_wire

HEARTBEAT_S = 0.05


class ReportFeed(execution_pb2_grpc.ExecutionServiceServicer):
    """Streams `reports` to whoever subscribes, resumed by sequence; `report` adds some."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reports: list[ExecutionReport] = []
        self.starts: list[int] = []
        self.reconciled = True
        self.multipliers: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> ReportFeed:
        """Listens."""
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        execution_pb2_grpc.add_ExecutionServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()
        return self

    async def stop(self) -> None:
        """Ends every stream at once."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    def report(self, reports: Sequence[ExecutionReport]) -> None:
        """Streams these as well."""
        self.reports.extend(reports)
        self.wake()

    def wake(self) -> None:
        """Lets every stream look again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def StreamExecutionReports(
        self, request: execution_pb2.StreamExecutionReportsRequest, context: Any
    ) -> AsyncIterator[execution_pb2.StreamExecutionReportsResponse]:
        """A snapshot, or reports after `start_sequence`, then the state, then what comes; heartbeats between."""
        if request.snapshot:
            sequence = self.reports[-1].sequence if self.reports else 0
            present = execution_pb2.ExecutionSnapshot(sequence=sequence, state=self._state())
            yield execution_pb2.StreamExecutionReportsResponse(snapshot=present)
            return
        self.starts.append(request.start_sequence)
        sent = request.start_sequence
        told: bool | None = None
        while True:
            changed = self._changed
            pending = [report for report in self.reports if report.sequence > sent]
            if pending:
                sent = pending[-1].sequence
                batch = [report_to_wire(each, self.multipliers.get(each.instrument_id, 1)) for each in pending]
                yield execution_pb2.StreamExecutionReportsResponse(
                    reports=execution_pb2.ExecutionReportBatch(reports=batch)
                )
            if told is not self.reconciled:
                told = self.reconciled
                yield execution_pb2.StreamExecutionReportsResponse(state=self._state())
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await changed.wait()
            except TimeoutError:
                yield execution_pb2.StreamExecutionReportsResponse(heartbeat=heartbeat_to_wire(0, 0))

    def _state(self) -> execution_pb2.ExecutionState:
        link = BrokerLink(LinkState.READY if self.reconciled else LinkState.RECONCILING)
        message: common_pb2.BrokerLink = broker_link_to_wire(link)
        return execution_pb2.ExecutionState(link=message, reconciled=self.reconciled, journal_ok=True, lease_ok=True)

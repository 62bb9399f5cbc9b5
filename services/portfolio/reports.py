"""Follows execution's reports into the ledger, resumed by sequence, for ever."""

from __future__ import annotations

from typing import Any

import grpc
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.domain.errors import HedgerowError, Unavailable
from hedgerow.rpc.retry import reconnecting
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.execution import report_from_wire
from services.portfolio.service import PortfolioService

ANEW_S = 1.0
"""Wall seconds before a fold that could not go on asks for every report again."""
SILENT_HEARTBEATS = 10
_EXPECTED_CLOSINGS = ("DRAINING", "SLOW_CONSUMER")


async def follow_reports(
    channel: grpc.aio.Channel, service: PortfolioService, heartbeat_s: float, rpc_timeout_s: float
) -> None:
    """Runs until cancelled. A gap, or a sequence execution no longer has, reads everything again."""
    stub: Any = execution_pb2_grpc.ExecutionServiceStub(channel)

    def anew(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        get_logger().warning("reading execution's reports from the first", cause=str(error))
        service.on_execution(None)
        service.ledger.rewind()

    retrying = AsyncRetrying(retry=retry_if_exception_type(HedgerowError), wait=wait_fixed(ANEW_S), before_sleep=anew)
    await retrying(_follow, stub, service, heartbeat_s * SILENT_HEARTBEATS, rpc_timeout_s)


async def _follow(stub: Any, service: PortfolioService, silence_s: float, rpc_timeout_s: float) -> None:
    head: int | None = None

    def open_call() -> Any:
        start = service.ledger.sequence
        return stub.StreamExecutionReports(execution_pb2.StreamExecutionReportsRequest(start_sequence=start))

    def down(reason: str) -> None:
        nonlocal head
        head = None
        service.on_execution(None)

    async for message in reconnecting(open_call, name="execution", silence_s=silence_s, on_down=down):
        kind = message.WhichOneof("event")
        if kind == "reports":
            reports = message.reports.reports
            service.on_reports((report_from_wire("reports", each), each.multiplier or 1) for each in reports)
        elif kind == "state":
            service.on_reconciled(message.state.reconciled)
        elif kind == "closing" and message.closing.reason not in _EXPECTED_CLOSINGS:
            raise Unavailable(f"execution closed the report stream: {message.closing.reason}", message.closing.reason)
        if head is None:
            head = await _head(stub, rpc_timeout_s)
            service.on_execution(head)


async def _head(stub: Any, timeout_s: float) -> int | None:
    """Execution's newest sequence: from there on the ledger has caught up; None when it did not answer."""
    request = execution_pb2.StreamExecutionReportsRequest(snapshot=True)
    call = stub.StreamExecutionReports(request, timeout=timeout_s)
    try:
        message = await call.read()
    except grpc.aio.AioRpcError:
        return None
    finally:
        call.cancel()
    return None if message is grpc.aio.EOF else int(message.snapshot.sequence)

"""Follows execution's reports into the fold, resumed by sequence, for ever."""

from __future__ import annotations

from typing import Any

import grpc
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from hedgerow.api.execution.v1 import execution_pb2, execution_pb2_grpc
from hedgerow.domain.errors import HedgerowError, Unavailable
from hedgerow.rpc.retry import reconnecting
from hedgerow.wire.execution import report_from_wire
from services.risk.service import RiskService

ANEW_S = 1.0
"""Wall seconds before a fold that could not go on begins anew."""
SILENT_HEARTBEATS = 10
LONGEST_WAIT_S = 0.3
"""Wall seconds between two attempts: while the stream is away every order is denied, so it comes back at once."""
DRAINING = "DRAINING"


async def follow_reports(channel: grpc.aio.Channel, service: RiskService, heartbeat_s: float) -> None:
    """Runs until cancelled. A gap, or a sequence execution no longer has, folds everything anew."""
    stub: Any = execution_pb2_grpc.ExecutionServiceStub(channel)

    def anew(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        service.restart_fold(error.reason if isinstance(error, HedgerowError) else "UNKNOWN")

    retrying = AsyncRetrying(retry=retry_if_exception_type(HedgerowError), wait=wait_fixed(ANEW_S), before_sleep=anew)
    await retrying(_follow, stub, service, heartbeat_s * SILENT_HEARTBEATS)


async def _follow(stub: Any, service: RiskService, silence_s: float) -> None:
    def open_call() -> Any:
        start = service.desk.exposure.sequence
        return stub.StreamExecutionReports(execution_pb2.StreamExecutionReportsRequest(start_sequence=start))

    messages = reconnecting(
        open_call, name="execution", silence_s=silence_s, on_down=service.reports_down, longest_wait_s=LONGEST_WAIT_S
    )
    async for message in messages:
        kind = message.WhichOneof("event")
        if kind == "reports":
            service.fold([report_from_wire("reports", report) for report in message.reports.reports])
        elif kind == "closing" and message.closing.reason not in (DRAINING, "SLOW_CONSUMER"):
            raise Unavailable(f"execution closed the report stream: {message.closing.reason}", message.closing.reason)
        service.reports_flow()

"""Follows what portfolio tells of transfers into the positions, for ever; no check waits for it."""

from __future__ import annotations

from typing import Any

import grpc
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.errors import HedgerowError
from hedgerow.rpc.retry import reconnecting
from hedgerow.store.transferred import Transferred
from hedgerow.telemetry.logs import get_logger
from services.risk.domain.exposure import ExposureBook

AGAIN_S = 1.0
"""Wall seconds after an answer that trying again at once cannot mend."""
SILENT_HEARTBEATS = 10


async def follow_transfers(
    channel: grpc.aio.Channel, transferred: Transferred, book: ExposureBook, heartbeat_s: float
) -> None:
    """Runs until cancelled. Portfolio unreachable or not understood, its last word stands."""
    stub: Any = portfolio_pb2_grpc.PortfolioServiceStub(channel)
    log = get_logger(stream="positions")

    told = ""

    def stands(cause: str) -> None:
        nonlocal told
        if cause != told:
            log.info("portfolio's last word on transfers stands", cause=cause)
        told = cause

    def not_understood(state: RetryCallState) -> None:
        stands(str(state.outcome.exception() if state.outcome is not None else ""))

    async def follow() -> None:
        nonlocal told
        messages = reconnecting(
            lambda: stub.StreamPositions(portfolio_pb2.StreamPositionsRequest()),
            name="portfolio", silence_s=heartbeat_s * SILENT_HEARTBEATS, on_down=stands,
        )  # fmt: skip
        async for message in messages:
            transferred.take(message)
            told = ""
            if message.WhichOneof("event") in ("snapshot", "position"):
                book.transfer(transferred.held)

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(HedgerowError), wait=wait_fixed(AGAIN_S), before_sleep=not_understood
    )
    await retrying(follow)

"""Portfolio's positions as others follow them: a cross-check, so that its last word stands while it is away."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.errors import HedgerowError
from hedgerow.rpc.retry import reconnecting
from hedgerow.telemetry.logs import get_logger

AGAIN_S = 1.0
"""Wall seconds after an answer that trying again at once cannot mend."""

Take = Callable[[portfolio_pb2.StreamPositionsResponse], None]


async def follow_positions(channel: grpc.aio.Channel, take: Take, silence_s: float) -> None:
    """Hands every message on until cancelled; one that `take` raises a HedgerowError for opens the stream anew.

    `silence_s` wall seconds without a message, heartbeats counted, are a broken stream.
    """
    stub = portfolio_pb2_grpc.PortfolioServiceStub(channel)
    log = get_logger(stream="positions")
    told = ""

    def stands(cause: str) -> None:
        nonlocal told
        if cause != told:
            log.info("portfolio's last word stands", cause=cause)
        told = cause

    def not_understood(state: RetryCallState) -> None:
        stands(str(state.outcome.exception() if state.outcome is not None else ""))

    async def follow() -> None:
        nonlocal told
        messages = reconnecting(
            lambda: stub.StreamPositions(portfolio_pb2.StreamPositionsRequest()),
            name="portfolio", silence_s=silence_s, on_down=stands,
        )  # fmt: skip
        async for message in messages:
            take(message)
            told = ""

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(HedgerowError), wait=wait_fixed(AGAIN_S), before_sleep=not_understood
    )
    await retrying(follow)

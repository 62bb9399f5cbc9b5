"""StatsService on the wire: no decisions here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from hedgerow.api.stats.v1 import stats_pb2, stats_pb2_grpc
from hedgerow.clock import wall_now
from hedgerow.domain.errors import InvalidValue
from hedgerow.wire.common import heartbeat_to_wire, timestamp_from_wire
from hedgerow.wire.stats import (
    difference_to_wire,
    execution_quality_to_wire,
    hedge_statistics_to_wire,
    period_from_wire,
    run_to_wire,
)
from services.stats.backtests import Backtests, Progress, Wanted
from services.stats.service import StatsService

SERVICE_NAME = "hedgerow.api.stats.v1.StatsService"
DEFAULT_PAGE, PAGE_LIMIT = 100, 1000
MOST_SETS = 100


class StatsServer(stats_pb2_grpc.StatsServiceServicer):
    """Answers from the service."""

    def __init__(self, service: StatsService, backtests: Backtests, market_now: Callable[[], int]) -> None:
        self._service = service
        self._backtests = backtests
        self._market_now = market_now
        self._closing: set[asyncio.Future[None]] = set()

    async def GetHedgeStatistics(
        self, request: stats_pb2.GetHedgeStatisticsRequest, context: Any
    ) -> stats_pb2.GetHedgeStatisticsResponse:
        """Hedges, fills, denials and profit per period and strategy."""
        since_ns = timestamp_from_wire("since_time", request.since_time) if request.HasField("since_time") else None
        until_ns = timestamp_from_wire("until_time", request.until_time) if request.HasField("until_time") else None
        if since_ns is not None and until_ns is not None and until_ns < since_ns:
            raise InvalidValue("until_time", until_ns, f"not before since_time, {since_ns}")
        period = period_from_wire("period", request.period)
        rows = await self._service.hedges(request.strategy or None, period, since_ns, until_ns)
        return stats_pb2.GetHedgeStatisticsResponse(statistics=[hedge_statistics_to_wire(row) for row in rows])

    async def GetExecutionQuality(
        self, request: stats_pb2.GetExecutionQualityRequest, context: Any
    ) -> stats_pb2.GetExecutionQualityResponse:
        """Slippage and speed over all fills that match."""
        return execution_quality_to_wire(await self._service.quality(request.strategy or None))

    async def ListRuns(self, request: stats_pb2.ListRunsRequest, context: Any) -> stats_pb2.ListRunsResponse:
        """A page of runs; the token is how many were told of before."""
        size, start = _page(request.page_size, request.page_token)
        runs = await self._service.runs(request.order_by, self._backtests.active)
        more = str(start + size) if start + size < len(runs) else ""
        return stats_pb2.ListRunsResponse(
            runs=[run_to_wire(run) for run in runs[start : start + size]], next_page_token=more
        )

    async def CompareRuns(self, request: stats_pb2.CompareRunsRequest, context: Any) -> stats_pb2.CompareRunsResponse:
        """Two runs and what differs."""
        run_a, run_b, found = await self._service.compared(request.run_a, request.run_b)
        return stats_pb2.CompareRunsResponse(
            run_a=run_to_wire(run_a), run_b=run_to_wire(run_b), differences=[difference_to_wire(each) for each in found]
        )

    async def RunBacktest(
        self, request: stats_pb2.RunBacktestRequest, context: Any
    ) -> AsyncIterator[stats_pb2.RunBacktestResponse]:
        """Progress, then the result; ends with its caller."""
        if len(request.sets) > MOST_SETS:
            raise InvalidValue("sets", len(request.sets), f"at most {MOST_SETS} overrides")
        steps = self._backtests.run(Wanted(request.spec_path, request.run_id, tuple(request.sets)))
        # A call that ends while a message is on its way leaves this generator where it stands: nobody would close it.
        context.add_done_callback(lambda _: self._close(steps))
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, Progress) and not step.new:
                    heartbeat = heartbeat_to_wire(wall_now(), self._market_now())
                    yield stats_pb2.RunBacktestResponse(heartbeat=heartbeat)
                elif isinstance(step, Progress):
                    progress = stats_pb2.RunProgress(text=step.text, elapsed_seconds=step.elapsed_s)
                    yield stats_pb2.RunBacktestResponse(progress=progress)
                else:
                    yield stats_pb2.RunBacktestResponse(result=run_to_wire(step))

    def _close(self, steps: AsyncGenerator[Any, None]) -> None:
        task = asyncio.ensure_future(_closed(steps))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _closed(steps: AsyncGenerator[Any, None]) -> None:
    try:
        await steps.aclose()
    except RuntimeError:  # it is at work: then the cancellation has reached it by itself
        return


def _page(size: int, token: str) -> tuple[int, int]:
    if not 0 <= size <= PAGE_LIMIT:
        raise InvalidValue("page_size", size, f"0 to {PAGE_LIMIT}")
    if token and not (token.isascii() and token.isdigit() and len(token) < 10):
        raise InvalidValue("page_token", token, "the next_page_token of the answer before")
    return size or DEFAULT_PAGE, int(token or 0)

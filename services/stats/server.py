"""StatsService on the wire: no decisions here."""

from __future__ import annotations

from typing import Any

from hedgerow.api.stats.v1 import stats_pb2, stats_pb2_grpc
from hedgerow.domain.errors import InvalidValue
from hedgerow.wire.common import timestamp_from_wire
from hedgerow.wire.stats import hedge_statistics_to_wire, period_from_wire
from services.stats.service import StatsService

SERVICE_NAME = "hedgerow.api.stats.v1.StatsService"


class StatsServer(stats_pb2_grpc.StatsServiceServicer):
    """Answers from the service."""

    def __init__(self, service: StatsService) -> None:
        self._service = service

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
        quality = await self._service.quality(request.strategy or None)
        return stats_pb2.GetExecutionQualityResponse(
            fills=quality.fills,
            mean_slippage=quality.mean_slippage,
            total_slippage=quality.total_slippage,
            median_fill_ms=quality.median_fill_ms,
        )

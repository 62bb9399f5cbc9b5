"""Reads the stores, off the event loop, and folds what they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from hedgerow.domain.order import Side
from hedgerow.domain.period import Period
from hedgerow.store.location import Place
from hedgerow.store.read import Row, read_fills, read_orders
from hedgerow.store.statistics import hedge_statistics
from hedgerow.telemetry import metrics
from services.stats.config import StatsConfig
from services.stats.domain import DecidedOrder, ExecutionQuality, WorkedFill, execution_quality

_READ = metrics.histogram("hedgerow_stats_read_duration_seconds", "Time to read and fold the stores.", ("what",))

T = TypeVar("T")


class StatsService:
    """Writes nothing; a store that does not exist yet counts as empty.

    `history` is where the snapshots are when not with the rest.
    """

    def __init__(self, place: Place, config: StatsConfig, history: Place | None = None) -> None:
        self._place = place
        self._history = history
        self._reading = asyncio.Semaphore(config.concurrent_reads)

    async def hedges(
        self, strategy: str | None, period: Period, since_ns: int | None, until_ns: int | None
    ) -> list[Row]:
        """Rows as `hedge_statistics` gives them; raises Unavailable for a damaged store."""
        return await self._read(
            "hedges",
            lambda: hedge_statistics(self._place, strategy, period, since_ns, until_ns, self._history),
        )

    async def quality(self, strategy: str | None) -> ExecutionQuality:
        """Execution quality over all fills that match; raises Unavailable for a damaged store."""
        return await self._read("quality", lambda: self._quality(strategy))

    async def _read(self, what: str, read: Callable[[], T]) -> T:
        async with self._reading:
            with _READ.labels(what).time():
                return await asyncio.to_thread(read)

    def _quality(self, strategy: str | None) -> ExecutionQuality:
        # Fills first: the order of every fill seen is then there as well.
        fills = [
            WorkedFill(row["client_order_id"], row["quantity"], row["price"], row["multiplier"], row["receive_ns"])
            for row in read_fills(self._place, strategy)
        ]
        orders = [
            DecidedOrder(row["client_order_id"], Side(row["side"]), row["bid"], row["ask"], row["created_ns"])
            for row in read_orders(self._place, strategy)
        ]
        return execution_quality(orders, fills)

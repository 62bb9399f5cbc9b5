"""Reads the stores, off the event loop, and folds what they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from hedgerow.domain.backtest_run import Difference, Run, check_run_id
from hedgerow.domain.execution_quality import ExecutionQuality
from hedgerow.domain.period import Period
from hedgerow.store.backtest_runs import compared, ranked, read_runs
from hedgerow.store.location import Place
from hedgerow.store.quality import quality
from hedgerow.store.read import Row
from hedgerow.store.statistics import hedge_statistics
from hedgerow.telemetry import metrics
from services.stats.config import StatsConfig

_READ = metrics.histogram("hedgerow_stats_read_duration_seconds", "Time to read and fold the stores.", ("what",))

T = TypeVar("T")


class StatsService:
    """Writes nothing; a store that does not exist yet counts as empty.

    `history` is where the snapshots are when not with the rest.
    """

    def __init__(self, place: Place, config: StatsConfig, history: Place | None = None) -> None:
        self._place = place
        self._config = config
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
        return await self._read("quality", lambda: quality(self._place, strategy))

    async def runs(self, order_by: str, active: frozenset[str]) -> list[Run]:
        """Every run, newest first or best first by a metric; raises InvalidValue for an unknown one."""
        return await self._read("runs", lambda: ranked(read_runs(self._config.root, self._place, active), order_by))

    async def compared(self, run_a: str, run_b: str) -> tuple[Run, Run, list[Difference]]:
        """Two finished runs and what differs; raises InvalidValue for an unfit name, NotFound without a report."""
        names = check_run_id(run_a, "run_a"), check_run_id(run_b, "run_b")
        return await self._read("compare", lambda: compared(self._config.root, *names))

    async def _read(self, what: str, read: Callable[[], T]) -> T:
        async with self._reading:
            with _READ.labels(what).time():
                return await asyncio.to_thread(read)

"""Starts stats: the only place its parts are wired."""

from __future__ import annotations

import sys
from collections.abc import Callable

from hedgerow.api.stats.v1 import stats_pb2_grpc
from hedgerow.clock import ClockFileError
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.store.alerts import root_of
from hedgerow.store.location import status_location_of
from services.stats.backtests import Backtests
from services.stats.config import StatsConfig
from services.stats.server import SERVICE_NAME, StatsServer
from services.stats.service import StatsService


def market_time(context: ProcessContext) -> Callable[[], int]:
    """Market time, ns UTC; 0 while a replay's clock is not there yet."""

    def now() -> int:
        try:
            return context.clock.market_now()
        except ClockFileError:
            return 0

    return now


async def compose(context: ProcessContext) -> None:
    """Serves until stopped; opens stores only to answer, for reading, and its own to keep what became of backtests."""
    server = context.server()
    config = StatsConfig.of(context.settings.stats, root_of(context.state))
    market_now = market_time(context)
    backtests = Backtests(context.store, config)
    service = StatsService(context.store, config, status_location_of(context.state, context.settings))
    server.add_service(
        SERVICE_NAME, stats_pb2_grpc.add_StatsServiceServicer_to_server, StatsServer(service, backtests, market_now)
    )
    server.on_closing(backtests.stop)
    try:
        await server.serve()
    finally:
        await backtests.close()


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process("stats", compose, argv)


if __name__ == "__main__":
    sys.exit(main())

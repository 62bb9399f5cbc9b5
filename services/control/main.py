"""Starts control: the only place its parts are wired."""

from __future__ import annotations

import sys
from collections.abc import Callable

from hedgerow.api.control.v1 import control_pb2_grpc
from hedgerow.clock import ClockFileError
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.rpc.together import run_together
from hedgerow.store.alerts import root_of
from hedgerow.store.engine import acquire_epoch, open_store
from hedgerow.store.location import status_location_of
from services.control.accounts import PortfolioAccounts
from services.control.alerts import StandingAlerts
from services.control.command_feed import CommandFeed
from services.control.config import NAME, ControlConfig
from services.control.links import BrokerLinks
from services.control.own import OwnCommands
from services.control.probe import HealthProbe
from services.control.records import CommandRecords
from services.control.server import SERVICE_NAME, ControlServer
from services.control.service import ControlService
from services.control.snapshots import StoredSnapshots
from services.control.supervision import Supervision


async def compose(context: ProcessContext) -> None:
    """Opens control.db and serves until stopped; nothing else need be alive."""
    config = ControlConfig.of(context.settings)
    place, status_place = context.store, status_location_of(context.state, context.settings)
    market_now = market_time(context)
    store = open_store(place, NAME)
    acquire_epoch(store, NAME)
    records = CommandRecords(store, place, market_now)
    feed = CommandFeed(place, config.command_poll_s)
    snapshots = StoredSnapshots(status_place, config.strategies, config.sink)
    probe = HealthProbe(
        config.processes, context.name, config.probe_interval_s, config.probe_timeout_s,
        Supervision(context.state.supervisor_file).words,
    )  # fmt: skip
    try:
        accounts = PortfolioAccounts(context.channel("portfolio"), config.refresh_accounts_timeout_s)
        links = BrokerLinks(context.channel, config.retry_timeout_s)
        own = OwnCommands(records, accounts, links)
        alerts = StandingAlerts(root_of(context.state))
        service = ControlService(config, snapshots, probe, alerts, records, own, market_now, feed.look)
        server = context.server()
        server.add_service(
            SERVICE_NAME, control_pb2_grpc.add_ControlServiceServicer_to_server,
            ControlServer(service, feed, config, place, status_place, market_now),
        )  # fmt: skip
        server.on_closing(service.changes.close)
        server.on_closing(feed.broadcast.close)
        await probe.ask_all()
        await run_together(server.serve(), probe.run(), service.watch(), feed.run())
    finally:
        await probe.close()
        snapshots.close()
        feed.close()
        await records.close()


def market_time(context: ProcessContext) -> Callable[[], int]:
    """Market time, ns UTC; 0 while a replay's clock is not there yet."""

    def now() -> int:
        try:
            return context.clock.market_now()
        except ClockFileError:
            return 0

    return now


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process(NAME, compose, argv)


if __name__ == "__main__":
    sys.exit(main())

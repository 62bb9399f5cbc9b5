"""Starts portfolio: the only place its parts are wired."""

from __future__ import annotations

import asyncio
import sys

from hedgerow.api.portfolio.v1 import portfolio_pb2_grpc
from hedgerow.ib.accounts import AccountFeed
from hedgerow.ib.link import IbLink, Recovery
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.rpc.together import run_together
from hedgerow.store.engine import acquire_epoch, open_store
from services.portfolio.broker import IbAccounts, holding_of, place_of
from services.portfolio.config import PortfolioConfig
from services.portfolio.domain.ledger import Ledger
from services.portfolio.marks import MarkBook, follow_quotes
from services.portfolio.records import PortfolioRecords
from services.portfolio.reports import follow_reports
from services.portfolio.server import SERVICE_NAME, PortfolioServer
from services.portfolio.service import PortfolioService

ROLE = "portfolio"


async def compose(context: ProcessContext) -> None:
    """Rebuilds the ledger from portfolio.db, serves until stopped; broker and other services may come and go."""
    config, clock = PortfolioConfig.of(context.settings), context.clock
    store = open_store(context.store, ROLE)
    records, link = PortfolioRecords(store), None
    try:
        acquire_epoch(store, ROLE)
        ledger = Ledger()
        records.restore(ledger)
        records.keep_spans(context.settings.telemetry)
        link = IbLink(config.broker, config.broker.client_ids.portfolio, ROLE, clock)
        feed = AccountFeed(link, lambda held: service.on_broker_position(place_of(held), holding_of(held)))
        marks = MarkBook(records, records.marks())
        service = PortfolioService(config, clock, ledger, records, IbAccounts(link, feed), marks)
        service.restore(records.accounts())
        context.log.info("ledger rebuilt", fills=len(ledger.fills), transfers=len(ledger.transfers))

        async def recover(_: Recovery) -> None:
            await service.recover()

        link.add_recovery(recover)
        link.add_state_listener(service.on_link)
        server = context.server()
        server.add_service(
            SERVICE_NAME, portfolio_pb2_grpc.add_PortfolioServiceServicer_to_server, PortfolioServer(service)
        )
        server.on_closing(service.events.close)
        await run_together(
            server.serve(),
            _keep(link),
            follow_reports(context.channel("execution"), service, config.heartbeat_s, config.rpc_timeout_s),
            follow_quotes(context.channel("market-data"), marks, config.heartbeat_s),
            service.compare_forever(),
            service.refresh_forever(),
            marks.write_forever(config.marks_interval_s),
        )
        marks.write()
    finally:
        if link is not None:
            await link.close()
        await records.close()


async def _keep(link: IbLink) -> None:
    """The link's supervision as one of the process's tasks: its crash is the process's."""
    await asyncio.shield(link.start())


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process(ROLE, compose, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Starts the gateway: the only place its parts are wired."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from gateway.app import Gateway
from gateway.config import NAME, GatewayConfig
from gateway.operator_routes import OperatorRoutes
from gateway.page import Page
from gateway.quotes import MARKET_DATA, QuoteFeeds
from gateway.routes import Routes, api_services
from gateway.server import bind, serve
from gateway.status import CONTROL, PORTFOLIO, ControlFeed, PortfolioFeed, StatusPage
from gateway.streams import Streamer
from gateway.upstream import Upstreams, process_of
from gateway.wellknown import wellknown_routes
from hedgerow.clock import ClockFileError, wall_now
from hedgerow.domain.command import Command, NewCommand
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.rpc.together import run_together
from hedgerow.store.commands import write_command

WATCH_STATUS = "hedgerow.api.control.v1.ControlService.WatchStatus"
STREAM_QUOTES = "hedgerow.api.market_data.v1.MarketDataService.StreamQuotes"


NICER = 5
"""Steps the gateway ranks below the order path where both want the processor."""


async def compose(context: ProcessContext) -> None:
    """Listens until stopped; no service need be alive."""
    os.nice(NICER)
    endpoint = context.endpoint()
    config = GatewayConfig.of(context.settings, endpoint.host, endpoint.port)
    upstreams = Upstreams(context.settings, context.channel, config.timeout_s)
    routes = Routes(api_services())
    for name in {*upstreams.strategies.values(), *(process_of(route.package) for route in routes)}:
        context.endpoint(name)  # refuses to start when nobody says where a process is
    control = ControlFeed(context.channel(CONTROL), config.silence_limit_s)
    portfolio = PortfolioFeed(context.channel(PORTFOLIO), config.silence_limit_s, config.timeout_s)
    streamer = Streamer(config.drain_limit_s, config.max_streams)
    operator = OperatorRoutes(
        StatusPage(control, portfolio), portfolio, upstreams, context.channel(CONTROL), record(context),
        context.settings.timing.rpc_timeout_s, config.timeout_s,
    )  # fmt: skip
    own = {**wellknown_routes(control), **operator.routes()}
    shared = {WATCH_STATUS: lambda _: control.lines(), STREAM_QUOTES: QuoteFeeds(context.channel(MARKET_DATA)).lines}
    app = Gateway(config, routes, upstreams, streamer, own, Page().find, shared)
    listener = bind(config.host, config.port)
    context.serve_metrics()

    async def ending() -> None:
        await context.stop.wait()
        streamer.end_all()

    context.mark_ready(listener.getsockname()[1])
    context.log.info("serving", host=config.host, port=config.port, routes=len(list(routes)))
    await run_together(
        serve(app, listener, context.stop, config.max_head), control.run(), portfolio.run_positions(),
        portfolio.run_accounts(), ending(),
    )  # fmt: skip


def record(context: ProcessContext) -> Callable[[NewCommand], Command]:
    """Writes a command into the command store without control."""

    def write(command: NewCommand) -> Command:
        try:
            market_ns = context.clock.market_now()
        except ClockFileError:
            market_ns = 0  # a replay whose clock is not there: the command is what counts
        return write_command(context.store, command, wall_ns=wall_now(), market_ns=market_ns)

    return write


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process(NAME, compose, argv)


if __name__ == "__main__":
    sys.exit(main())

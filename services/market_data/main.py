"""Starts market-data: the only place its parts are wired."""

from __future__ import annotations

import sys

from hedgerow.api.market_data.v1 import market_data_pb2_grpc
from hedgerow.ib.link import IbLink
from hedgerow.rpc.process import ProcessContext, run_process
from hedgerow.rpc.together import run_together
from services.market_data.broker import IbBroker
from services.market_data.config import MarketDataConfig
from services.market_data.server import SERVICE_NAME, MarketDataServer
from services.market_data.service import MarketDataService


async def compose(context: ProcessContext) -> None:
    """Connects in the background, serves at once, with or without a broker, until stopped."""
    config = MarketDataConfig.of(context.settings, context.state)
    clock = context.clock
    source = f"market-data, {config.broker.mode.value} broker"
    recorder = None
    if config.recording is not None:
        # pyarrow and the exchange calendar: three times this process's memory, only where it records
        from services.market_data.recording import TapeRecorder  # noqa: PLC0415

        recorder = TapeRecorder(config, clock, source)
    service = MarketDataService(config, clock, recorder)
    link = IbLink(config.broker, config.broker.client_ids.market_data, "market-data", clock)
    broker = IbBroker(link, service.on_quotes, service.on_feed)
    service.attach(broker)
    link.add_state_listener(service.on_feed)
    server = context.server()
    server.add_service(
        SERVICE_NAME, market_data_pb2_grpc.add_MarketDataServiceServicer_to_server, MarketDataServer(service)
    )
    server.on_closing(service.ticks.close)
    beside = [link.run(), service.watch_silence()]
    if recorder is not None:
        beside.append(recorder.run())
    try:
        await run_together(server.serve(), *beside)
    finally:
        service.subscriptions.close()
        broker.close()
        await link.close()
        if recorder is not None:
            await recorder.close()


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process("market-data", compose, argv)


if __name__ == "__main__":
    sys.exit(main())

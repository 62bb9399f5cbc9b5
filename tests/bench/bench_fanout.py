"""Ticks per second through market-data's fan-out to one subscriber in another process: batched against one by one."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import uvloop

from hedgerow.api.market_data.v1 import market_data_pb2 as pb
from hedgerow.api.market_data.v1 import market_data_pb2_grpc
from hedgerow.clock import WallClock, wall_now
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.quote import Quote
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.ib.events import Bar, ChainExpiry, ResolvedInstrument
from hedgerow.ib.market_data import LineState
from hedgerow.rpc.server import RpcServer
from hedgerow.rpc.streams import Batch
from hedgerow.settings import BrokerSettings
from hedgerow.wire.market_data import encode_quote_batch
from services.market_data.config import MarketDataConfig
from services.market_data.server import SERVICE_NAME, MarketDataServer
from services.market_data.service import MarketDataService, Tick

ROOT = Path(__file__).resolve().parents[2]
LINES = 100  # the broker's market-data lines: the most that can be pending for a reader
SECONDS = 1.0


class QuietBroker:
    """A broker whose quotes the bench makes itself."""

    link = BrokerLink(LinkState.READY)
    silence_ms = 0.0
    lines_used = 0
    lines_allowed = LINES
    farm_trouble = ""

    def lines(self) -> list[LineState]:
        """None to speak of."""
        return []

    async def subscribe(self, instrument: Instrument) -> None:
        """Always open."""

    def unsubscribe(self, instrument_id: str) -> None:
        """Always open."""

    async def resolve(self, instrument: Instrument) -> ResolvedInstrument:
        """Not asked here."""
        raise NotImplementedError

    async def option_chain(self, underlying: Instrument) -> tuple[ChainExpiry, ...]:
        """Not asked here."""
        raise NotImplementedError

    async def bars(self, instrument: Instrument, end_time: int | None, bar_seconds: int, max_bars: int) -> list[Bar]:
        """Not asked here."""
        raise NotImplementedError


class BatchServer(MarketDataServer):
    """The path as it is; `taken` tells the bench that the reader can hold the next update."""

    def __init__(self, service: MarketDataService) -> None:
        super().__init__(service)
        self.taken = asyncio.Event()

    async def _write(self, context: Any, batch: Batch[Tick], wanted: frozenset[str]) -> None:
        self.taken.set()
        await super()._write(context, batch, wanted)


class OneByOneServer(BatchServer):
    """The reference: the same path, each tick in a message of its own."""

    async def _write(self, context: Any, batch: Batch[Tick], wanted: frozenset[str]) -> None:
        if not batch.items:
            await super()._write(context, batch, wanted)
            return
        self.taken.set()
        for _, encoded in batch.items:
            await context.write(encode_quote_batch((encoded,), batch.sequence))


class Desk:
    """One served market-data with a subscriber process that counts."""

    def __init__(self, kind: type[BatchServer], subscriber: asyncio.subprocess.Process) -> None:
        self._subscriber = subscriber
        config = MarketDataConfig(broker=BrokerSettings())
        self.service = MarketDataService(config, WallClock())
        self.service.attach(QuietBroker())
        self._servicer = kind(self.service)
        self._stop = asyncio.Event()
        self._server = RpcServer("market-data", "127.0.0.1", 0, self._stop)
        add = market_data_pb2_grpc.add_MarketDataServiceServicer_to_server
        self._server.add_service(SERVICE_NAME, add, self._servicer)

    async def start(self) -> None:
        """Serves, and waits for the subscriber."""
        assert self._subscriber.stdin is not None
        assert self._subscriber.stdout is not None
        await self._server.start()
        self._subscriber.stdin.write(b"%d\n" % self._server.port)
        assert (await self._subscriber.stdout.readline()).strip() == b"subscribed"

    async def count(self) -> int:
        """Ticks the subscriber has seen."""
        assert self._subscriber.stdin is not None
        assert self._subscriber.stdout is not None
        self._subscriber.stdin.write(b"count\n")
        return int(await self._subscriber.stdout.readline())

    async def stop(self) -> None:
        """Ends both."""
        self.service.ticks.close()
        assert self._subscriber.stdin is not None
        self._subscriber.stdin.close()
        await self._subscriber.wait()
        await self._server.drain()

    async def ticks_per_second(self) -> float:
        """Ticks the subscriber received per second while there was always a tick of every line to send.

        The next update of all lines comes when the reader has taken the last one, so nothing is conflated away.
        """
        updates = itertools.cycle(_UPDATES)
        before, began = await self.count(), time.perf_counter()
        while time.perf_counter() < began + SECONDS:
            self._servicer.taken.clear()
            self.service.on_quotes(next(updates))
            await self._servicer.taken.wait()
        seen = await self.count()
        return (seen - before) / (time.perf_counter() - began)


def _name(line: int) -> str:
    return "GOOG" if line == 0 else f"GOOG 20160122 {500 + 5 * line} C"


def _update(step: int) -> list[Quote]:
    """One quote of each line; made ahead, for making them is the broker link's work."""
    now, price = wall_now(), 700 + step / 100
    return [Quote(_name(i), price + i, price + i + 0.5, 100.0, 200.0, now, now, now) for i in range(LINES)]


_UPDATES = [_update(step) for step in range(50)]


async def _subscriber() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bench_fanout", "subscribe",
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'libs'}"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def _measure(rounds: int) -> tuple[list[float], list[float]]:
    # both processes begin before anything of gRPC does: it dislikes a fork at its side
    first, second = await _subscriber(), await _subscriber()
    ours, reference = Desk(BatchServer, first), Desk(OneByOneServer, second)
    await ours.start()
    await reference.start()
    try:
        for desk in (ours, reference):
            await desk.ticks_per_second()  # warm
        batched, single = [], []
        for _ in range(rounds):
            batched.append(await ours.ticks_per_second())
            single.append(await reference.ticks_per_second())
    finally:
        await ours.stop()
        await reference.stop()
    return batched, single


def fanout_batched_vs_single(rounds: int) -> dict[str, Any]:
    """The bench row: ticks/s batched over ticks/s one by one, A and B alternating."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        batched, single = runner.run(_measure(rounds))
    ratios = [ours / reference for ours, reference in zip(batched, single, strict=True)]
    ours, reference = statistics.median(batched), statistics.median(single)
    return {
        "name": "fanout_batched_vs_single", "kind": "ratio", "ours": ours, "reference": reference,
        "ratio": ours / reference, "better": "higher", "unit": "ticks/s", "rounds": rounds,
        "min": min(ratios), "max": max(ratios),
    }  # fmt: skip


async def _subscribe() -> None:
    """The subscriber process: told a port, it reads every message whole and counts its quotes; asked, it tells."""
    seen = 0
    loop = asyncio.get_running_loop()
    asked = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    port = int(await asked.readline())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = market_data_pb2_grpc.MarketDataServiceStub(channel)
        call = stub.StreamQuotes(pb.StreamQuotesRequest(instrument_ids=[_name(i) for i in range(LINES)]))

        async def answer() -> None:
            while await asked.readline():
                print(seen, flush=True)

        answering = asyncio.create_task(answer())
        await call.read()
        print("subscribed", flush=True)
        while (message := await call.read()) is not grpc.aio.EOF:
            seen += len(message.quotes.quotes)
        answering.cancel()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        uvloop.run(_subscribe())
    else:
        print(json.dumps(fanout_batched_vs_single(5)))

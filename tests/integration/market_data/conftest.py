"""Market-data as a process of its own, on a simulated gateway."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.api.market_data.v1 import market_data_pb2 as pb
from hedgerow.api.market_data.v1 import market_data_pb2_grpc
from hedgerow.cli.ports import free_ports
from hedgerow.settings import Endpoint, ReplaySettings, Settings
from hedgerow.settings_parts import RecordSettings
from hedgerow.state_dir import StateDir
from tests.integration.ib.gateway import Gateway

ROOT = Path(__file__).resolve().parents[3]


class Service:
    """A running market-data process and a stub to call it by."""

    def __init__(self, gateway: Gateway, root: Path, record: bool = False) -> None:
        self.gateway = gateway
        self.state = StateDir(root / "state").create()
        self.port, self.metrics_port = free_ports(2)
        settings = Settings(
            broker=gateway.broker(),
            endpoints={"market-data": Endpoint(port=self.port, metrics_port=self.metrics_port)},
            record=RecordSettings(enabled=record),
            replay=ReplaySettings(clock_file=gateway.clock_file),
        )
        settings.dump(self.state.settings_file)
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Starts the process and waits until it answers."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.market_data.main", "--state", str(self.state.root),
            cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'libs'}"},
        )  # fmt: skip
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub = market_data_pb2_grpc.MarketDataServiceStub(self.channel)
        async with asyncio.timeout(20):
            await self.channel.channel_ready()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends the process; its exit code."""
        assert self.process is not None
        await self.channel.close()
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(10):
            return await self.process.wait()

    def stream(self, *instrument_ids: str, start_sequence: int = 0) -> Stream:
        """Opens a quote stream."""
        request = pb.StreamQuotesRequest(instrument_ids=instrument_ids, start_sequence=start_sequence)
        return Stream(self.stub.StreamQuotes(request))

    def log(self) -> list[dict[str, Any]]:
        """The process's log so far."""
        lines = (self.state.logs_dir / "market-data.log").read_text().splitlines()
        return [json.loads(line) for line in lines]


class Stream:
    """One open stream and everything it said."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.messages: list[pb.StreamQuotesResponse] = []

    async def until(
        self, condition: Callable[[pb.StreamQuotesResponse], object], what: str, limit_s: float = 10.0
    ) -> pb.StreamQuotesResponse:
        """The next message for which `condition` holds."""
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    message = await self.call.read()
                    assert message is not grpc.aio.EOF, f"the stream ended before: {what}"
                    self.messages.append(message)
                    if condition(message):
                        return message
        except TimeoutError:
            pytest.fail(f"not within {limit_s} s: {what}; got {self.messages[-3:]}")

    async def quote(self, instrument_id: str, bid: float | None = None) -> pb.Quote:
        """The next quote of an instrument, of that bid where one is given."""

        def found(message: pb.StreamQuotesResponse) -> pb.Quote | None:
            for quote in message.quotes.quotes:
                if quote.instrument_id == instrument_id and (bid is None or quote.bid == bid):
                    return quote
            return None

        message = await self.until(found, f"{instrument_id} at {bid}")
        quote = found(message)
        assert quote is not None
        return quote


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A running simulated gateway."""
    gateway = Gateway(tmp_path)
    await gateway.start()
    yield gateway
    await gateway.stop()


Start = Callable[..., Awaitable[Service]]


@pytest.fixture
async def start(gateway: Gateway, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts market-data; it is ended with the test."""
    running: list[Service] = []

    async def begin(record: bool = False) -> Service:
        service = Service(gateway, tmp_path, record)
        await service.start()
        running.append(service)
        return service

    yield begin
    for service in running:
        await service.stop(signal.SIGKILL)

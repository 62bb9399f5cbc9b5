"""A real server on a free port with a client channel, for every test of this folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.api.risk.v1 import risk_pb2_grpc
from hedgerow.rpc.channel import open_channel
from hedgerow.rpc.server import RpcServer
from hedgerow.telemetry.logs import configure_logs

Serve = Callable[[Any], Any]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(servicer)`: (server, channel) of a RiskService with that servicer."""
    opened: list[tuple[RpcServer, grpc.aio.Channel]] = []

    async def start(servicer: Any) -> tuple[RpcServer, grpc.aio.Channel]:
        server = RpcServer("risk", "127.0.0.1", 0, asyncio.Event())
        server.add_service(
            "hedgerow.api.risk.v1.RiskService", risk_pb2_grpc.add_RiskServiceServicer_to_server, servicer
        )
        await server.start()
        channel = open_channel("127.0.0.1", server.port)
        opened.append((server, channel))
        return server, channel

    yield start
    for server, channel in opened:
        await channel.close()
        await server.grpc.stop(None)


@pytest.fixture
def log_lines(tmp_path: Path) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Sends the log to a file; call it for the lines so far."""
    path = tmp_path / "test.log"
    configure_logs("test", path, echo=False)
    yield lambda: [json.loads(line) for line in path.read_text().splitlines()]
    configure_logs("test", None, echo=False)

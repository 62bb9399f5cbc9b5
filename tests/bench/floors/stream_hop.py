"""One message over an open server stream, between two processes: `source PORT` writes, `sink PORT` reads."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import grpc

from tests.bench.floors.child import READY, Rounds, run, say

METHOD = "/hedgerow.floor.Floor/Stream"
MESSAGE = bytes(range(96))
"""As long as a batch of one quote."""


async def source(port: int) -> None:
    """Tells CLOCK_MONOTONIC ns before each write."""
    rounds = Rounds()
    over = asyncio.Event()

    async def stream(_: bytes, context: Any) -> None:
        await context.write(MESSAGE)
        while await rounds.next():
            started = time.monotonic_ns()
            await context.write(MESSAGE)
            say(started)
        over.set()

    handler = grpc.method_handlers_generic_handler(
        "hedgerow.floor.Floor", {"Stream": grpc.unary_stream_rpc_method_handler(stream)}
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    say(READY)
    await over.wait()
    await server.stop(None)


async def sink(port: int) -> None:
    """Tells CLOCK_MONOTONIC ns after each read."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        open_stream: Any = channel.unary_stream(METHOD)
        call = open_stream(b"")
        await call.read()
        say(READY)
        while await call.read() is not grpc.aio.EOF:
            say(time.monotonic_ns())


if __name__ == "__main__":
    role, number = sys.argv[1], int(sys.argv[2])
    run(lambda: source(number) if role == "source" else sink(number))

"""One request and its response on an open bidirectional stream: `answerer PORT` and `asker PORT`, two processes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from tests.bench.floors.child import READY, Rounds, run, say

METHOD = "/hedgerow.floor.Floor/Ask"
REQUEST, RESPONSE = bytes(range(256)) + bytes(64), bytes(range(256)) * 2
"""As long as an intent, and as a verdict with one line per rule."""


async def answerer(port: int) -> None:
    """Tells CLOCK_MONOTONIC ns after each request it read, once it is answered."""
    over = asyncio.Event()

    async def answer(requests: AsyncIterator[bytes], context: Any) -> None:
        async for _ in requests:
            received = time.monotonic_ns()
            await context.write(RESPONSE)
            say(received)
        over.set()

    handler = grpc.method_handlers_generic_handler(
        "hedgerow.floor.Floor", {"Ask": grpc.stream_stream_rpc_method_handler(answer)}
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    say(READY)
    await over.wait()
    await server.stop(None)


async def asker(port: int) -> None:
    """Tells CLOCK_MONOTONIC ns before each request and after its response."""
    rounds = Rounds()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.stream_stream(METHOD)()
        await call.write(REQUEST)
        await call.read()
        say(READY)
        while await rounds.next():
            started = time.monotonic_ns()
            await call.write(REQUEST)
            await call.read()
            say(started, time.monotonic_ns())
        await call.done_writing()


if __name__ == "__main__":
    role, number = sys.argv[1], int(sys.argv[2])
    run(lambda: answerer(number) if role == "answerer" else asker(number))

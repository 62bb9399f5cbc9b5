"""Server streams to readers of any speed: lines over HTTP, messages over WebSocket; buffers are bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from enum import Enum
from typing import Any

import grpc

from gateway.errors import HttpError, refused, upstream_error
from gateway.http import LINES, Receive, Scope, Send, head_of
from gateway.observe import OPEN_STREAMS, SLOW_READERS
from gateway.routes import Route
from gateway.security import SUBPROTOCOL
from gateway.transcode import dump, result_line
from gateway.upstream import Upstreams

NORMAL, GOING_AWAY, INTERNAL, TRY_LATER = 1000, 1001, 1011, 1013
FIRST_LINE_S = 1.0
END_EXTENSION = "hedgerow.end"
"""Scope extension of our WebSocket protocol: end(code, reason) works on a reader that takes nothing any more."""
_LONGEST_REASON = 120  # a close frame holds 123 bytes

Lines = AsyncGenerator[bytes, None]


class End(Enum):
    """Why a stream ended without an error of its own."""

    DONE = "the process ended it"
    GONE = "the reader left"
    SLOW = "the reader did not drain"


async def upstream_lines(upstreams: Upstreams, route: Route, request: Any) -> Lines:
    """Each message of the method's stream as {"result": ...}; the call is canceled when the reader leaves.

    Raises HttpError with what the process says when it ends the stream with an error.
    """
    process, call = upstreams.stream(route, request)
    try:
        while (message := await call.read()) is not grpc.aio.EOF:
            yield result_line(message, route.response_body)
    except grpc.aio.AioRpcError as error:
        raise upstream_error(error, process, 0.0) from error
    finally:
        call.cancel()


def error_line(error: HttpError) -> bytes:
    """The last line of a stream that failed after it began."""
    return dump({"error": error.body})


class Streamer:
    """Sends streams; `drain_limit_s` is how long a reader may keep one message waiting."""

    def __init__(self, drain_limit_s: float, max_streams: int) -> None:
        self._drain_limit_s = drain_limit_s
        self._max_streams = max_streams
        self._pumps: set[asyncio.Task[Any]] = set()
        self._ending = False

    def end_all(self) -> None:
        """Ends every stream, each told so: the process is about to end."""
        self._ending = True
        for pump in tuple(self._pumps):
            pump.cancel()

    async def over_http(self, name: str, lines: Lines, receive: Receive, send: Send, began: Callable[[], None]) -> None:
        """Newline-delimited JSON; raises HttpError when the stream fails at once, later ones are the last line."""
        self._admit()

        async def put(line: bytes) -> None:
            await send({"type": "http.response.body", "body": line + b"\n", "more_body": True})

        async def start() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": head_of(LINES)})
            began()

        async with aclosing(lines):
            end = await self._run(name, "http", lines, start, put, receive, "http.disconnect")
        if end in (End.GONE, End.SLOW):
            return  # the body stays incomplete: the reader, should it still be there, sees that it was cut
        if isinstance(end, HttpError):
            await put(error_line(end))
        await send({"type": "http.response.body", "body": b""})

    async def over_websocket(self, name: str, lines: Lines, scope: Scope, receive: Receive, send: Send) -> None:
        """One text message per line; an error is the last message, before the close frame."""
        self._admit()
        await receive()  # websocket.connect
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
        await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": []})

        async def put(line: bytes) -> None:
            await send({"type": "websocket.send", "text": line.decode()})

        async def start() -> None:
            """It is accepted before the first line: a browser shows a page nothing of a refused handshake."""

        async with aclosing(lines):
            try:
                end = await self._run(name, "websocket", lines, start, put, receive, "websocket.disconnect")
            except HttpError as error:
                end = error
        if end is End.SLOW:
            scope["extensions"][END_EXTENSION](TRY_LATER, "SLOW_READER")
        elif isinstance(end, HttpError):
            await put(error_line(end))
            code = GOING_AWAY if self._ending else INTERNAL
            await send({"type": "websocket.close", "code": code, "reason": _cut(end.message)})
        elif end is End.DONE:
            await send({"type": "websocket.close", "code": NORMAL, "reason": ""})

    def _admit(self) -> None:
        if self._ending or len(self._pumps) >= self._max_streams:
            reason = "DRAINING" if self._ending else "TOO_MANY_STREAMS"
            raise refused(grpc.StatusCode.UNAVAILABLE, "no further stream is opened now", reason)

    async def _run(
        self, name: str, transport: str, lines: Lines, start: Callable[[], Awaitable[None]],
        put: Callable[[bytes], Awaitable[None]], receive: Receive, gone: str,
    ) -> End | HttpError:  # fmt: skip
        """Pumps until the lines end, the reader leaves or does not drain; raises what fails before `start`."""
        opened = OPEN_STREAMS.labels(name, transport)
        pump = asyncio.create_task(self._pump(name, lines, start, put))
        watch = asyncio.create_task(_left(receive, gone))
        self._pumps.add(pump)
        opened.inc()
        try:
            await asyncio.wait((pump, watch), return_when=asyncio.FIRST_COMPLETED)
            if not pump.done():
                return End.GONE
            if pump.cancelled():
                return refused(grpc.StatusCode.UNAVAILABLE, "the gateway is ending", "DRAINING")
            return pump.result()
        finally:
            opened.dec()
            self._pumps.discard(pump)
            pump.cancel()
            watch.cancel()
            await asyncio.wait((pump, watch))

    async def _pump(
        self, name: str, lines: Lines, start: Callable[[], Awaitable[None]], put: Callable[[bytes], Awaitable[None]]
    ) -> End | HttpError:
        first = asyncio.ensure_future(anext(lines, None))
        try:
            await asyncio.wait((first,), timeout=FIRST_LINE_S)
            if first.done():
                first.result()  # an error now is still an answer of its own
            await start()
            try:
                line = await first
                while line is not None:
                    async with asyncio.timeout(self._drain_limit_s):
                        await put(line)
                    line = await anext(lines, None)
            except HttpError as error:
                return error
        except TimeoutError:
            SLOW_READERS.labels(name).inc()
            return End.SLOW
        except OSError:
            return End.GONE
        finally:
            if not first.done():
                first.cancel()
                await asyncio.wait((first,))
        return End.DONE


async def _left(receive: Receive, gone: str) -> None:
    """Until the reader is gone; what it sends meanwhile is not asked for and dropped."""
    while (await receive())["type"] != gone:
        pass


def _cut(text: str) -> str:
    return text.encode()[:_LONGEST_REASON].decode(errors="ignore")

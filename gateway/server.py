"""uvicorn inside our own loop: no signal handlers, a bounded request head, readers that can be cut off."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Generator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.streams import END_EXTENSION
from hedgerow.domain.errors import InvalidValue

PING_S = 20.0
MAX_WEBSOCKET_MESSAGE = 64 << 10
SEND_BUFFER = 256 << 10
UNSENT_LIMIT_MS = 30_000
END_GRACE_S = 5.0
GRACE_S = 1


class HttpProtocol(HttpToolsProtocol):
    """Bounds a request's head: 431 beyond `max_head` bytes, 408 after `head_limit_s`; answers broken HTTP in JSON."""

    max_head = 32 << 10
    head_limit_s = 20.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head = 0
        self._in_head = True
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """From now its first head has its time."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._had_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._had_head()
        self._late = self.loop.call_later(self.head_limit_s, self._refuse, 408, "a request's head comes at once")

    def _had_head(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def data_received(self, data: bytes) -> None:
        """Feeds the parser no more of one head than the limit allows."""
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > self.max_head and not self.transport.is_closing():
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A new request."""
        self._in_head = True
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.max_head:
            raise ValueError("head too large")
        self._in_head, self._head = False, 0
        self._had_head()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no request of ours; the connection ends."""
        if self._in_head and self._head > self.max_head:
            self._refuse(431, f"a request's head has at most {self.max_head} bytes")
        else:
            self._refuse(400, "this is not valid HTTP")

    def _refuse(self, status: int, text: str) -> None:
        self._had_head()
        if self.transport.is_closing():
            return
        body = json.dumps({"code": 3, "message": text, "details": []}).encode()
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Offers the application a way to end a reader that takes nothing any more."""

    def handle_connect(self, event: Any) -> None:
        """Adds the extension to the scope before the application sees it."""
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][END_EXTENSION] = self.end

    def end(self, code: int, reason: str) -> None:
        """Puts the close frame behind what still waits, and cuts the connection soon after, read or not."""
        if self.transport.is_closing() or self.close_sent:
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(END_GRACE_S, self.transport.abort)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """None: signals are the process's own."""
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises InvalidValue naming endpoints.gateway.port when it is taken."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, proto)
    except OSError as error:
        raise InvalidValue("endpoints.gateway.host", host, f"an address of this machine ({error.strerror})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # accepted sockets inherit both: what a stalled reader may cost the kernel, and for how long
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_LIMIT_MS)
        listener.bind(address)
        listener.listen(512)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise InvalidValue(
            "endpoints.gateway.port", port, f"a free port on {host} ({error.strerror})",
            "stop the process that holds it, or set another port",
        ) from error  # fmt: skip
    return listener


async def serve(app: Any, listener: socket.socket, stop: asyncio.Event, max_head: int) -> None:
    """Serves until `stop`, then lets requests under way end within a second."""
    protocol = type("Http", (HttpProtocol,), {"max_head": max_head})
    config = uvicorn.Config(
        app, http=protocol, ws=WebSocketProtocol, lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, ws_max_size=MAX_WEBSOCKET_MESSAGE, ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S, ws_per_message_deflate=False, timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=30,
    )  # fmt: skip
    server = _Server(config)

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve(sockets=[listener])
    finally:
        ending.cancel()

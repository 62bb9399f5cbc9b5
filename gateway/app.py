"""The ASGI application: who may ask, which route it is, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import grpc
from opentelemetry.trace import SpanKind

from gateway.config import GatewayConfig
from gateway.errors import HttpError, http_error, refused
from gateway.http import Answer, Receive, Request, Scope, Send, error_answer, header, read_body, send_answer
from gateway.observe import DURATION, REQUESTS, UNMATCHED
from gateway.routes import Route, Routes
from gateway.security import Guard
from gateway.streams import Lines, Streamer, upstream_lines
from gateway.transcode import read_request, to_json
from gateway.upstream import Upstreams
from hedgerow.domain.errors import HedgerowError
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.traces import TRACEPARENT, current_ids, span

Handler = Callable[[Request], Awaitable[Answer]]


class Own(NamedTuple):
    """A route of the gateway's own; `keyless` ones answer without an API key."""

    method: str
    handler: Handler
    keyless: bool = False


class Gateway:
    """Serves its own routes by exact path, then the annotated methods, then the page's files.

    `shared` gives, by a method's full name and a request, lines that its readers share.
    """

    def __init__(
        self, config: GatewayConfig, routes: Routes, upstreams: Upstreams, streamer: Streamer,
        own: Mapping[str, Own], page: Callable[[str], Own | None],
        shared: Mapping[str, Callable[[Any], Lines]],
    ) -> None:  # fmt: skip
        self._config = config
        self._routes = routes
        self._upstreams = upstreams
        self._streamer = streamer
        self._own = own
        self._page = page
        self._shared = shared
        self._guard = Guard(config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or one WebSocket."""
        call = _Call(self, scope, receive, send)
        with span("http", parent=header(scope, TRACEPARENT), kind=SpanKind.SERVER):
            try:
                await call.run()
            except HedgerowError as error:
                await call.fail(http_error(error))
            except ConnectionError:
                call.count(499)
            except Exception as error:  # noqa: BLE001 the boundary: whatever it is, the caller gets an answer
                ids = current_ids()
                get_logger().error("request failed", path=call.path, exc_info=error)
                text = f"internal error, trace_id {ids[0] if ids else 'unknown'}"
                await call.fail(HttpError(grpc.StatusCode.INTERNAL, text))


class _Call:
    """One request on its way through."""

    def __init__(self, gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
        self._gateway = gateway
        self._scope, self._receive, self._send = scope, receive, send
        self._websocket = scope["type"] == "websocket"
        self._started = time.perf_counter()
        self._answered = False
        self.path: str = scope["raw_path"].decode("latin-1")
        self.method: str = "GET" if self._websocket else scope["method"]
        self.route = UNMATCHED

    async def run(self) -> None:
        """Answers it; raises a domain error for what is to be answered as an error."""
        gateway = self._gateway
        own = gateway._own.get(self.path) or gateway._page(self.path)
        gateway._guard.check(dict(self._scope), own is not None and own.keyless)
        if own is not None:
            self.route = self.path if self.path in gateway._own else "page"
            await self._answer_own(own)
            return
        method = "GET" if self.method == "HEAD" else self.method
        found = gateway._routes.find(method, self.path)
        if isinstance(found, set):
            if not found:
                raise refused(grpc.StatusCode.NOT_FOUND, f"no such path: {self.path[:200]}", "PATH_NOT_FOUND")
            raise self._wrong_method(found)
        route, bound = found
        self.route = route.template.text
        body = b"" if self._websocket else await read_body(self._scope, self._receive, gateway._config.max_body)
        request = read_request(route, bound, self._scope["query_string"], body)
        if route.streaming:
            await self._stream(route, request)
        elif self._websocket:
            raise refused(grpc.StatusCode.FAILED_PRECONDITION, "this method does not stream", "NO_STREAM")
        else:
            response = await gateway._upstreams.unary(route, request)
            await self._send_answer(Answer(to_json(response, route.response_body)))

    async def _answer_own(self, own: Own) -> None:
        method = "GET" if self.method == "HEAD" else self.method
        if self._websocket or method != own.method:
            raise self._wrong_method({own.method})
        body = await read_body(self._scope, self._receive, self._gateway._config.max_body)
        if body and method == "GET":
            raise refused(grpc.StatusCode.INVALID_ARGUMENT, "a GET has no body", "BODY_REFUSED")
        request = Request(self.method, self.path, self._scope["query_string"], body, self._scope)
        await self._send_answer(await own.handler(request))

    async def _stream(self, route: Route, request: object) -> None:
        gateway = self._gateway
        shared = gateway._shared.get(str(route.method.full_name))
        lines = upstream_lines(gateway._upstreams, route, request) if shared is None else shared(request)
        if self._websocket:
            self._answered = True
            self.count(101)
            await gateway._streamer.over_websocket(self.route, lines, self._scope, self._receive, self._send)
        elif self.method == "HEAD":
            raise self._wrong_method({"GET"})
        else:
            await gateway._streamer.over_http(self.route, lines, self._receive, self._send, self._began)

    def _began(self) -> None:
        self._answered = True
        self.count(200)

    def _wrong_method(self, allowed: set[str]) -> HttpError:
        names = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
        code, text = grpc.StatusCode.UNIMPLEMENTED, f"{self.method} is not served here, only {names}"
        return refused(code, text, "METHOD_NOT_ALLOWED", status=405, Allow=names)

    async def fail(self, error: HttpError) -> None:
        """Answers with an error, unless an answer is under way already."""
        if not self._answered:
            await self._send_answer(error_answer(error))

    async def _send_answer(self, answer: Answer) -> None:
        self._answered = True
        self.count(answer.status)
        if self._websocket:
            await _reject(self._send, answer)
        else:
            await send_answer(self._send, answer)

    def count(self, status: int) -> None:
        """Measures the answer."""
        method = self.method if self.method in _METHODS else "other"
        REQUESTS.labels(self.route, method, str(status)).inc()
        DURATION.labels(self.route, method).observe(time.perf_counter() - self._started)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


async def _reject(send: Send, answer: Answer) -> None:
    """Refuses a WebSocket's handshake with a whole answer."""

    async def translated(message: object) -> None:
        assert isinstance(message, dict)
        await send({**message, "type": f"websocket.{message['type']}"})

    await send_answer(translated, answer)

"""The gateway over real sockets, in front of a real gRPC server of an API compiled when the tests run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import httpx
from google.protobuf import any_pb2
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from gateway.app import Gateway
from gateway.config import GatewayConfig
from gateway.page import Page
from gateway.routes import Routes
from gateway.server import bind, serve
from gateway.streams import Streamer
from gateway.upstream import Upstreams
from hedgerow.cli.ports import free_ports
from hedgerow.rpc.channel import open_channel
from hedgerow.rpc.encoded import accept_encoded
from hedgerow.rpc.interceptor import CallInterceptor
from hedgerow.rpc.process import endpoint_of
from hedgerow.settings import Endpoint, Settings
from hedgerow.telemetry.traces import TRACEPARENT
from tests.unit.gateway.things import PACKAGE, things_service

MAX_BODY, MAX_HEAD = 64 << 10, 16 << 10


class Things(grpc.GenericRpcHandler):
    """Answers every unary method with its own request; keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.traceparents: list[str] = []
        self.waiting = 0
        self.streams = 0
        self.sent = 0
        self.stream: Callable[[Any], AsyncIterator[Any]] = self.three

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a method; None for what nobody serves."""
        prefix = f"/{PACKAGE}.ThingsService/"
        method = things_service().methods_by_name.get(handler_call_details.method.removeprefix(prefix))
        if method is None:
            return None
        kind = GetMessageClass(method.input_type)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._stream, kind.FromString, accept_encoded(lambda message: message.SerializeToString())
            )
        name = method.name
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._unary(name, request, context), kind.FromString,
            lambda message: message.SerializeToString(),
        )  # fmt: skip

    async def _unary(self, name: str, request: Any, context: Any) -> Any:
        self.calls.append((name, request))
        self.traceparents += [str(value) for key, value in context.invocation_metadata() if key == TRACEPARENT]
        if name == "Fail":
            code = {code.value[0]: code for code in grpc.StatusCode}[request.small]
            await context.abort(code, request.name, details(request.word))
        if name == "Wait":
            self.waiting += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting -= 1
        return request

    async def _stream(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.streams += 1
        self.traceparents += [str(value) for key, value in context.invocation_metadata() if key == TRACEPARENT]
        try:
            async for message in self.stream(request):
                self.sent += 1
                yield message
        finally:
            self.streams -= 1

    @staticmethod
    async def three(request: Any) -> AsyncIterator[Any]:
        """Three things, and the end."""
        for number in range(3):
            answer = type(request)()
            answer.CopyFrom(request)
            answer.small = number
            yield answer


def details(kind: str) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata with rich details of that kind."""
    if not kind:
        return ()
    if kind == "garbage":
        return (("grpc-status-details-bin", b"\xff\xff\xff"),)
    packed = any_pb2.Any()
    if kind == "stranger":
        packed = any_pb2.Any(type_url="type.googleapis.com/no.such.Type", value=b"\x01")
    else:
        violation = error_details_pb2.BadRequest.FieldViolation(field="size", description="above zero")
        packed.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return (("grpc-status-details-bin", status_pb2.Status(code=3, details=[packed]).SerializeToString()),)


class World:
    """`things` is the service behind it, `client` asks the gateway at `url`, `end` ends the gateway."""

    def __init__(
        self, things: Things, server: grpc.aio.Server, url: str, client: httpx.AsyncClient,
        end: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        self.things, self.server, self.url, self.client, self.end = things, server, url, client, end

    @property
    def websocket_url(self) -> str:
        """Where its WebSockets are."""
        return self.url.replace("http", "ws", 1)


@asynccontextmanager
async def things_world(**changes: Any) -> AsyncIterator[World]:
    """A gateway with no configuration but `changes` (of GatewayConfig), and the service."""
    port, upstream = free_ports(2)
    things = Things()
    settings = Settings(endpoints={"things": Endpoint(port=upstream)})
    async with AsyncExitStack() as stack:
        server = grpc.aio.server(interceptors=(CallInterceptor(),))
        server.add_generic_rpc_handlers((things,))
        server.add_insecure_port(f"127.0.0.1:{upstream}")
        await server.start()
        stack.push_async_callback(server.stop, None)
        channels: dict[str, grpc.aio.Channel] = {}

        def channel(name: str) -> grpc.aio.Channel:
            if name not in channels:
                endpoint = endpoint_of(settings, name)
                channels[name] = open_channel(endpoint.host, endpoint.port)
                stack.push_async_callback(channels[name].close)
            return channels[name]

        fields = {"host": "127.0.0.1", "port": port, "timeout_s": 2.0, "max_body": MAX_BODY, "max_head": MAX_HEAD}
        config = GatewayConfig(**{**fields, **changes})
        streamer = Streamer(config.drain_limit_s, config.max_streams)
        upstreams = Upstreams(settings, channel, config.timeout_s)
        app = Gateway(config, Routes([things_service()]), upstreams, streamer, {}, Page().find, {})
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(app, bind(config.host, port), stop, config.max_head))

        async def end() -> None:
            streamer.end_all()
            stop.set()
            await serving

        stack.push_async_callback(end)
        url = f"http://127.0.0.1:{port}"
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=20.0))
        yield World(things, server, url, client, end)

"""One gRPC server per process: health and reflection on its port, a taken port named, a drain at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from hedgerow.domain.errors import InvalidValue
from hedgerow.rpc.interceptor import CallInterceptor
from hedgerow.telemetry.logs import get_logger

DRAIN_GRACE_S = 1.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # else two processes share a port and each sees half of the calls
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class RpcServer:
    """Serves until `stop` is set: `add_service` each, then `await serve()`.

    `port` 0 binds any free port (tests); `port` holds the real one once serving.
    """

    def __init__(self, name: str, host: str, port: int, stop: asyncio.Event) -> None:
        self.name, self.host, self.port = name, host, port
        self._stop = stop
        self.grpc = grpc.aio.server(interceptors=(CallInterceptor(),), options=_OPTIONS)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.grpc)
        self._services: list[str] = []
        self._closing: list[Callable[[str], None]] = []
        self._bound: list[Callable[[], None]] = []
        self._serving: list[Callable[[int], None]] = []

    def add_service(self, name: str, add: Callable[[Any, Any], None], servicer: Any) -> None:
        """Adds a servicer by its generated `add_..._to_server`; `name` is the full proto service name."""
        add(servicer, self.grpc)
        self._services.append(name)

    def on_closing(self, hook: Callable[[str], None]) -> None:
        """`hook(reason)` runs when the drain starts: close broadcasts there, so that streams say why they end."""
        self._closing.append(hook)

    def on_bound(self, hook: Callable[[], None]) -> None:
        """`hook()` runs between binding the port and answering on it; what it raises ends the start."""
        self._bound.append(hook)

    def on_serving(self, hook: Callable[[int], None]) -> None:
        """`hook(port)` runs once the port is bound and answers."""
        self._serving.append(hook)

    async def set_serving(self, serving: bool, service: str = "") -> None:
        """Health of one service, or of the process when `service` is empty."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        await self._health.set(service, status)

    async def serve(self) -> None:
        """Binds, answers until stop, drains. Raises InvalidValue naming endpoints.<name>.port when it is taken."""
        await self.start()
        await self._stop.wait()
        await self.drain()

    async def start(self) -> None:
        """Binds and answers."""
        names = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self.grpc)
        try:
            self.port = self.grpc.add_insecure_port(f"{self.host}:{self.port}")
        except RuntimeError as error:
            raise InvalidValue(
                f"endpoints.{self.name}.port", self.port, f"a free port on {self.host}",
                "stop the process that holds it, or set another port",
            ) from error  # fmt: skip
        for bound in self._bound:
            bound()
        await self.grpc.start()
        for service in ("", *self._services):
            await self.set_serving(True, service)
        get_logger().info("serving", host=self.host, port=self.port, services=self._services)
        for serving in self._serving:
            serving(self.port)

    async def drain(self) -> None:
        """Turns health to NOT_SERVING, runs the closing hooks, gives calls under way DRAIN_GRACE_S, and closes."""
        await self._health.enter_graceful_shutdown()
        for hook in self._closing:
            hook("DRAINING")
        await self.grpc.stop(DRAIN_GRACE_S)
        get_logger().info("drained")

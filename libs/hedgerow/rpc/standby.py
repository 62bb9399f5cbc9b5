"""What a process answers while it waits to take another's place: that it is there, and does not serve."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from hedgerow.settings import Endpoint
from hedgerow.telemetry.logs import get_logger

DETAIL_KEY, STANDBY = "hedgerow-detail", "STANDBY"
"""Trailing metadata of every health check meanwhile."""
_LOOK_S = 0.1


class _Standing(health.aio.HealthServicer):  # type: ignore[misc]
    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> health_pb2.HealthCheckResponse:
        context.set_trailing_metadata(((DETAIL_KEY, STANDBY),))
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.NOT_SERVING)


class StandbyServer:
    """Health checks alone; an async context manager. Where the process at work has the port, none."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        health_pb2_grpc.add_HealthServicer_to_server(_Standing(), self._server)

    async def __aenter__(self) -> StandbyServer:
        at = f"{self._endpoint.host}:{self._endpoint.port}"
        if await self._bound(at):
            get_logger().info("standing by", at=at)
        else:
            get_logger().info("standing by, unheard: the process at work has the port", at=at)
        return self

    async def _bound(self, at: str) -> bool:
        """Whether it answers there; looked at first, for gRPC writes an alarming line where it finds a port taken."""
        if not _is_free(self._endpoint.host, self._endpoint.port):
            return False
        try:
            self._server.add_insecure_port(at)
        except RuntimeError:
            return False
        await self._server.start()
        return True

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(None)


async def until_free(endpoint: Endpoint) -> None:
    """Waits until port and metrics port can be had: a process that was stopped keeps them until it wakes and ends.

    One that is just ending has let go of the store before it lets go of these.
    """
    told = False
    while held := [
        port for port in (endpoint.port, endpoint.metrics_port) if port and not _is_free(endpoint.host, port)
    ]:
        if not told:
            told = True
            get_logger().error("a port is still held by the process before", ports=held)
        await asyncio.sleep(_LOOK_S)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True

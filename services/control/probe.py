"""Asks every configured process for its health, on an interval and with a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hedgerow.clock import wall_now
from hedgerow.rpc.channel import open_channel
from hedgerow.settings import Endpoint
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from services.control.domain import ProcessFact

_SERVING = metrics.gauge("hedgerow_control_service_serving", "Whether a process answers: 1 or 0.", ("service",))


@dataclass(slots=True)
class _Heard:
    serving: bool = False
    detail: str = ""
    last_seen_ns: int = 0
    asked_ns: int = 0  # CLOCK_MONOTONIC, 0 = never


class HealthProbe:
    """One channel per process; `itself` answers by being able to ask.

    `restarts` says in words what whoever starts processes again is doing about one, empty when nothing.
    """

    def __init__(
        self, processes: Mapping[str, Endpoint], itself: str, interval_s: float, timeout_s: float,
        restarts: Callable[[str], str] = lambda _: "",
    ) -> None:  # fmt: skip
        self._itself = itself
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._restarts = restarts
        self._channels = {name: open_channel(at.host, at.port) for name, at in processes.items()}
        self._heard = {name: _Heard() for name in processes}

    def facts(self) -> tuple[ProcessFact, ...]:
        """What each process last answered, this one included."""
        now = time.monotonic_ns()
        found = [
            ProcessFact(
                name, heard.serving, heard.detail, heard.last_seen_ns, now - heard.asked_ns if heard.asked_ns else None
            )
            for name, heard in self._heard.items()
        ]
        return (*found, ProcessFact(self._itself, True, "", wall_now(), 0))

    async def ask_all(self) -> None:
        """Asks every process once, all at the same time."""
        await asyncio.gather(*(self._ask(name) for name in self._channels))

    async def run(self) -> None:
        """Asks again and again until canceled."""
        while True:
            await asyncio.sleep(self._interval_s)
            await self.ask_all()

    async def _ask(self, name: str) -> None:
        heard = self._heard[name]
        before = heard.serving
        stub = health_pb2_grpc.HealthStub(self._channels[name])
        asked = time.monotonic_ns()
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            heard.serving, heard.detail = False, self._why(error)
        else:
            heard.last_seen_ns = wall_now()
            heard.serving = answer.status == health_pb2.HealthCheckResponse.SERVING
            status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
            heard.detail = "" if heard.serving else f"answers {status}"
        if not heard.serving:
            heard.detail = "; ".join(part for part in (heard.detail, self._restarts(name)) if part)
        if heard.serving is not before or not heard.asked_ns:
            get_logger().info("process health", service=name, serving=heard.serving, detail=heard.detail)
        heard.asked_ns = asked
        _SERVING.labels(name).set(heard.serving)

    def _why(self, error: grpc.aio.AioRpcError) -> str:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return f"does not answer within {self._timeout_s:g} s"
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            return "cannot be reached"
        return f"fails its health check: {error.code().name}"

    async def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels.values():
            await channel.close()

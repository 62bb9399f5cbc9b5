"""Who answers a method: proto package to process, and the call to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from gateway.errors import upstream_error
from gateway.routes import Route
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.settings import Settings
from hedgerow.telemetry.traces import TRACEPARENT, inject_traceparent

STRATEGY = "strategy"
_PREFIX = "hedgerow.api."


class Upstreams:
    """Calls by route; `channel(name)` is the channel to the process of that name."""

    def __init__(self, settings: Settings, channel: Callable[[str], grpc.aio.Channel], timeout_s: float) -> None:
        self._channel = channel
        self._timeout_s = timeout_s
        self._calls: dict[tuple[str, str], Any] = {}
        self.strategies: dict[str, str] = {
            each.name: strategy_process(settings, each.name) for each in settings.strategies
        }

    def process(self, route: Route, request: Message) -> str:
        """The process that answers; raises InvalidValue naming `strategy` when several daemons could."""
        name = process_of(route.package)
        if name != STRATEGY:
            return name
        return self.strategies[self.strategy(getattr(request, STRATEGY, ""))]

    def strategy(self, wanted: str) -> str:
        """The configured strategy meant by a name, the only one by none; raises InvalidValue naming those there are."""
        if not self.strategies:
            raise FailedPrecondition("no strategy is configured", "NOT_CONFIGURED")
        if not wanted and len(self.strategies) == 1:
            return next(iter(self.strategies))
        if wanted not in self.strategies:
            raise InvalidValue(STRATEGY, wanted, f"one of: {', '.join(self.strategies)}")
        return wanted

    async def unary(self, route: Route, request: Message) -> Message:
        """The answer; raises HttpError with what the process answered instead."""
        process = self.process(route, request)
        call = self._call(process, route, "unary_unary")
        try:
            response: Message = await call(request, timeout=self._timeout_s)
        except grpc.aio.AioRpcError as error:
            raise upstream_error(error, process, self._timeout_s) from error
        return response

    def stream(self, route: Route, request: Message) -> tuple[str, Any]:
        """The process and the call under way, to be read and canceled."""
        process = self.process(route, request)
        traceparent = inject_traceparent()
        metadata = ((TRACEPARENT, traceparent),) if traceparent else ()
        return process, self._call(process, route, "unary_stream")(request, metadata=metadata)

    def _call(self, process: str, route: Route, kind: str) -> Any:
        key = process, route.rpc_path
        call = self._calls.get(key)
        if call is None:
            make = getattr(self._channel(process), kind)
            call = self._calls[key] = make(
                route.rpc_path,
                request_serializer=route.request_class.SerializeToString,
                response_deserializer=route.response_class.FromString,
            )
        return call


def process_of(package: str) -> str:
    """The catalog's name of the process that serves a proto package hedgerow.api.<name>.v1."""
    return package.removeprefix(_PREFIX).split(".")[0].replace("_", "-")


def strategy_process(settings: Settings, name: str) -> str:
    """The endpoint's name of a strategy's daemon."""
    own = f"{STRATEGY}-{name}"
    alone = len(settings.strategies) == 1 and own not in settings.endpoints
    return STRATEGY if alone else own

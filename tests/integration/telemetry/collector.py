"""An OTLP collector: the TraceService of opentelemetry.proto on a real gRPC server, keeping what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1 import common_pb2


class Received(NamedTuple):
    """One span as it came over the wire; ids in hex, `parent_id` empty without one."""

    process: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    failed: bool


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps spans and the metadata they came with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Received] = []
        self.metadata: dict[str, str] = {}

    @property
    def spans(self) -> list[Received]:
        """All spans so far."""
        with self._lock:
            return list(self._spans)

    def Export(self, request: Any, context: Any) -> Any:
        """Takes a batch."""
        found = []
        for resource in request.resource_spans:
            process = _words(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                found += [
                    Received(
                        process, one.name, one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex(),
                        one.start_time_unix_nano, one.end_time_unix_nano, _words(one.attributes), one.status.code == 2,
                    )
                    for one in scope.spans
                ]  # fmt: skip
        with self._lock:
            self._spans += found
            self.metadata |= {key: str(value) for key, value in context.invocation_metadata()}
        return trace_service_pb2.ExportTraceServiceResponse()


def _words(attributes: Any) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: common_pb2.AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, str(kind))


@contextmanager
def collecting(port: int) -> Iterator[Collector]:
    """A collector listening on a loopback port; gone afterwards."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    assert server.add_insecure_port(f"127.0.0.1:{port}") == port
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()

"""OTLP: ended spans to a collector from a thread of their own; a collector that is away costs spans, nothing else."""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hedgerow.domain.errors import InvalidValue
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.metrics import counter
from hedgerow.telemetry.traces import DROPPED, EndedSpan

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

QUEUE_SPANS = 8192
"""Spans that may wait for the collector; more are dropped and counted."""
BATCH_SPANS = 512
TIMEOUT_S = 5.0
"""Wall seconds one batch is tried for, retries included."""
CLOSE_S = 1.0
WARN_INTERVAL_S = 60.0
ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_EXPORTED = counter("hedgerow_telemetry_spans_exported_total", "Spans a collector has taken.")


class Destination(Protocol):
    """Where to: the settings' `telemetry` section."""

    @property
    def otlp_endpoint(self) -> str:
        """host:port, or a URL; empty = what the environment says, if anything."""

    @property
    def otlp_insecure(self) -> bool:
        """Whether an endpoint without a scheme is spoken to without TLS."""

    @property
    def otlp_headers_file(self) -> Path | None:
        """A file of `key: value` lines sent with each batch, such as a token."""


def open_otlp(destination: Destination) -> OtlpSink | None:
    """A running sink where an endpoint is configured or named by the environment, else None.

    Raises InvalidValue when the headers' file cannot be read.
    """
    endpoint = destination.otlp_endpoint
    if not endpoint and not any(os.environ.get(name) for name in ENDPOINT_VARIABLES):
        return None
    headers = None if destination.otlp_headers_file is None else read_headers(destination.otlp_headers_file)
    return OtlpSink(endpoint, True if destination.otlp_insecure else None, headers)


def read_headers(path: Path) -> tuple[tuple[str, str], ...]:
    """The `key: value` lines of a file, keys in lower case; raises InvalidValue."""
    key = "telemetry.otlp_headers_file"
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
    except OSError as error:
        raise InvalidValue(key, str(path), f"a readable file ({error.strerror})") from error
    pairs = [line.partition(":") for line in lines if line and not line.startswith("#")]
    if not all(name.strip() and colon for name, colon, _ in pairs):
        raise InvalidValue(key, str(path), "one `key: value` per line")  # its text is not repeated: it may be secret
    return tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)


class OtlpSink:
    """Takes spans on the event loop, sends them from its thread."""

    def __init__(self, endpoint: str, insecure: bool | None, headers: tuple[tuple[str, str], ...] | None) -> None:
        self._endpoint = endpoint
        self._insecure = insecure
        self._headers = headers
        self._queue: queue.SimpleQueue[list[EndedSpan] | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._exporter: Any = None
        self._next_warning = 0.0
        self._lost = 0
        self._resources: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._thread.start()

    def __call__(self, spans: Sequence[EndedSpan]) -> None:
        """Queues spans; when too many wait these are dropped."""
        with self._lock:
            room = self._waiting + len(spans) <= QUEUE_SPANS
            self._waiting += len(spans) if room else 0
        if not room:
            self._drop(len(spans), "the collector does not keep up")
            return
        for first in range(0, len(spans), BATCH_SPANS):
            self._queue.put(list(spans[first : first + BATCH_SPANS]))

    def close(self) -> None:
        """Sends what is queued, for CLOSE_S at most."""
        self._queue.put(None)
        self._thread.join(CLOSE_S)
        if self._exporter is not None:
            self._exporter.shutdown()

    # Below: on the thread.

    def _run(self) -> None:
        # A third of a second and several megabytes to import: only for who exports.
        from opentelemetry.exporter.otlp.proto.grpc import exporter as quiet  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

        logging.getLogger(quiet.__name__).setLevel(logging.CRITICAL)  # it tells of every attempt; we of each minute
        self._exporter = OTLPSpanExporter(
            endpoint=self._endpoint or None, insecure=self._insecure, headers=self._headers, timeout=TIMEOUT_S
        )
        while (batch := self._queue.get()) is not None:
            taken = self._exporter.export([self._readable(one) for one in batch]) is SpanExportResult.SUCCESS
            with self._lock:
                self._waiting -= len(batch)
            if taken:
                _EXPORTED.inc(len(batch))
            else:
                self._drop(len(batch), "the collector does not answer")

    def _drop(self, count: int, cause: str) -> None:
        DROPPED.labels("otlp").inc(count)
        with self._lock:
            self._lost += count
            now = time.monotonic()
            if now < self._next_warning:
                return
            self._next_warning = now + WARN_INTERVAL_S
            lost, self._lost = self._lost, 0
        where = self._endpoint or "as the environment says"
        get_logger().warning("spans not exported", cause=cause, endpoint=where, spans=lost)

    def _readable(self, one: EndedSpan) -> ReadableSpan:
        return readable(one, self._resources)


def readable(one: EndedSpan, resources: dict[str, Any]) -> ReadableSpan:
    """The span as OpenTelemetry's exporters take it; `resources` remembers one resource per process."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import Event, ReadableSpan  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415
    from opentelemetry.trace.status import Status, StatusCode  # noqa: PLC0415

    resource = resources.get(one.process)
    if resource is None:
        words = {"service.name": one.process, "service.namespace": "hedgerow", "host.name": socket.gethostname()}
        resource = resources[one.process] = Resource(words)
    flags = TraceFlags(TraceFlags.SAMPLED)
    trace_id = one.context.trace_id
    events = (
        (Event("exception", {"exception.message": one.error, "exception.stacktrace": one.stack}),) if one.error else ()
    )
    return ReadableSpan(
        one.name, SpanContext(trace_id, one.context.span_id, False, flags),
        SpanContext(trace_id, one.parent_id, True, flags) if one.parent_id else None, resource,
        {key: _plain(value) for key, value in one.attributes.items() if value is not None}, events, (), one.kind, None,
        Status(StatusCode.ERROR, one.error) if one.error else Status(), one.start_ns, one.end_ns,
        InstrumentationScope("hedgerow"),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """Attributes are numbers and words there: a document becomes lines of `key: value`."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return [f"{key}: {each}" for key, each in value.items()]
    return str(value)

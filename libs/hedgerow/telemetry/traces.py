"""Traces: W3C context across every hop; spans go to a bounded ring until an exporter is configured."""

from __future__ import annotations

import random
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode
from opentelemetry.util.types import AttributeValue

TRACEPARENT = "traceparent"
RING_SPANS = 2048
_SAMPLED, _UNSAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(0)
_SCOPE = InstrumentationScope("hedgerow")
_LOW_BITS = 1 << 64


class SpanRing(SpanProcessor):
    """Keeps the newest ended spans in memory, so a process can show what it just did."""

    def __init__(self, capacity: int = RING_SPANS) -> None:
        self.spans: deque[ReadableSpan] = deque(maxlen=capacity)

    def on_end(self, span: ReadableSpan) -> None:
        """Keeps a span, dropping the oldest when full."""
        self.spans.append(span)


class _Telemetry(NamedTuple):
    resource: Resource
    sample_bound: int
    ring: SpanRing
    processors: list[SpanProcessor]


def _telemetry(process: str, sample_ratio: float) -> _Telemetry:
    ring = SpanRing()
    resource = Resource({"service.name": process, "service.namespace": "hedgerow"})
    return _Telemetry(resource, round(sample_ratio * _LOW_BITS), ring, [ring])


_current = _telemetry("hedgerow", 1.0)


def configure_traces(process: str, sample_ratio: float = 1.0) -> None:
    """Names this process in its spans; a trace that starts here is sampled with `sample_ratio`, 0 to 1."""
    global _current
    _current = _telemetry(process, sample_ratio)


def add_span_processor(processor: SpanProcessor) -> None:
    """Hands ended spans to an exporter as well; only `on_end` is called."""
    _current.processors.append(processor)


def recent_spans() -> list[ReadableSpan]:
    """Spans that ended last in this process, oldest first."""
    return list(_current.ring.spans)


@contextmanager
def span(
    name: str, *, parent: str = "", kind: SpanKind = SpanKind.INTERNAL, **attributes: AttributeValue
) -> Iterator[Span]:
    """A span around a block, below `parent` (a traceparent) or else below the current span.

    Entering only draws an id: what is worth recording is made when the block is over, for blocks lie on the way of
    an order and a full span costs as much as the rules that decide on it.
    """
    context = extract(parent) if parent else None
    above = trace.get_current_span(context).get_span_context()
    current = NonRecordingSpan(_child_of(above))
    token = attach(trace.set_span_in_context(current, context))
    started = time.time_ns()
    failure: Exception | None = None
    try:
        yield current
    except Exception as error:
        failure = error
        raise
    finally:
        detach(token)
        if current.get_span_context().trace_flags.sampled:
            _record(name, current, above, kind, attributes, started, failure)


def _child_of(above: SpanContext) -> SpanContext:
    """Fresh ids in the parent's trace, or in a new one; a new trace decides whether it is recorded."""
    span_id = random.getrandbits(64) or 1
    if above.is_valid:
        return SpanContext(above.trace_id, span_id, False, above.trace_flags)
    trace_id = random.getrandbits(128) or 1
    sampled = trace_id % _LOW_BITS < _current.sample_bound
    return SpanContext(trace_id, span_id, False, _SAMPLED if sampled else _UNSAMPLED)


def _record(
    name: str, current: Span, above: SpanContext, kind: SpanKind, attributes: dict[str, AttributeValue], started: int,
    failure: Exception | None,
) -> None:  # fmt: skip
    status = Status()
    events: tuple[Event, ...] = ()
    if failure is not None:
        status = Status(StatusCode.ERROR, f"{type(failure).__name__}: {failure}")
        words = {
            "exception.type": type(failure).__qualname__,
            "exception.message": str(failure),
            "exception.stacktrace": "".join(traceback.format_exception(failure)),
        }
        events = (Event("exception", words),)
    ended = ReadableSpan(
        name, current.get_span_context(), above if above.is_valid else None, _current.resource, attributes, events,
        (), kind, None, status, started, time.time_ns(), _SCOPE,
    )  # fmt: skip
    for processor in _current.processors:
        processor.on_end(ended)


def inject_traceparent() -> str:
    """The current span as a W3C traceparent, for metadata or a message; empty outside any span."""
    return traceparent_of(trace.get_current_span())


def traceparent_of(active: Span) -> str:
    """That span as a W3C traceparent; empty when it is no real span."""
    context = active.get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def extract(traceparent: str) -> Context:
    """A context below that traceparent; an empty context when it is not one (a bad header is no error)."""
    remote = parse_traceparent(traceparent)
    return Context() if remote is None else trace.set_span_in_context(NonRecordingSpan(remote), Context())


def parse_traceparent(traceparent: str) -> SpanContext | None:
    """The ids in a W3C traceparent, None when it is malformed."""
    parts = traceparent.split("-")
    if len(parts) < 4 or [len(part) for part in parts[:4]] != [2, 32, 16, 2] or parts[0] == "ff":
        return None
    try:
        ids = SpanContext(int(parts[1], 16), int(parts[2], 16), True, TraceFlags(int(parts[3], 16)))
    except ValueError:
        return None
    return ids if ids.is_valid else None


def current_ids() -> tuple[str, str] | None:
    """Trace id and span id of the current span in hex, None outside any span."""
    context = trace.get_current_span().get_span_context()
    return (f"{context.trace_id:032x}", f"{context.span_id:016x}") if context.is_valid else None

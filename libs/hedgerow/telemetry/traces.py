"""Traces: spans with W3C ids, kept cheaply where an order passes and handed to sinks a moment later."""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

from opentelemetry.trace import SpanKind

from hedgerow.domain.trace_context import TraceContext, parse
from hedgerow.telemetry.metrics import counter

TRACEPARENT = "traceparent"
LINGER_S = 0.5
"""Wall seconds ended spans wait before the sinks get them: an order's way is over by then."""
PENDING_SPANS = 4096
"""Ended spans that may wait; more are dropped and counted."""
_LOW_BITS = 1 << 64

DROPPED = counter("hedgerow_telemetry_spans_dropped_total", "Spans dropped where a sink did not keep up.", ["sink"])

_here: ContextVar[TraceContext | None] = ContextVar("trace_context", default=None)


class EndedSpan(NamedTuple):
    """One span as sinks get it; `parent_id` 0 = none, times wall ns, `error` empty unless it failed."""

    process: str
    name: str
    context: TraceContext
    parent_id: int
    kind: SpanKind
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    error: str = ""
    stack: str = ""


Sink = Callable[[Sequence[EndedSpan]], None]
"""Takes ended spans on the event loop; must neither block nor raise."""


class Span:
    """A span around a block; attributes that are functions are called when it leaves, off the order's way."""

    __slots__ = ("attributes", "context", "ended", "failure", "kind", "name", "parent_id", "started", "steps", "token")

    def __init__(
        self, name: str, context: TraceContext, parent_id: int, kind: SpanKind, attributes: dict[str, Any]
    ) -> None:
        self.name = name
        self.context = context
        self.parent_id = parent_id
        self.kind = kind
        self.attributes = attributes
        self.steps: list[tuple[str, int, dict[str, Any]]] = []
        self.started = self.ended = 0
        self.failure: BaseException | None = None
        self.token: Token[TraceContext | None] | None = None

    def __enter__(self) -> Span:
        self.token = _here.set(self.context)
        self.started = time.time_ns()
        return self

    def __exit__(self, _: object, failure: BaseException | None, __: object) -> None:
        self.ended = time.time_ns()
        if self.token is not None:
            _here.reset(self.token)
        # a cancellation is nobody's fault
        self.failure = failure if isinstance(failure, Exception) else None
        _keep(self)

    def set(self, **attributes: object) -> None:
        """Adds attributes."""
        self.attributes |= attributes

    def step(self, name: str, **attributes: object) -> None:
        """Ends a step of the block: a child span from the step before (or the beginning) until now."""
        self.steps.append((name, time.time_ns(), attributes))

    def below(self, step: str) -> str:
        """The traceparent of one of its steps, known before the step is over."""
        return self.context.child(step).traceparent

    def spans(self, process: str) -> Iterator[EndedSpan]:
        """Itself, then its steps."""
        error = stack = ""
        if self.failure is not None:
            error = f"{type(self.failure).__name__}: {self.failure}"
            stack = "".join(traceback.format_exception(self.failure))
        yield EndedSpan(
            process, self.name, self.context, self.parent_id, self.kind, self.started, self.ended,
            _values(self.attributes), error, stack,
        )  # fmt: skip
        begun = self.started
        for name, ended, attributes in self.steps:
            own = {key: self.attributes[key] for key in ("intent_id",) if key in self.attributes}
            yield EndedSpan(
                process, name, self.context.child(name), self.context.span_id, SpanKind.INTERNAL, begun, ended,
                own | _values(attributes),
            )  # fmt: skip
            begun = ended


def _values(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: value() if callable(value) else value for key, value in attributes.items()}


class _Telemetry:
    """What this process does with its spans."""

    def __init__(self, process: str, sample_ratio: float) -> None:
        self.process = process
        self.sample_bound = round(sample_ratio * _LOW_BITS)
        self.sinks: list[Sink] = []
        self.pending: deque[Span | EndedSpan] = deque()
        self.timer: asyncio.TimerHandle | None = None


_current = _Telemetry("hedgerow", 1.0)


def configure_traces(process: str, sample_ratio: float = 1.0) -> None:
    """Names this process in its spans; a trace that starts here is recorded with `sample_ratio`, 0 to 1."""
    global _current
    _current = _Telemetry(process, sample_ratio)


def add_sink(sink: Sink) -> None:
    """Hands ended spans to `sink` from now on; without any, nothing is kept."""
    _current.sinks.append(sink)


def remove_sink(sink: Sink) -> None:
    """Hands over what is pending, and then nothing more."""
    flush()
    if sink in _current.sinks:
        _current.sinks.remove(sink)


def flush() -> None:
    """Hands every ended span to the sinks, now."""
    telemetry = _current
    if telemetry.timer is not None:
        telemetry.timer.cancel()
        telemetry.timer = None
    ended: list[EndedSpan] = []
    while telemetry.pending:
        one = telemetry.pending.popleft()
        ended.extend(one.spans(telemetry.process) if isinstance(one, Span) else (one,))
    if ended:
        for sink in telemetry.sinks:
            sink(ended)


def _keep(one: Span | EndedSpan) -> None:
    telemetry = _current
    if not telemetry.sinks or not one.context.sampled:
        return
    if len(telemetry.pending) >= PENDING_SPANS:
        DROPPED.labels("pending").inc()
        return
    telemetry.pending.append(one)
    if telemetry.timer is None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # a span outside the loop waits for the next inside it
        telemetry.timer = loop.call_later(LINGER_S, flush)


def span(
    name: str, *, parent: str = "", own: TraceContext | None = None, kind: SpanKind = SpanKind.INTERNAL,
    **attributes: object,
) -> Span:  # fmt: skip
    """A span around a block, below `parent` (a traceparent) or else below the current span.

    `own` says its ids where others must know them; else they are drawn, and without anything above a new trace
    begins. Spans of one hedge have the attribute `intent_id`: those are kept in the store.
    """
    above = parse(parent) if parent else None
    if above is None:
        above = _here.get()
    if own is None:
        own = above.child() if above is not None else sampled(_new_trace())
    return Span(name, own, above.span_id if above is not None else 0, kind, attributes)


def record(
    name: str, own: TraceContext, parent_id: int, start_ns: int, end_ns: int, process: str = "", **attributes: object
) -> None:
    """A span whose times, wall ns, are known already; `process` when it tells of another one."""
    _keep(
        EndedSpan(
            process or _current.process, name, own, parent_id, SpanKind.INTERNAL, start_ns, max(start_ns, end_ns),
            attributes,
        )
    )  # fmt: skip


@contextmanager
def within(context: TraceContext | None) -> Iterator[None]:
    """What is logged and sent in the block belongs to that span, which itself is recorded elsewhere."""
    token = _here.set(context)
    try:
        yield
    finally:
        _here.reset(token)


def sampled(context: TraceContext) -> TraceContext:
    """The same, recorded or not as this process's ratio and the trace's id say: every process says the same."""
    return context._replace(sampled=context.trace_id % _LOW_BITS < _current.sample_bound)


def _new_trace() -> TraceContext:
    return TraceContext(random.getrandbits(128) or 1, random.getrandbits(64) or 1)


def inject_traceparent() -> str:
    """The current span as a W3C traceparent, for metadata or a message; empty outside any span."""
    context = _here.get()
    return "" if context is None else context.traceparent


def current_ids() -> tuple[str, str] | None:
    """Trace id and span id of the current span in hex, None outside any span."""
    context = _here.get()
    return None if context is None else (f"{context.trace_id:032x}", f"{context.span_id:016x}")

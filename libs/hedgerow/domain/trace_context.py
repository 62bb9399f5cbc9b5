"""Trace contexts of W3C: random ids, or ids that follow from what a span is about so that nothing need be sent."""

from __future__ import annotations

import random
from hashlib import blake2b
from typing import NamedTuple


class TraceContext(NamedTuple):
    """One span's place: its trace (128 bits), itself (64 bits), and whether the trace is recorded."""

    trace_id: int
    span_id: int
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """As a message or a header carries it."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{'01' if self.sampled else '00'}"

    def child(self, what: str = "") -> TraceContext:
        """A span below this one; with `what` always the same one, whichever process asks."""
        span_id = _derived(f"{self.trace_id:032x}{self.span_id:016x}{what}", 8) if what else random.getrandbits(64)
        return TraceContext(self.trace_id, span_id or 1, self.sampled)


def parse(traceparent: str) -> TraceContext | None:
    """The ids in a traceparent, None when it is malformed."""
    parts = traceparent.split("-")
    if len(parts) < 4 or [len(part) for part in parts[:4]] != [2, 32, 16, 2] or parts[0] == "ff":
        return None
    try:
        context = TraceContext(int(parts[1], 16), int(parts[2], 16), bool(int(parts[3], 16) & 1))
    except ValueError:
        return None
    return context if context.trace_id > 0 and context.span_id > 0 else None


def child_of(traceparent: str, what: str) -> str:
    """The traceparent of the span `what` below that one; empty when there is none."""
    above = parse(traceparent)
    return "" if above is None else above.child(what).traceparent


def of_tick(instrument_id: str, receive_time: int) -> TraceContext:
    """The trace of a quote received at that wall time, ns: market-data and every reader come to the same one."""
    trace_id = _derived(f"{instrument_id}@{receive_time}", 16) or 1
    return TraceContext(trace_id, _derived(f"{trace_id:032x}", 8) or 1)


def _derived(text: str, size: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=size).digest(), "big")

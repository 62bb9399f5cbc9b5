"""Traces: real W3C ids, one trace across hops and messages, a bounded memory of spans, and little time."""

from __future__ import annotations

import time

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import get_current_span

from hedgerow.telemetry.traces import (
    RING_SPANS,
    SpanRing,
    add_span_processor,
    configure_traces,
    current_ids,
    inject_traceparent,
    parse_traceparent,
    recent_spans,
    span,
)

REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def process() -> None:
    configure_traces("test")


def test_a_child_shares_the_trace_and_names_its_parent() -> None:
    with span("decide"):
        parent = current_ids()
        with span("send", quantity=120):
            child = current_ids()
        assert current_ids() == parent
    assert parent is not None
    assert child is not None
    assert (child[0] == parent[0], child[1] == parent[1]) == (True, False)
    sent, decided = recent_spans()
    assert (sent.name, decided.name) == ("send", "decide")
    assert sent.parent is not None
    assert f"{sent.parent.span_id:016x}" == parent[1]
    assert sent.attributes == {"quantity": 120}
    assert sent.resource.attributes["service.name"] == "test"


def test_a_message_carries_the_trace_to_the_next_hop() -> None:
    with span("strategy"):
        first = current_ids()
        message = inject_traceparent()
    with span("execution", parent=message):
        second = current_ids()
        message = inject_traceparent()
    with span("risk", parent=message):
        third = current_ids()
    assert first is not None
    assert second is not None
    assert third is not None
    assert first[0] == second[0] == third[0]
    assert len({first[1], second[1], third[1]}) == 3


def test_a_foreign_traceparent_is_continued() -> None:
    with span("hop", parent=REMOTE):
        assert inject_traceparent().startswith("00-0af7651916cd43dd8448eb211c80319c-")


def test_outside_any_span_there_is_nothing_to_send() -> None:
    assert inject_traceparent() == ""
    assert current_ids() is None


@pytest.mark.parametrize(
    "text",
    ["", "00", "00-0-0-0", f"ff{REMOTE[2:]}", "00-" + "0" * 32 + "-b7ad6b7169203331-01", REMOTE.replace("a", "x"), "é"],
)
def test_a_malformed_traceparent_starts_a_new_trace(text: str) -> None:
    assert parse_traceparent(text) is None
    with span("hop", parent=text):
        assert current_ids() is not None


def test_a_newer_version_is_read_by_its_first_four_parts() -> None:
    assert parse_traceparent(f"01{REMOTE[2:]}-what-ever") is not None


def test_unsampled_traces_keep_their_ids_and_are_not_recorded() -> None:
    configure_traces("test", sample_ratio=0.0)
    with span("quiet"):
        assert inject_traceparent()
    assert recent_spans() == []
    with span("asked for", parent=REMOTE):
        pass
    assert [recorded.name for recorded in recent_spans()] == ["asked for"]


def test_an_exception_is_recorded_and_passes() -> None:
    with pytest.raises(ValueError, match="x"), span("fails"):
        raise ValueError("x")
    assert recent_spans()[0].events[0].name == "exception"
    assert not get_current_span().get_span_context().is_valid


def test_memory_is_bounded() -> None:
    for _ in range(RING_SPANS + 10):
        with span("s"):
            pass
    assert len(recent_spans()) == RING_SPANS
    assert SpanRing(3).spans.maxlen == 3


def test_an_exporter_gets_each_span() -> None:
    class Exporter(SpanProcessor):
        def __init__(self) -> None:
            self.names: list[str] = []

        def on_end(self, span: ReadableSpan) -> None:
            self.names.append(span.name)

    exporter = Exporter()
    add_span_processor(exporter)
    with span("shown"):
        pass
    assert exporter.names == ["shown"]


def test_a_hop_costs_little() -> None:
    def hop() -> None:
        with span("hop", parent=REMOTE):
            inject_traceparent()

    hop()
    best = min(_timed(hop) for _ in range(50))
    assert best < 200e-6, f"{best * 1e6:.0f} us"  # measured 25 us; the bound only catches another order


def _timed(hop: object) -> float:
    assert callable(hop)
    started = time.perf_counter()
    for _ in range(20):
        hop()
    return (time.perf_counter() - started) / 20

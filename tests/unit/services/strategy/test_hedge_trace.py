"""A hedge's trace begins with the quote heard last, and tells of tick, decision and its steps."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hedgerow.domain.quote import Quote
from hedgerow.domain.trace_context import of_tick
from hedgerow.strategy.observation import ObservationCause
from hedgerow.telemetry.traces import EndedSpan, add_sink, configure_traces, flush
from services.strategy.hedge_trace import Times, begin, tell
from services.strategy.inputs import Inputs
from tests.strategy_world import World

MS = 1_000_000


@pytest.fixture
def kept() -> Iterator[list[EndedSpan]]:
    configure_traces("strategy-s")
    spans: list[EndedSpan] = []
    add_sink(spans.extend)
    yield spans
    configure_traces("hedgerow")


def quote(name: str, receive_time: int) -> Quote:
    return Quote(name, 99.0, 101.0, 1.0, 1.0, 5, receive_time, time.monotonic_ns())


def test_the_trace_is_that_of_the_quote_heard_last() -> None:
    inputs = Inputs("GOOG")
    inputs.add_quote(quote("GOOG", 1_000))
    inputs.add_quote(quote("GOOG  160115C00750000", 2_000))
    hedge = begin("i-1", inputs)
    assert hedge.tick is not None
    assert hedge.tick == of_tick("GOOG  160115C00750000", 2_000)
    assert hedge.decide.trace_id == hedge.tick.trace_id


def test_two_decisions_on_one_tick_are_two_spans_of_its_trace() -> None:
    inputs = Inputs("GOOG")
    inputs.add_quote(quote("GOOG", 1_000))
    first, second = begin("i-1", inputs), begin("i-2", inputs)
    assert first.tick == second.tick
    assert first.decide != second.decide


def test_without_a_quote_the_decision_begins_the_trace(kept: list[EndedSpan]) -> None:
    hedge = begin("i-1", Inputs("GOOG"))
    tell(hedge, ObservationCause.TIMER, World().see(), 10 * MS, Times(1, 2, 3, 4, 5), "hash")
    flush()
    assert kept[0].name == "decide"
    assert kept[0].parent_id == 0


def test_steps_fill_the_decision_whole(kept: list[EndedSpan]) -> None:
    inputs = Inputs("GOOG")
    inputs.add_quote(quote("GOOG", 8 * MS))
    hedge = begin("i-1", inputs)
    began = inputs.quotes["GOOG"].arrived + MS
    times = Times(began, began + 10, began + 30, began + 60, began + 100)
    tell(hedge, ObservationCause.QUOTE, World().see(), 10 * MS, times, "hash")
    flush()
    spans = {one.name: one for one in kept}
    tick, decide = spans["tick"], spans["decide"]
    assert (tick.process, tick.start_ns, tick.end_ns) == ("market-data", 8 * MS, 9 * MS)
    assert (decide.process, decide.parent_id) == ("strategy-s", tick.context.span_id)
    assert (decide.start_ns, decide.end_ns) == (10 * MS, 10 * MS + 100)
    steps = [spans[name] for name in ("observe", "step", "session_log", "intent")]
    assert [one.end_ns - one.start_ns for one in steps] == [10, 20, 30, 40]
    assert {one.parent_id for one in steps} == {decide.context.span_id}
    assert {one.attributes["intent_id"] for one in kept} == {"i-1"}


def test_where_traces_are_not_recorded_nothing_is() -> None:
    configure_traces("strategy-s", 0.0)
    inputs = Inputs("GOOG")
    inputs.add_quote(quote("GOOG", 1_000))
    assert begin("i-1", inputs).decide.traceparent.endswith("-00")
    configure_traces("hedgerow")

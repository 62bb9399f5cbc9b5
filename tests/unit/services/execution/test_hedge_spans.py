"""What execution tells of a hedge: its own way, then each report below it, the same again after a restart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hedgerow.domain.trace_context import parse
from hedgerow.telemetry.traces import EndedSpan, add_sink, configure_traces, current_ids, flush, span
from services.execution.domain import commands as c
from services.execution.domain.ledger import Entry, Ledger
from services.execution.hedge_spans import ReportSpans, traced, way_of
from tests.unit.services.execution.samples import admit, fill, intent

DECIDED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kept() -> Iterator[list[EndedSpan]]:
    configure_traces("execution")
    spans: list[EndedSpan] = []
    add_sink(spans.extend)
    yield spans
    configure_traces("hedgerow")


def filled_order() -> tuple[Ledger, list[Entry]]:
    """A hedge's reports from its frame to its commission."""
    ledger = Ledger()
    name = admit(ledger, intent(traceparent=DECIDED))
    entries = ledger.handle(c.MarkSent(name, 2, 1_000))
    entries += ledger.handle(c.Acknowledge(name, 7, 3, 4_000))
    entries += fill(ledger, name, 10)
    entries += ledger.handle(c.RecordCommission("e.1.01", intent().quantity, None, 6, 7_000))
    return ledger, entries


def told(ledger: Ledger, entries: list[Entry], kept: list[EndedSpan]) -> dict[str, EndedSpan]:
    kept.clear()
    ReportSpans(ledger.book).tell([entry.report for entry in entries])
    flush()
    return {one.name: one for one in kept}


def test_reports_are_spans_below_the_intents_own(kept: list[EndedSpan]) -> None:
    ledger, entries = filled_order()
    spans = told(ledger, entries, kept)
    assert set(spans) == {"acknowledge", "fill", "commission"}
    way = way_of(intent(traceparent=DECIDED))
    assert {one.parent_id for one in spans.values()} == {way.context.span_id}
    assert {one.context.trace_id for one in spans.values()} == {way.context.trace_id}
    assert (spans["acknowledge"].start_ns, spans["acknowledge"].end_ns) == (1_000, 4_000)
    assert spans["fill"].attributes["price"] == "100"


def test_a_fills_report_carries_the_fills_span(kept: list[EndedSpan]) -> None:
    ledger, entries = filled_order()
    spans = told(ledger, entries, kept)
    reports = {entry.report.kind.value.lower(): entry.report for entry in entries}
    for name in ("fill", "commission"):
        assert parse(reports[name].traceparent) == spans[name].context


def test_what_is_told_again_has_the_same_ids(kept: list[EndedSpan]) -> None:
    ledger, entries = filled_order()
    first = told(ledger, entries, kept)
    again, repeated = filled_order()
    second = told(again, repeated, kept)
    assert {name: one.context for name, one in first.items()} == {name: one.context for name, one in second.items()}


def test_a_refusal_of_the_broker_is_an_answer(kept: list[EndedSpan]) -> None:
    ledger = Ledger()
    name = admit(ledger, intent(traceparent=DECIDED))
    entries = ledger.handle(c.MarkSent(name, 2, 1_000))
    entries += ledger.handle(c.RecordReject(name, "BROKER_REJECTED", "no", 3, 4_000))
    spans = told(ledger, entries, kept)
    assert spans["acknowledge"].attributes["by"] == "REJECTED"
    assert spans["rejected"].attributes["reason"] == "BROKER_REJECTED"


def test_an_intent_of_a_strategy_keeps_its_trace() -> None:
    wanted = intent(traceparent=DECIDED)
    assert traced(wanted) is wanted


@pytest.mark.parametrize("traceparent", ["", "no trace"])
def test_an_intent_by_hand_is_in_the_trace_of_its_call(traceparent: str) -> None:
    with span("SubmitIntent"):
        here = current_ids()
        wanted = traced(intent(traceparent=traceparent))
    context = parse(wanted.traceparent)
    assert context is not None
    assert here == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert parse(traced(intent(traceparent=traceparent)).traceparent) is not None

"""An intent's part of its hedge's trace: its way to the broker, and what the broker said since."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.trace import SpanKind

from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.order import Intent
from hedgerow.domain.trace_context import TraceContext, of_tick, parse
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.traces import Span, inject_traceparent, record, sampled, within
from services.execution.domain.book import Book

_SUBMIT = "submit_intent"
_RISK_S = metrics.histogram("hedgerow_execution_risk_seconds", "Risk asked to its verdict there.")
_COMMIT_S = metrics.histogram(
    "hedgerow_execution_commit_seconds", "Intent, verdict and order handed to the journal to being on disk."
)
_ACK_S = metrics.histogram(
    "hedgerow_execution_send_to_ack_seconds", "Order's frame written to the broker's first word on it."
)
_MEASURED = {"check_risk": _RISK_S, "commit": _COMMIT_S}
_UNTOLD = frozenset({ReportKind.INTENT, ReportKind.DENIED, ReportKind.SENT})
"""Reports of what the intent's own span tells."""
_ANSWERS = frozenset({ReportKind.ACKNOWLEDGED, ReportKind.FILL, ReportKind.REJECTED, ReportKind.CANCELED})
_LOGGED = frozenset(
    {ReportKind.FILL, ReportKind.CANCEL_SENT, ReportKind.CANCELED, ReportKind.REJECTED, ReportKind.UNKNOWN}
)
"""What became of an order; the intent's own answer is logged where it is given."""


def traced(intent: Intent) -> Intent:
    """The intent in a trace: the one it came with, else that of the call that brings it."""
    if parse(intent.traceparent) is not None:
        return intent
    here = inject_traceparent() or sampled(of_tick(intent.intent_id, intent.created_at)).traceparent
    return replace(intent, traceparent=here)


def way_of(intent: Intent) -> Span:
    """The span of a traced intent from its claim to its answer."""
    above = parse(intent.traceparent)
    assert above is not None
    return Span(_SUBMIT, above.child(_SUBMIT), above.span_id, SpanKind.SERVER, {"intent_id": intent.intent_id})


def measure(way: Span) -> None:
    """Counts how long the steps of a way took."""
    begun = way.started
    for name, ended, _ in way.steps:
        histogram = _MEASURED.get(name)
        if histogram is not None:
            histogram.observe((ended - begun) / 1e9)
        begun = ended


class ReportSpans:
    """Tells each published report: a span in the trace of its intent, and a line in the log."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._sent: dict[str, int] = {}  # orders the broker has not spoken of yet -> wall ns

    def tell(self, reports: Sequence[ExecutionReport]) -> None:
        """Reports that are durable, oldest first."""
        for report in reports:
            if report.kind is ReportKind.SENT:
                self._sent[report.client_order_id] = report.receive_time
            if report.kind in _UNTOLD:
                continue
            above = parse(self._book.orders[report.client_order_id].intent.traceparent)
            way = None if above is None else above.child(_SUBMIT)
            own = None if way is None else self._record(way, report)
            if report.kind in _LOGGED:
                with within(own):
                    _log(report)

    def _record(self, way: TraceContext, report: ExecutionReport) -> TraceContext:
        """The report's span; a fill's is named in the report, for those who fold it."""
        begun = report.receive_time
        sent = self._sent.pop(report.client_order_id, 0) if report.kind in _ANSWERS else 0
        if sent:
            _ACK_S.observe(max(0, begun - sent) / 1e9)
            record(
                "acknowledge", way.child("acknowledge"), way.span_id, sent, begun, intent_id=report.intent_id,
                by=report.kind.value, perm_id=report.perm_id,
            )  # fmt: skip
        filled = report.fill
        own = (parse(report.traceparent) if filled is not None else None) or way.child(f"report/{report.sequence}")
        if report.kind is ReportKind.ACKNOWLEDGED and not report.reason:
            return own
        details: dict[str, Any] = {} if filled is None else {
            "execution_id": filled.execution_id, "fill_quantity": str(filled.quantity), "price": str(filled.price),
            "commission": None if filled.commission is None else str(filled.commission),
        }  # fmt: skip
        record(
            report.kind.value.lower(), own, way.span_id, begun, time.time_ns(), intent_id=report.intent_id,
            client_order_id=report.client_order_id, broker_order_id=report.broker_order_id, sequence=report.sequence,
            order_status=report.order_status.value, cum_qty=str(report.cum_qty), leaves_qty=str(report.leaves_qty),
            reason=report.reason or None, text=report.text or None, **details,
        )  # fmt: skip
        return own


def _log(report: ExecutionReport) -> None:
    get_logger().info(
        "order event", kind=report.kind.value, intent_id=report.intent_id, client_order_id=report.client_order_id,
        instrument=report.instrument_id, side=report.side.value, order_status=report.order_status.value,
        cum_qty=str(report.cum_qty), leaves_qty=str(report.leaves_qty),
        price=str(report.fill.price) if report.fill else "", reason=report.reason, text=report.text,
    )  # fmt: skip

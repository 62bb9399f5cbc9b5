"""What one journaled event changes in the tables: order, fill and position rows, and its operation records."""

from __future__ import annotations

from functools import lru_cache

from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.order import Intent, OrderStatus
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.writes import Write, WriteMode, canonical_json
from services.execution.domain.book import Book
from services.execution.domain.decide import SHOWN_LIVE
from services.execution.domain.ledger import Entry
from services.execution.domain.payload import intent_payload, verdict_payload
from services.execution.domain.positions import PositionKey


def rows_of(book: Book, entry: Entry) -> list[Write]:
    """Row writes to commit with the event; `book` has the event folded in already."""
    rows = [_order_row(book, entry), *_operations(book, entry)]
    if entry.report.fill is not None:
        rows += _fill_rows(book, entry)
        rows.append(_position_row(book, entry.report))
    return rows


@lru_cache(maxsize=128)
def intent_text(intent: Intent) -> str:
    """The intent as its column holds it."""
    return canonical_json(intent_payload(intent))


def _order_row(book: Book, entry: Entry) -> Write:
    report = entry.report
    values: dict[str, object] = {
        "client_order_id": report.client_order_id,
        "order_status": report.order_status,
        "perm_id": report.perm_id,
        "cum_qty": report.cum_qty,
        "leaves_qty": report.leaves_qty,
        "average_price": report.average_price,
        "reason": report.reason,
        "text": report.text,
        "sequence": report.sequence,
        "event_ns": report.event_time,
        "updated_ns": report.receive_time,
    }
    admission = entry.event.admission
    if admission is None:
        return Write("orders", values, WriteMode.UPDATE)
    intent = admission.intent
    values |= {
        "intent_id": intent.intent_id,
        "payload_hash": admission.payload_hash,
        "strategy": intent.strategy,
        "account": intent.account,
        "instrument": intent.instrument.instrument_id,
        "multiplier": intent.instrument.multiplier,
        "side": intent.side,
        "order_type": intent.order_type,
        "time_in_force": intent.time_in_force,
        "reduce_only": int(intent.reduce_only),
        "quantity": intent.quantity,
        "limit_price": intent.limit_price,
        "broker_order_id": admission.broker_order_id,
        "decision_sequence": intent.decision_sequence,
        "bid": intent.bid,
        "ask": intent.ask,
        "intent": intent_text(intent),
        "verdict": {} if admission.verdict is None else verdict_payload(admission.verdict),
        "epoch": admission.epoch,
        "created_ns": report.receive_time,
    }
    return Write("orders", values)


def _fill_rows(book: Book, entry: Entry) -> list[Write]:
    report = entry.report
    fill = report.fill
    assert fill is not None
    if report.kind is ReportKind.COMMISSION:
        values = {
            "execution_id": fill.execution_id,
            "commission": fill.commission,
            "realized_pnl": fill.realized_pnl,
            "sequence": report.sequence,
        }
        return [Write("fills", values, WriteMode.UPDATE)]
    rows = []
    if entry.replaced:
        rows.append(Write("fills", {"execution_id": entry.replaced}, WriteMode.DELETE))
    values = {
        "execution_id": fill.execution_id,
        "client_order_id": report.client_order_id,
        "intent_id": report.intent_id,
        "strategy": report.strategy,
        "account": report.account,
        "instrument": report.instrument_id,
        "multiplier": book.orders[report.client_order_id].intent.instrument.multiplier,
        "side": report.side,
        "quantity": fill.quantity,
        "price": fill.price,
        "commission": fill.commission,
        "realized_pnl": fill.realized_pnl,
        "event_ns": fill.event_time,
        "receive_ns": report.receive_time,
        "sequence": report.sequence,
    }
    return [*rows, Write("fills", values)]


def _position_row(book: Book, report: ExecutionReport) -> Write:
    key = PositionKey(report.account, report.strategy, report.instrument_id)
    held = book.positions[key]
    values = {
        "account": key.account,
        "strategy": key.strategy,
        "instrument": key.instrument_id,
        "multiplier": held.multiplier,
        "quantity": held.position.quantity,
        "average_price": held.position.average_price,
        "realized_pnl": held.position.realized_pnl,
        "commissions": held.commissions,
        "fills": held.fills,
        "last_fill_price": held.last_fill_price,
        "last_fill_ns": held.last_fill_time,
        "sequence": report.sequence,
        "updated_ns": report.receive_time,
    }
    return Write("positions", values, WriteMode.UPSERT)


_OPERATIONS = {
    ReportKind.INTENT: OperationType.HEDGE_INTENT,
    ReportKind.DENIED: OperationType.DENIED,
    ReportKind.SENT: OperationType.ORDER_SENT,
    ReportKind.FILL: OperationType.FILL,
    ReportKind.CANCELED: OperationType.CANCEL,
    ReportKind.REJECTED: OperationType.REJECT,
    ReportKind.UNKNOWN: OperationType.STATE,
}


def _operations(book: Book, entry: Entry) -> list[Write]:
    report = entry.report
    intent = book.orders[report.client_order_id].intent
    kind = OperationType.STATE if report.reason == SHOWN_LIVE else _OPERATIONS.get(report.kind)
    if kind is None:
        return []
    rows = []
    if kind is OperationType.DENIED and entry.event.admission is not None:
        pending = OrderStatus.PENDING.value
        rows.append(_operation(OperationType.HEDGE_INTENT, report, state=pending, reason=intent.reason))
    reason = report.reason or intent.reason
    rows.append(_operation(kind, report, state=report.order_status.value, reason=reason))
    return rows


def _operation(kind: OperationType, report: ExecutionReport, *, state: str, reason: str) -> Write:
    filled = report.fill if kind is OperationType.FILL else None
    quantity = report.quantity if filled is None else filled.quantity
    if kind is OperationType.CANCEL:
        quantity = report.quantity - report.cum_qty
    return operation_row(
        kind, wall_ns=report.receive_time, market_ns=report.event_time, strategy=report.strategy,
        instrument=report.instrument_id, side=report.side, quantity=quantity,
        price=None if filled is None else filled.price, state=state, reason=reason,
        client_order_id=report.client_order_id, text=report.text,
    )  # fmt: skip

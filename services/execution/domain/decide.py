"""decide(book, command) -> events: what a command changes, nothing when it was known already."""

from __future__ import annotations

from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, NotFound
from hedgerow.domain.execution_report import ReportKind, split_revision
from hedgerow.domain.order import Intent, OrderStatus, Verdict
from services.execution.domain import commands as c
from services.execution.domain.book import Book
from services.execution.domain.events import Admission, Commission, OrderEvent
from services.execution.domain.intents import client_order_id_of, payload_hash
from services.execution.domain.orders import Order

CONTRADICTED = "CONTRADICTED"
"""Reason of an execution that an operator's word, or our own evidence, had ruled out."""
SHOWN_LIVE = "SHOWN_LIVE"
"""Reason of the acknowledgement of an order that was terminal here."""


def decide(book: Book, command: c.Command) -> list[OrderEvent]:
    """The events a command causes, oldest first; a repeated or outdated fact causes none.

    Raises NotFound for an order or execution the book does not hold, AlreadyExists for an
    intent_id used with another payload.
    """
    match command:
        case c.Admit() | c.Deny():
            return _admit(book, command)
        case c.RecordCommission():
            return _commission(book, command)
    order = book.orders.get(command.client_order_id)
    if order is None:
        raise NotFound(f"order {command.client_order_id} is not in the journal")
    match command:
        case c.RecordFill():
            return _fill(order, command)
        case c.Acknowledge():
            return _acknowledge(order, command)
        case c.MarkSent():
            return [] if order.sent else [_event(ReportKind.SENT, command)]
        case c.RequestCancel():
            return [] if order.status.is_terminal or order.cancel_sent else [_event(ReportKind.CANCEL_SENT, command)]
        case c.MarkUnknown():
            known = order.status.is_terminal or order.live_unproven
            return [] if known else [_event(ReportKind.UNKNOWN, command, command.text)]
        case c.Withhold():
            proven = not (order.sent or order.status.is_terminal)
            return [_event(ReportKind.DENIED, command, command.text)] if proven else []
        case c.RecordCancel():
            gone = order.concluded or (command.perm_id != 0 and command.perm_id in order.canceled_perm_ids)
            return [] if gone else [_event(ReportKind.CANCELED, command, command.text, perm_id=command.perm_id)]
        case c.RecordReject():
            return [] if order.concluded else [_event(ReportKind.REJECTED, command, command.text)]
        case c.Reopen():
            return _reopen(order, command)
        case c.Resolve():
            return _resolve(book, order, command)
        case c.ProveNotSent():
            unknown = order.status is OrderStatus.UNKNOWN and not order.acknowledged
            event = OrderEvent(
                ReportKind.DENIED, command.client_order_id, command.event_time, command.receive_time, "NOT_SENT",
                command.text,
            )  # fmt: skip
            return [event] if unknown else []


_Simple = c.MarkSent | c.RequestCancel | c.MarkUnknown | c.Withhold | c.RecordCancel | c.RecordReject


def _event(kind: ReportKind, command: _Simple, text: str = "", perm_id: int = 0) -> OrderEvent:
    reason = "" if isinstance(command, c.MarkSent) else command.reason
    return OrderEvent(
        kind, command.client_order_id, command.event_time, command.receive_time, reason, text, perm_id=perm_id
    )


def _admit(book: Book, command: c.Admit | c.Deny) -> list[OrderEvent]:
    intent = command.intent
    digest = payload_hash(intent)
    known = book.order_of_intent(intent.intent_id)
    if known is not None:
        if known.payload_hash != digest:
            raise AlreadyExists(f"intent_id {intent.intent_id} was used before with another payload")
        return []
    name = client_order_id_of(intent)
    times = (command.event_time, command.receive_time)
    if isinstance(command, c.Admit):
        assert_approved(intent, command.verdict)
        admission = Admission(intent, digest, command.verdict, command.broker_order_id, command.epoch)
        return [OrderEvent(ReportKind.INTENT, name, *times, reason=intent.reason, admission=admission)]
    admission = Admission(intent, digest, command.verdict, 0, command.epoch)
    return [OrderEvent(ReportKind.DENIED, name, *times, command.reason, command.text, admission=admission)]


def assert_approved(intent: Intent, verdict: Verdict) -> None:
    """Refuses to admit what risk did not allow: a fault of the caller, never an input's."""
    if not verdict.allowed or verdict.intent_id != intent.intent_id:
        raise ValueError(f"intent {intent.intent_id} has no approval: verdict is for {verdict.intent_id}")


def _acknowledge(order: Order, command: c.Acknowledge) -> list[OrderEvent]:
    news = (command.perm_id != 0 and command.perm_id not in order.perm_ids) or (
        command.broker_order_id != 0 and command.broker_order_id not in order.broker_ids
    )
    if order.status.is_terminal and not news:
        return []
    revived = order.live_unproven or (order.cancel_sent and command.reason != "")
    if order.acknowledged and not news and not revived:
        return []
    return [
        OrderEvent(
            ReportKind.ACKNOWLEDGED, order.client_order_id, command.event_time, command.receive_time, command.reason,
            perm_id=command.perm_id, broker_order_id=_other(order, command.broker_order_id),
        )
    ]  # fmt: skip


def _other(order: Order, broker_order_id: int) -> int:
    """The id when the order goes by it and was not sent with it, else 0."""
    return 0 if broker_order_id == order.broker_order_id else broker_order_id


def _reopen(order: Order, command: c.Reopen) -> list[OrderEvent]:
    if not order.status.is_terminal or order.status is OrderStatus.FILLED:
        return []
    return [
        OrderEvent(
            ReportKind.ACKNOWLEDGED, order.client_order_id, command.event_time, command.receive_time, SHOWN_LIVE,
            command.text, perm_id=command.perm_id, broker_order_id=_other(order, command.broker_order_id),
            reopens=True,
        )
    ]  # fmt: skip


_RESOLVED = {
    OrderStatus.CANCELED: ReportKind.CANCELED,
    OrderStatus.REJECTED: ReportKind.REJECTED,
    OrderStatus.DENIED: ReportKind.DENIED,
}


def _resolve(book: Book, order: Order, command: c.Resolve) -> list[OrderEvent]:
    word, kind = command.resolution, _RESOLVED[command.becomes]
    known = book.resolutions.get(word.request_id)
    if known is not None:
        if known != (order.client_order_id, kind):
            raise AlreadyExists(f"request id {word.request_id} resolved {known[0]} as {known[1].value} before")
        return []
    if order.status is not OrderStatus.UNKNOWN:
        raise FailedPrecondition(
            f"order {order.client_order_id} is {order.status.value}: only an UNKNOWN order is resolved by hand",
            "NOT_UNKNOWN",
        )
    if order.cum_qty and kind is not ReportKind.CANCELED:
        raise FailedPrecondition(
            f"order {order.client_order_id} has executions of {order.cum_qty}: it can only be CANCELED",
            "EXECUTED",
        )
    return [
        OrderEvent(
            kind, order.client_order_id, command.event_time, command.receive_time, "RESOLVED_BY_OPERATOR",
            f"{word.actor}: {word.reason}", resolution=word,
        )
    ]  # fmt: skip


def _fill(order: Order, command: c.RecordFill) -> list[OrderEvent]:
    known = order.fill_of(command.fill.execution_id)
    if known is not None and split_revision(known.execution_id)[1] >= split_revision(command.fill.execution_id)[1]:
        return []
    ruled_out = order.denied or order.resolved in (OrderStatus.REJECTED, OrderStatus.DENIED)
    return [
        OrderEvent(
            ReportKind.FILL, order.client_order_id, command.event_time, command.receive_time,
            CONTRADICTED if ruled_out else command.reason,
            perm_id=command.perm_id, fill=command.fill,
        )
    ]  # fmt: skip


def _commission(book: Book, command: c.RecordCommission) -> list[OrderEvent]:
    base, revision = split_revision(command.execution_id)
    client_order_id = book.by_execution.get(base)
    if client_order_id is None:
        raise NotFound(f"execution {command.execution_id} is not in the journal")
    known = book.orders[client_order_id].commissions.get(base)
    if known is not None and split_revision(known.execution_id)[1] >= revision:
        return []
    commission = Commission(command.execution_id, command.amount, command.realized_pnl)
    return [
        OrderEvent(
            ReportKind.COMMISSION, client_order_id, command.event_time, command.receive_time, commission=commission
        )
    ]

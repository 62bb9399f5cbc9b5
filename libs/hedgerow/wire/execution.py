"""Intents, fills and execution reports to and from protobuf."""

from __future__ import annotations

from decimal import Decimal

from google.type import decimal_pb2

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.execution_report import ExecutionReport, Fill, split_revision
from hedgerow.domain.order import Intent, OrderType
from hedgerow.wire.common import (
    age_from_wire,
    decimal_from_wire,
    decimal_to_wire,
    instrument_id_from_wire,
    note_from_wire,
    positive_decimal_from_wire,
    price_from_wire,
    text_from_wire,
    timestamp_from_wire,
    timestamp_to_wire,
)
from hedgerow.wire.enums import (
    order_status_from_wire,
    order_status_to_wire,
    order_type_from_wire,
    order_type_to_wire,
    report_kind_from_wire,
    report_kind_to_wire,
    side_from_wire,
    side_to_wire,
    time_in_force_from_wire,
    time_in_force_to_wire,
)


def limit_price_from_wire(field: str, order_type: OrderType, message: decimal_pb2.Decimal | None) -> Decimal | None:
    """The limit price: required above zero for LIMIT, refused for MARKET; raises InvalidValue naming `field`."""
    if order_type is OrderType.MARKET:
        if message is not None:
            raise InvalidValue(field, message.value, "unset for MARKET")
        return None
    if message is None:
        raise InvalidValue(field, "", "required for LIMIT")
    return positive_decimal_from_wire(field, message)


def intent_to_wire(intent: Intent) -> execution_pb2.Intent:
    """What a strategy wants."""
    return execution_pb2.Intent(
        intent_id=intent.intent_id,
        strategy=intent.strategy,
        account=intent.account,
        instrument_id=intent.instrument.instrument_id,
        side=side_to_wire(intent.side),
        quantity=decimal_to_wire(intent.quantity),
        order_type=order_type_to_wire(intent.order_type),
        limit_price=None if intent.limit_price is None else decimal_to_wire(intent.limit_price),
        time_in_force=time_in_force_to_wire(intent.time_in_force),
        reduce_only=intent.reduce_only,
        decision_sequence=intent.decision_sequence,
        reason=intent.reason,
        bid=intent.bid,
        ask=intent.ask,
        quote_time=timestamp_to_wire(intent.quote_time),
        quote_age_ms=intent.quote_age_ms,
        create_time=timestamp_to_wire(intent.created_at),
        multiplier=intent.instrument.multiplier,
        quote_delayed=intent.quote_delayed,
        traceparent=intent.traceparent,
        run_id=intent.run_id,
    )


def intent_from_wire(field: str, message: execution_pb2.Intent) -> Intent:
    """The intent; raises InvalidValue naming the first part below `field` that breaks a rule."""
    order_type = order_type_from_wire(f"{field}.order_type", message.order_type)
    return Intent(
        text_from_wire(f"{field}.intent_id", message.intent_id),
        text_from_wire(f"{field}.strategy", message.strategy),
        text_from_wire(f"{field}.account", message.account),
        instrument_id_from_wire(f"{field}.instrument_id", message.instrument_id, message.multiplier),
        side_from_wire(f"{field}.side", message.side),
        positive_decimal_from_wire(f"{field}.quantity", message.quantity),
        order_type,
        limit_price_from_wire(
            f"{field}.limit_price", order_type, message.limit_price if message.HasField("limit_price") else None
        ),
        time_in_force_from_wire(f"{field}.time_in_force", message.time_in_force),
        message.reduce_only,
        message.decision_sequence,
        note_from_wire(f"{field}.reason", message.reason),
        price_from_wire(f"{field}.bid", message.bid) if message.HasField("bid") else None,
        price_from_wire(f"{field}.ask", message.ask) if message.HasField("ask") else None,
        timestamp_from_wire(f"{field}.quote_time", message.quote_time),
        age_from_wire(f"{field}.quote_age_ms", message.quote_age_ms),
        timestamp_from_wire(f"{field}.create_time", message.create_time),
        message.quote_delayed,
        note_from_wire(f"{field}.traceparent", message.traceparent),
        note_from_wire(f"{field}.run_id", message.run_id),
    )


def fill_to_wire(fill: Fill) -> execution_pb2.Fill:
    """One execution."""
    return execution_pb2.Fill(
        execution_id=fill.execution_id,
        quantity=decimal_to_wire(fill.quantity),
        price=decimal_to_wire(fill.price),
        commission=None if fill.commission is None else decimal_to_wire(fill.commission),
        realized_pnl=None if fill.realized_pnl is None else decimal_to_wire(fill.realized_pnl),
        event_time=timestamp_to_wire(fill.event_time),
    )


def fill_from_wire(field: str, message: execution_pb2.Fill) -> Fill:
    """The execution; raises InvalidValue naming the first part below `field` that breaks a rule.

    A later revision may take it back whole: its quantity is zero then.
    """
    name = text_from_wire(f"{field}.execution_id", message.execution_id, 128)
    quantity = decimal_from_wire(f"{field}.quantity", message.quantity)
    if quantity < 0 or not (quantity or split_revision(name)[1] > 1):
        raise InvalidValue(f"{field}.quantity", message.quantity.value, "above zero, or zero in a later revision")
    return Fill(
        name,
        quantity,
        decimal_from_wire(f"{field}.price", message.price),
        decimal_from_wire(f"{field}.commission", message.commission) if message.HasField("commission") else None,
        decimal_from_wire(f"{field}.realized_pnl", message.realized_pnl) if message.HasField("realized_pnl") else None,
        timestamp_from_wire(f"{field}.event_time", message.event_time),
    )


def report_to_wire(report: ExecutionReport, multiplier: int = 1) -> execution_pb2.ExecutionReport:
    """One journaled change; `multiplier` is shares per contract of its instrument."""
    return execution_pb2.ExecutionReport(
        sequence=report.sequence,
        kind=report_kind_to_wire(report.kind),
        intent_id=report.intent_id,
        client_order_id=report.client_order_id,
        broker_order_id=report.broker_order_id,
        perm_id=report.perm_id,
        strategy=report.strategy,
        account=report.account,
        instrument_id=report.instrument_id,
        side=side_to_wire(report.side),
        order_type=order_type_to_wire(report.order_type),
        order_status=order_status_to_wire(report.order_status),
        quantity=decimal_to_wire(report.quantity),
        limit_price=None if report.limit_price is None else decimal_to_wire(report.limit_price),
        cum_qty=decimal_to_wire(report.cum_qty),
        leaves_qty=decimal_to_wire(report.leaves_qty),
        average_price=decimal_to_wire(report.average_price),
        fill=None if report.fill is None else fill_to_wire(report.fill),
        reason=report.reason,
        text=report.text,
        event_time=timestamp_to_wire(report.event_time),
        receive_time=timestamp_to_wire(report.receive_time),
        multiplier=multiplier,
        traceparent=report.traceparent,
    )


def report_from_wire(field: str, message: execution_pb2.ExecutionReport) -> ExecutionReport:
    """The change; raises InvalidValue naming the first part below `field` that breaks a rule."""
    return ExecutionReport(
        message.sequence,
        report_kind_from_wire(f"{field}.kind", message.kind),
        message.intent_id,
        message.client_order_id,
        message.broker_order_id,
        message.perm_id,
        message.strategy,
        message.account,
        message.instrument_id,
        side_from_wire(f"{field}.side", message.side),
        order_type_from_wire(f"{field}.order_type", message.order_type),
        order_status_from_wire(f"{field}.order_status", message.order_status),
        decimal_from_wire(f"{field}.quantity", message.quantity),
        decimal_from_wire(f"{field}.limit_price", message.limit_price) if message.HasField("limit_price") else None,
        decimal_from_wire(f"{field}.cum_qty", message.cum_qty),
        decimal_from_wire(f"{field}.leaves_qty", message.leaves_qty),
        decimal_from_wire(f"{field}.average_price", message.average_price),
        fill_from_wire(f"{field}.fill", message.fill) if message.HasField("fill") else None,
        message.reason,
        message.text,
        timestamp_from_wire(f"{field}.event_time", message.event_time),
        timestamp_from_wire(f"{field}.receive_time", message.receive_time),
        message.traceparent,
    )

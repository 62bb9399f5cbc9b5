"""Orders, positions, snapshots and acknowledgements as protobuf."""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.api.risk.v1 import risk_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.position import ZERO
from hedgerow.wire.common import (
    decimal_from_wire,
    decimal_to_wire,
    operator_from_wire,
    text_from_wire,
    timestamp_to_wire,
)
from hedgerow.wire.enums import order_status_to_wire, side_to_wire
from hedgerow.wire.execution import fill_to_wire, intent_to_wire
from hedgerow.wire.risk import verdict_to_wire
from services.execution.domain.book import Book
from services.execution.domain.flatten import Flatten, FlattenEvent, FlattenKind
from services.execution.domain.orders import Order
from services.execution.domain.positions import AttributedPosition
from services.execution.submit import Acknowledgement


def order(order: Order) -> execution_pb2.Order:
    """One order as it stands."""
    return execution_pb2.Order(
        client_order_id=order.client_order_id,
        intent=intent_to_wire(order.intent),
        verdict=None if order.verdict is None else verdict_to_wire(order.verdict),
        order_status=order_status_to_wire(order.status),
        broker_order_id=order.broker_order_id,
        perm_id=order.perm_id,
        cum_qty=decimal_to_wire(order.cum_qty),
        average_price=decimal_to_wire(order.average_price),
        fills=[fill_to_wire(fill) for fill in order.fills],
        reason=order.reason,
        sequence=order.sequence,
        create_time=timestamp_to_wire(order.created_at),
        update_time=timestamp_to_wire(order.updated_at),
    )


def position(held: AttributedPosition) -> execution_pb2.AttributedPosition:
    """One attributed position."""
    return execution_pb2.AttributedPosition(
        strategy=held.key.strategy,
        account=held.key.account,
        instrument_id=held.key.instrument_id,
        quantity=decimal_to_wire(held.position.quantity),
        average_price=decimal_to_wire(held.position.average_price),
        realized_pnl=decimal_to_wire(held.position.realized_pnl),
        commissions=decimal_to_wire(held.commissions),
        fills=held.fills,
        last_fill_price=decimal_to_wire(held.last_fill_price),
        last_fill_time=timestamp_to_wire(held.last_fill_time),
    )


def flatten_from_wire(request: execution_pb2.FlattenRequest) -> FlattenEvent:
    """What is asked, as the BEGUN it becomes, without times and positions; raises InvalidValue."""
    request_id, actor, reason = operator_from_wire("operator", request.operator)
    target = ZERO
    if request.HasField("target_quantity"):
        target = decimal_from_wire("target_quantity", request.target_quantity)
        if target != target.to_integral_value():
            raise InvalidValue("target_quantity", request.target_quantity.value, "whole shares")
    if target and request.include_options:
        raise InvalidValue("include_options", True, "with a target of 0 only")
    strategy = text_from_wire("strategy", request.strategy)
    return FlattenEvent(
        FlattenKind.BEGUN, request_id, 0, 0, strategy, target, request.include_options, 0, actor, reason
    )


def flatten(flatten: Flatten, positions: Iterable[AttributedPosition]) -> execution_pb2.Flatten:
    """One flatten as it stands; `positions` are the strategy's now."""
    return execution_pb2.Flatten(
        request_id=flatten.request_id,
        strategy=flatten.strategy,
        state=f"FLATTEN_STATE_{flatten.state.value}",
        reason=flatten.reason,
        positions_before=[
            execution_pb2.AttributedPosition(
                strategy=flatten.strategy,
                account=held.account,
                instrument_id=held.instrument.instrument_id,
                quantity=decimal_to_wire(held.quantity),
            )
            for held in flatten.before
        ],
        positions_now=[position(held) for held in positions],
        client_order_ids=flatten.orders,
        create_time=timestamp_to_wire(flatten.created_at),
        update_time=timestamp_to_wire(flatten.updated_at),
    )


def snapshot(book: Book, strategy: str, state: execution_pb2.ExecutionState) -> execution_pb2.ExecutionSnapshot:
    """The book as it stands; of one strategy when named."""
    return execution_pb2.ExecutionSnapshot(
        sequence=book.sequence,
        positions=[position(held) for key, held in book.positions.items() if strategy in ("", key.strategy)],
        open_orders=[order(each) for each in book.open_orders(strategy)],
        state=state,
    )


def acknowledgement(answer: Acknowledgement) -> execution_pb2.IntentAcknowledgement:
    """The answer to one intent."""
    return execution_pb2.IntentAcknowledgement(
        intent_id=answer.intent_id,
        client_order_id=answer.client_order_id,
        order_status=order_status_to_wire(answer.order_status),
        reason=answer.reason,
        text=answer.text,
        sequence=answer.sequence,
        duplicate=answer.duplicate,
    )


def resync(book: Book, epoch: int) -> risk_pb2.Resync:
    """Every order that holds exposure: open, pending or UNKNOWN."""
    reservations = [
        risk_pb2.Reservation(
            intent_id=each.intent.intent_id,
            strategy=each.intent.strategy,
            account=each.intent.account,
            instrument_id=each.intent.instrument.instrument_id,
            side=side_to_wire(each.intent.side),
            leaves_qty=decimal_to_wire(each.leaves_qty),
        )
        for each in book.open_orders()
        if each.leaves_qty > 0
    ]
    return risk_pb2.Resync(reservations=reservations, epoch=epoch, sequence=book.sequence)

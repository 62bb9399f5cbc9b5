"""The book: every order and position, folded from journaled events one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from hedgerow.domain.execution_report import ExecutionReport, ReportKind, split_revision
from hedgerow.domain.order import OrderStatus
from hedgerow.domain.position import ZERO
from hedgerow.domain.trace_context import child_of
from services.execution.domain.events import OrderEvent
from services.execution.domain.orders import Order, admitted, changed
from services.execution.domain.positions import AttributedPosition, PositionKey


class Book:
    """All orders with the indexes their lookups need; changed only by `apply`."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}  # by client_order_id, oldest first
        self.by_intent: dict[str, str] = {}
        self.by_broker_id: dict[int, str] = {}
        self.by_perm_id: dict[int, str] = {}
        self.by_execution: dict[str, str] = {}  # execution without its revision -> client_order_id
        self.open: dict[str, None] = {}  # client_order_ids that are not terminal, oldest first
        self.positions: dict[PositionKey, AttributedPosition] = {}
        self.touched: dict[str, int] = {}  # strategy -> sequence of the newest change of an order, costs left out
        self.sequence = 0
        self.epoch = 0
        self.last_broker_order_id = 0
        self.last_taken_id = 0  # the highest of our order ids that the broker showed to know
        self.resolutions: dict[str, tuple[str, ReportKind]] = {}  # operators' request ids -> order, what it became

    def apply(self, event: OrderEvent) -> ExecutionReport:
        """Folds the next event in and returns the report it causes; sequences are gap-free from 1."""
        self.sequence += 1
        if event.admission is not None:
            order = admitted(event.admission, event, self.sequence)
            self.by_intent[order.intent.intent_id] = order.client_order_id
            self.epoch = max(self.epoch, order.epoch)
            if order.broker_order_id:
                self.by_broker_id[order.broker_order_id] = order.client_order_id
                self.last_broker_order_id = max(self.last_broker_order_id, order.broker_order_id)
        else:
            order = changed(self.orders[event.client_order_id], event, self.sequence)
        self.orders[order.client_order_id] = order
        if event.perm_id:
            self.by_perm_id[event.perm_id] = order.client_order_id
        if event.broker_order_id:
            self.by_broker_id[event.broker_order_id] = order.client_order_id
            self.last_broker_order_id = max(self.last_broker_order_id, event.broker_order_id)
        if order.acknowledged:
            self.last_taken_id = max(self.last_taken_id, order.broker_order_id)
        if event.resolution is not None:
            self.resolutions[event.resolution.request_id] = (order.client_order_id, event.kind)
        if order.status.is_terminal:
            self.open.pop(order.client_order_id, None)
        else:
            self.open[order.client_order_id] = None
        if event.commission is None:
            self.touched[order.intent.strategy] = self.sequence
        self._fold_position(order, event)
        return _report(order, event, self.sequence)

    def _fold_position(self, order: Order, event: OrderEvent) -> None:
        intent = order.intent
        key = PositionKey(intent.account, intent.strategy, intent.instrument.instrument_id)
        if event.fill is not None:
            self.by_execution[split_revision(event.fill.execution_id)[0]] = order.client_order_id
            position = self.positions.get(key)
            if position is None:
                position = self.positions[key] = AttributedPosition(key, intent.instrument.multiplier)
            position.add(intent.side, event.fill)
        if event.commission is not None:
            self.positions[key].pay(event.commission.execution_id, event.commission.amount)

    def order_of_intent(self, intent_id: str) -> Order | None:
        """The order an intent became."""
        client_order_id = self.by_intent.get(intent_id)
        return None if client_order_id is None else self.orders[client_order_id]

    def name_of(self, client_order_id: str, broker_order_id: int, perm_id: int) -> str | None:
        """The order the broker means, by the first of its three names that says anything; None for none of ours.

        Its order id comes last: the broker may give one again after a restart.
        """
        if client_order_id:
            return client_order_id if client_order_id in self.orders else None
        if perm_id and perm_id in self.by_perm_id:
            return self.by_perm_id[perm_id]
        name = self.by_broker_id.get(broker_order_id) if broker_order_id else None
        if name is not None and perm_id and self.orders[name].concluded:
            return None
        return name

    def open_orders(self, strategy: str = "") -> Iterator[Order]:
        """Orders that are not terminal, oldest first; of one strategy when named."""
        for client_order_id in self.open:
            order = self.orders[client_order_id]
            if not strategy or order.intent.strategy == strategy:
                yield order

    def position(self, key: PositionKey) -> Decimal:
        """Signed attributed quantity; 0 when nothing was ever filled."""
        found = self.positions.get(key)
        return ZERO if found is None else found.position.quantity

    def net_positions(self) -> dict[tuple[str, str], Decimal]:
        """Signed quantity per (account, instrument) over all strategies, zeros left out."""
        net: dict[tuple[str, str], Decimal] = {}
        for key, each in self.positions.items():
            place = (key.account, key.instrument_id)
            net[place] = net.get(place, ZERO) + each.position.quantity
        return {place: quantity for place, quantity in net.items() if quantity}

    def view(self) -> object:
        """Everything observable, comparable with `==`: two books of one history have equal views."""
        orders = {
            name: (order.status, order.cum_qty, order.leaves_qty, order.average_price, order.fills)
            for name, order in self.orders.items()
        }
        positions = {
            key: (each.position, each.commissions, each.fills, each.last_fill_price)
            for key, each in self.positions.items()
        }
        return orders, positions, list(self.open)


def _report(order: Order, event: OrderEvent, sequence: int) -> ExecutionReport:
    intent = order.intent
    fill = event.fill
    if fill is not None:
        fill = order.fill_of(fill.execution_id)
    elif event.commission is not None:
        fill = order.fill_of(event.commission.execution_id)
    traceparent = intent.traceparent
    if fill is not None:
        # Whoever folds it goes on from here; told again after a restart it is the same.
        traceparent = child_of(traceparent, f"report/{sequence}")
    return ExecutionReport(
        sequence=sequence,
        kind=event.kind,
        intent_id=intent.intent_id,
        client_order_id=order.client_order_id,
        broker_order_id=order.broker_order_id,
        perm_id=order.perm_id,
        strategy=intent.strategy,
        account=intent.account,
        instrument_id=intent.instrument.instrument_id,
        side=intent.side,
        order_type=intent.order_type,
        order_status=order.status,
        quantity=intent.quantity,
        limit_price=intent.limit_price,
        cum_qty=order.cum_qty,
        leaves_qty=order.leaves_qty,
        average_price=order.average_price,
        fill=fill,
        reason=event.reason or (intent.reason if event.kind is ReportKind.INTENT else ""),
        text=event.text,
        event_time=event.event_time,
        receive_time=event.receive_time,
        traceparent=traceparent,
    )


def unproven(book: Book, strategy: str, symbol: str) -> Order | None:
    """An UNKNOWN order of that strategy and symbol: while there is one, nothing new leaves for them."""
    for order in book.open_orders(strategy):
        if order.status is OrderStatus.UNKNOWN and order.intent.instrument.symbol == symbol:
            return order
    return None

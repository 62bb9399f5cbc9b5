"""One order: its facts, and the status that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hedgerow.domain.execution_report import Fill, ReportKind, split_revision
from hedgerow.domain.order import Intent, OrderStatus, Verdict
from hedgerow.domain.position import ZERO
from services.execution.domain.events import Admission, Commission, OrderEvent


@dataclass(frozen=True, slots=True)
class Order:
    """An order as a set of facts, so that the order in which the broker tells them does not matter.

    `executions` maps each execution (without its revision) to its latest revision and
    `commissions` to the commission of the latest revision that told one; `cum_qty` and
    `average_price` follow from the executions, never from a status message. `live_unproven` is the
    UNKNOWN fact: any later evidence from the broker clears it. `resolved` is the state an operator
    gave it, which the broker's later word replaces. One order may own many `perm_ids`, and be shown
    under more broker order ids than the one it was sent with (`other_ids`): it is canceled only when
    all its perm ids are (`canceled_perm_ids`).
    """

    client_order_id: str
    intent: Intent
    payload_hash: str
    verdict: Verdict | None
    broker_order_id: int
    epoch: int
    created_at: int
    updated_at: int
    sequence: int
    perm_ids: tuple[int, ...] = ()
    sent: bool = False
    acknowledged: bool = False
    cancel_sent: bool = False
    canceled: bool = False
    rejected: bool = False
    denied: bool = False
    live_unproven: bool = False
    resolved: OrderStatus | None = None
    other_ids: tuple[int, ...] = ()
    canceled_perm_ids: frozenset[int] = frozenset()
    executions: Mapping[str, Fill] = field(default_factory=dict)
    commissions: Mapping[str, Commission] = field(default_factory=dict)
    cum_qty: Decimal = ZERO
    average_price: Decimal = ZERO
    reason: str = ""
    text: str = ""

    @property
    def status(self) -> OrderStatus:
        """The state these facts add up to; the first that holds."""
        if self.denied:
            return OrderStatus.DENIED
        if self.cum_qty >= self.intent.quantity:
            return OrderStatus.FILLED
        if self.rejected:
            return OrderStatus.REJECTED
        if self.canceled or (self.canceled_perm_ids and self.canceled_perm_ids.issuperset(self.perm_ids)):
            return OrderStatus.CANCELED
        if self.resolved is not None:
            return self.resolved
        if self.live_unproven:
            return OrderStatus.UNKNOWN
        if self.cancel_sent:
            return OrderStatus.PENDING_CANCEL
        if self.cum_qty > 0:
            return OrderStatus.PARTIALLY_FILLED
        if self.acknowledged:
            return OrderStatus.WORKING
        return OrderStatus.SENT if self.sent else OrderStatus.PENDING

    @property
    def leaves_qty(self) -> Decimal:
        """Quantity that may still be executed: 0 once terminal, never negative."""
        return ZERO if self.status.is_terminal else max(ZERO, self.intent.quantity - self.cum_qty)

    @property
    def perm_id(self) -> int:
        """The newest of the broker's permanent ids; 0 before one is known."""
        return self.perm_ids[-1] if self.perm_ids else 0

    @property
    def broker_ids(self) -> tuple[int, ...]:
        """Every broker order id it goes by: what a cancel has to name, one by one."""
        return (self.broker_order_id, *self.other_ids) if self.broker_order_id else self.other_ids

    @property
    def concluded(self) -> bool:
        """Terminal by proof: an operator's word alone leaves room for the broker's."""
        status = self.status
        return status.is_terminal and (self.resolved is None or status is OrderStatus.FILLED)

    @property
    def fills(self) -> list[Fill]:
        """Latest revision of each execution, oldest first."""
        return sorted(self.executions.values(), key=lambda fill: (fill.event_time, fill.execution_id))

    def fill_of(self, execution_id: str) -> Fill | None:
        """The revision in force of that execution."""
        return self.executions.get(split_revision(execution_id)[0])


def admitted(admission: Admission, event: OrderEvent, sequence: int) -> Order:
    """The order a journaled intent begins."""
    return Order(
        client_order_id=event.client_order_id,
        intent=admission.intent,
        payload_hash=admission.payload_hash,
        verdict=admission.verdict,
        broker_order_id=admission.broker_order_id,
        epoch=admission.epoch,
        created_at=event.receive_time,
        updated_at=event.receive_time,
        sequence=sequence,
        denied=event.kind is ReportKind.DENIED,
        reason=event.reason,
        text=event.text,
    )


def changed(order: Order, event: OrderEvent, sequence: int) -> Order:
    """The order after one more fact."""
    perm_ids = order.perm_ids
    if event.perm_id and event.perm_id not in perm_ids:
        perm_ids = (*perm_ids, event.perm_id)
    other_ids = order.other_ids
    if event.broker_order_id and event.broker_order_id not in order.broker_ids:
        other_ids = (*other_ids, event.broker_order_id)
    order = replace(
        order, perm_ids=perm_ids, other_ids=other_ids, sequence=sequence, updated_at=event.receive_time,
        reason=event.reason, text=event.text,
    )  # fmt: skip
    if event.resolution is not None:
        return replace(order, resolved=OrderStatus(event.kind.value), live_unproven=False)
    match event.kind:
        case ReportKind.SENT:
            return replace(order, sent=True)
        case ReportKind.ACKNOWLEDGED:
            # With a reason it says that a cancel was refused and the order still rests.
            cancel_sent = order.cancel_sent and not event.reason
            order = replace(order, sent=True, acknowledged=True, live_unproven=False, cancel_sent=cancel_sent)
            if event.reopens:
                gone = order.canceled_perm_ids - {event.perm_id} if event.perm_id else frozenset[int]()
                order = replace(
                    order, canceled=False, canceled_perm_ids=gone, rejected=False, denied=False, resolved=None
                )
            return order
        case ReportKind.FILL:
            assert event.fill is not None
            order = replace(order, sent=True, acknowledged=True, live_unproven=False, denied=False)
            if order.resolved in (OrderStatus.REJECTED, OrderStatus.DENIED):
                order = replace(order, resolved=None)  # it was executed, so neither can be true
            return _with_fill(order, event.fill)
        case ReportKind.COMMISSION:
            assert event.commission is not None
            return _with_commission(order, event.commission)
        case ReportKind.CANCEL_SENT:
            return replace(order, cancel_sent=True)
        case ReportKind.CANCELED:
            return _without(replace(order, live_unproven=False), event.perm_id)
        case ReportKind.REJECTED:
            return replace(order, rejected=True, live_unproven=False, resolved=None)
        case ReportKind.DENIED:
            return replace(order, denied=True)
        case ReportKind.UNKNOWN:
            return replace(order, live_unproven=True)
        case ReportKind.INTENT:
            raise ValueError(f"{order.client_order_id} is admitted twice in the journal")


def _without(order: Order, perm_id: int) -> Order:
    """The order after the broker canceled what bears that perm id, or, with 0, all of it."""
    if not perm_id:
        return replace(order, canceled=True, resolved=None)
    order = replace(order, canceled_perm_ids=order.canceled_perm_ids | {perm_id})
    return replace(order, resolved=None) if order.canceled_perm_ids.issuperset(order.perm_ids) else order


def _with_fill(order: Order, fill: Fill) -> Order:
    base, _ = split_revision(fill.execution_id)
    executions = {**order.executions, base: fill}
    cum_qty = sum((each.quantity for each in executions.values()), ZERO)
    notional = sum((each.quantity * each.price for each in executions.values()), ZERO)
    average = notional / cum_qty if cum_qty else ZERO
    order = replace(order, executions=executions, cum_qty=cum_qty, average_price=average)
    if fill.commission is not None:
        return _with_commission(order, Commission(fill.execution_id, fill.commission, fill.realized_pnl))
    known = order.commissions.get(base)
    return order if known is None else _with_commission(order, known)


def _with_commission(order: Order, commission: Commission) -> Order:
    base, _ = split_revision(commission.execution_id)
    fill = replace(order.executions[base], commission=commission.amount, realized_pnl=commission.realized_pnl)
    return replace(
        order,
        executions={**order.executions, base: fill},
        commissions={**order.commissions, base: commission},
    )

"""The newest order of this strategy, as the decision kernel sees it."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.order import OrderStatus
from hedgerow.strategy.observation import NO_ORDER, OrderPhase, OrderView

PHASES = {
    OrderStatus.PENDING: OrderPhase.SENT,
    OrderStatus.SENT: OrderPhase.SENT,
    OrderStatus.WORKING: OrderPhase.WORKING,
    OrderStatus.PARTIALLY_FILLED: OrderPhase.PARTIAL,
    OrderStatus.FILLED: OrderPhase.FILLED,
    OrderStatus.CANCELED: OrderPhase.CANCELED,
    OrderStatus.REJECTED: OrderPhase.REJECTED,
    OrderStatus.DENIED: OrderPhase.DENIED,
    OrderStatus.UNKNOWN: OrderPhase.UNKNOWN,
}
REASON_DENIED, REASON_REJECTED, REASON_NEVER_CLAIMED = 1, 2, 3


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """What is known of one intent of ours; `waiting_since` is CLOCK_MONOTONIC ns of an unanswered request, 0 none."""

    intent_id: str = ""
    client_order_id: str = ""
    view: OrderView = NO_ORDER
    waiting_since: int = 0

    @property
    def is_open(self) -> bool:
        """Whether anything may still happen to it."""
        return self.view.phase in (OrderPhase.SENT, OrderPhase.WORKING, OrderPhase.PARTIAL, OrderPhase.UNKNOWN)

    @property
    def in_flight(self) -> bool:
        """Whether it left this process and execution has not named its order: its frame may still leave execution."""
        return self.is_open and not self.client_order_id


def submitted(intent_id: str, number: int, quantity: float, now: int, monotonic: int) -> OwnOrder:
    """The order the moment its intent leaves this process."""
    return OwnOrder(intent_id, "", OrderView(OrderPhase.SENT.value, number, 0.0, quantity, 0.0, now, 0), monotonic)


def cancel_sent(order: OwnOrder, monotonic: int) -> OwnOrder:
    """The order the moment a cancel leaves this process."""
    return OwnOrder(order.intent_id, order.client_order_id, order.view, monotonic)


def after_report(order: OwnOrder, report: ExecutionReport) -> OwnOrder:
    """The order after one report about it; reports of other intents change nothing."""
    if report.intent_id != order.intent_id:
        return order
    phase = PHASES.get(report.order_status)
    if phase is None:  # PENDING_CANCEL: working until the broker confirms
        phase = OrderPhase.PARTIAL if report.cum_qty > 0 else OrderPhase.WORKING
    reason = {OrderPhase.DENIED: REASON_DENIED, OrderPhase.REJECTED: REASON_REJECTED}.get(phase, 0)
    view = OrderView(
        phase.value, order.view.intent_number, float(report.cum_qty), float(report.leaves_qty),
        float(report.average_price), report.event_time, reason,
    )  # fmt: skip
    answered = report.kind not in (ReportKind.INTENT, ReportKind.SENT, ReportKind.CANCEL_SENT)
    return OwnOrder(order.intent_id, report.client_order_id, view, 0 if answered else order.waiting_since)


def never_claimed(order: OwnOrder, now: int) -> OwnOrder:
    """The order once execution has proven that it never took the intent: denied, with nothing filled."""
    view = OrderView(OrderPhase.DENIED.value, order.view.intent_number, 0.0, 0.0, 0.0, now, REASON_NEVER_CLAIMED)
    return OwnOrder(order.intent_id, "", view, 0)

"""The newest order as the kernel sees it: unknown is not rejected, a pending cancel still works."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.execution_report import ExecutionReport, ReportKind
from hedgerow.domain.order import OrderStatus, OrderType, Side
from hedgerow.strategy.observation import OrderPhase
from services.strategy.domain.own_order import after_report, cancel_sent, never_claimed, submitted

SENT = submitted("run-1", 1, 100.0, 10, 999)


def report(status: OrderStatus, kind: ReportKind, cum: int = 0, intent_id: str = "run-1") -> ExecutionReport:
    zero = Decimal(0)
    return ExecutionReport(
        1, kind, intent_id, "order-1", 7, 8, "s", "SIM1", "SIMX", Side.BUY, OrderType.LIMIT, status, Decimal(100),
        Decimal(5), Decimal(cum), Decimal(100 - cum), zero, None, "", "", 20, 21,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "kind", "cum", "phase"),
    [
        (OrderStatus.PENDING, ReportKind.INTENT, 0, OrderPhase.SENT),
        (OrderStatus.SENT, ReportKind.SENT, 0, OrderPhase.SENT),
        (OrderStatus.WORKING, ReportKind.ACKNOWLEDGED, 0, OrderPhase.WORKING),
        (OrderStatus.PARTIALLY_FILLED, ReportKind.FILL, 40, OrderPhase.PARTIAL),
        (OrderStatus.PENDING_CANCEL, ReportKind.CANCEL_SENT, 0, OrderPhase.WORKING),
        (OrderStatus.PENDING_CANCEL, ReportKind.FILL, 40, OrderPhase.PARTIAL),
        (OrderStatus.FILLED, ReportKind.FILL, 100, OrderPhase.FILLED),
        (OrderStatus.CANCELED, ReportKind.CANCELED, 40, OrderPhase.CANCELED),
        (OrderStatus.REJECTED, ReportKind.REJECTED, 0, OrderPhase.REJECTED),
        (OrderStatus.DENIED, ReportKind.DENIED, 0, OrderPhase.DENIED),
        (OrderStatus.UNKNOWN, ReportKind.UNKNOWN, 0, OrderPhase.UNKNOWN),
    ],
)
def test_every_status_has_its_phase(status: OrderStatus, kind: ReportKind, cum: int, phase: OrderPhase) -> None:
    order = after_report(SENT, report(status, kind, cum))
    assert OrderPhase(order.view.phase) is phase
    assert (order.view.cum_qty, order.view.leaves_qty) == (cum, 100 - cum)
    assert order.client_order_id == "order-1"


def test_only_an_answer_ends_the_wait() -> None:
    assert after_report(SENT, report(OrderStatus.SENT, ReportKind.SENT)).waiting_since == 999
    assert after_report(SENT, report(OrderStatus.WORKING, ReportKind.ACKNOWLEDGED)).waiting_since == 0
    waiting = cancel_sent(after_report(SENT, report(OrderStatus.WORKING, ReportKind.ACKNOWLEDGED)), 1234)
    assert after_report(waiting, report(OrderStatus.PENDING_CANCEL, ReportKind.CANCEL_SENT)).waiting_since == 1234
    assert after_report(waiting, report(OrderStatus.CANCELED, ReportKind.CANCELED)).waiting_since == 0


def test_reports_of_other_intents_change_nothing() -> None:
    assert after_report(SENT, report(OrderStatus.FILLED, ReportKind.FILL, 100, "run-2")) == SENT


def test_what_was_never_claimed_is_denied_and_not_open() -> None:
    order = never_claimed(SENT, 30)
    assert OrderPhase(order.view.phase) is OrderPhase.DENIED
    assert not order.is_open
    assert order.view.cum_qty == 0

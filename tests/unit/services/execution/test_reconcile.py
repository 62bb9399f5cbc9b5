"""Broker truth against the book: evidence is adopted, absence proves nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import OrderStatus
from services.execution.domain import commands as c
from services.execution.domain.ledger import Ledger
from services.execution.domain.reconcile import Absence, BrokerTruth, Findings, SeenExecution, SeenOrder, reconcile
from tests.unit.services.execution.samples import admit, fill, intent


def compare(ledger: Ledger, truth: BrokerTruth, **changes: Any) -> Findings:
    said: dict[str, Any] = {"refused": {}, "cancel_refused": set()}
    absence: dict[str, Any] = {"asked": list(ledger.book.open), "since": ledger.book.sequence}
    for name in list(changes):
        (said if name in said else absence)[name] = changes.pop(name)
    findings = reconcile(ledger.book, truth, Absence(**absence), **said, market_now=9, wall_now=9)
    for command in findings.commands:
        ledger.handle(command)
    return findings


def seen(name: str, status: OrderStatus) -> BrokerTruth:
    return BrokerTruth((SeenOrder(name, 1, 7, status, "as told"),), ())


def executed(name: str, quantity: int, execution: str = "e.1.01", perm_id: int = 7) -> SeenExecution:
    return SeenExecution(name, 1, perm_id, Fill(execution, Decimal(quantity), Decimal(100), None, None, 5))


@pytest.mark.parametrize(
    ("told", "becomes"),
    [
        (OrderStatus.WORKING, OrderStatus.WORKING),
        (OrderStatus.CANCELED, OrderStatus.CANCELED),
        (OrderStatus.REJECTED, OrderStatus.REJECTED),
        (OrderStatus.FILLED, OrderStatus.UNKNOWN),
        (OrderStatus.UNKNOWN, OrderStatus.UNKNOWN),
        (OrderStatus.SENT, OrderStatus.PENDING),
    ],
)
def test_a_shown_order_is_adopted_in_that_state(told: OrderStatus, becomes: OrderStatus) -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    compare(ledger, seen(name, told))
    assert ledger.book.orders[name].status is becomes


def test_an_order_nowhere_is_unknown_and_late_evidence_frees_it() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    compare(ledger, BrokerTruth((), ()))
    order = ledger.book.orders[name]
    assert (order.status, order.reason) == (OrderStatus.UNKNOWN, "NOT_FOUND_AT_BROKER")
    compare(ledger, BrokerTruth((), ()))
    assert ledger.book.sequence == 2
    compare(ledger, seen(name, OrderStatus.WORKING))
    assert ledger.book.orders[name].status is OrderStatus.WORKING


def test_an_order_not_asked_about_is_left_alone() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    compare(ledger, BrokerTruth((), ()), asked=[])
    assert ledger.book.orders[name].status is OrderStatus.PENDING


def test_a_reject_counts_only_with_the_orders_absence() -> None:
    ledger = Ledger()
    absent, shown = admit(ledger, intent(1), 1), admit(ledger, intent(2), 2)
    truth = BrokerTruth((SeenOrder(shown, 2, 8, OrderStatus.WORKING, ""),), ())
    compare(ledger, truth, refused={absent: "201: no", shown: "201: no"})
    assert ledger.book.orders[absent].status is OrderStatus.REJECTED
    assert ledger.book.orders[shown].status is OrderStatus.WORKING


def test_missing_fills_are_added_once_whatever_names_them() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    fill(ledger, name, 4)
    truth = BrokerTruth((seen(name, OrderStatus.FILLED).orders), (executed(name, 4), executed("", 6, "e.2.01")))
    compare(ledger, truth)
    compare(ledger, truth)
    order = ledger.book.orders[name]
    assert (order.status, len(order.fills)) == (OrderStatus.FILLED, 2)


def test_a_cancel_the_broker_refused_leaves_a_shown_order_working() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    ledger.handle(c.Acknowledge(name, 7, 2, 2))
    ledger.handle(c.RequestCancel(name, "test", 3, 3))
    compare(ledger, seen(name, OrderStatus.WORKING))
    assert ledger.book.orders[name].status is OrderStatus.PENDING_CANCEL
    compare(ledger, seen(name, OrderStatus.WORKING), cancel_refused={name})
    assert ledger.book.orders[name].status is OrderStatus.WORKING


def test_what_bears_our_name_and_is_not_in_the_journal_blocks() -> None:
    truth = BrokerTruth(
        (SeenOrder("hr-lost", 1, 7, OrderStatus.WORKING, ""), SeenOrder("by hand", 2, 8, OrderStatus.WORKING, "")),
        (executed("hr-lost", 1), executed("by hand", 1, "e.9.01", 8)),
    )
    findings = compare(Ledger(), truth)
    assert len(findings.blocking) == 2
    assert all("hr-lost" in each for each in findings.blocking)
    assert findings.commands == []


def test_a_different_position_is_remarked() -> None:
    ledger = Ledger()
    fill(ledger, admit(ledger, intent()), 10)
    truth = BrokerTruth((), (), {("SIM1", "GOOG"): Decimal(30), ("SIM1", "TWX"): Decimal(5)})
    assert compare(ledger, truth).remarks == ["SIM1 GOOG: journal 10, broker 30"]

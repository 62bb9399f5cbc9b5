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


def test_an_order_executed_in_part_and_nowhere_else_is_unknown_too() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    ledger.handle(c.Acknowledge(name, 7, 2, 2))
    compare(ledger, BrokerTruth((), (executed(name, 4),)))
    order = ledger.book.orders[name]
    assert (order.status, order.cum_qty) == (OrderStatus.UNKNOWN, 4)
    compare(ledger, BrokerTruth((), (executed(name, 4), executed(name, 6, "e.2.01"))))
    assert ledger.book.orders[name].status is OrderStatus.FILLED


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
    assert compare(ledger, seen(name, OrderStatus.PENDING_CANCEL)).lingering == []
    assert compare(ledger, seen(name, OrderStatus.WORKING)).lingering == [name]
    assert ledger.book.orders[name].status is OrderStatus.PENDING_CANCEL
    assert compare(ledger, seen(name, OrderStatus.WORKING), cancel_refused={name}).lingering == []
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


def test_one_of_two_permanent_ids_canceled_leaves_the_order_alive_whatever_came_first() -> None:
    for second_first in (False, True):
        ledger = Ledger()
        name = admit(ledger, intent())
        news: list[c.Command] = [c.Acknowledge(name, 7, 2, 2), c.RecordCancel(name, "", "", 3, 3, 8)]
        news.insert(0 if second_first else 1, c.Acknowledge(name, 8, 2, 2, "", 21))
        for command in news:
            ledger.handle(command)
        order = ledger.book.orders[name]
        assert (order.status, order.broker_ids) == (OrderStatus.WORKING, (1, 21))
        ledger.handle(c.RecordCancel(name, "", "", 4, 4, 7))
        assert ledger.book.orders[name].status is OrderStatus.CANCELED
        assert ledger.book.last_broker_order_id == 21


def test_what_is_terminal_here_and_alive_there_is_reopened_only_by_settled_and_later_answers() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    ledger.handle(c.RecordReject(name, "BROKER_REJECTED", "201", 2, 2))
    alive = seen(name, OrderStatus.WORKING)
    assert compare(ledger, alive, settled=False).reopened == []
    assert compare(ledger, alive, since=ledger.book.sequence - 1).reopened == []
    assert compare(ledger, alive).reopened == [name]
    assert (ledger.book.orders[name].status, ledger.book.orders[name].reason) == (OrderStatus.WORKING, "SHOWN_LIVE")


def test_a_filled_order_that_rests_once_more_blocks_and_is_named_for_a_cancel() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    fill(ledger, name, 10)
    again = BrokerTruth((SeenOrder(name, 5, 8, OrderStatus.WORKING, ""),), ())
    findings = compare(ledger, again)
    assert (findings.strays, len(findings.blocking)) == ([5], 1)
    elsewhere = BrokerTruth((SeenOrder(name, 5, 8, OrderStatus.WORKING, "", 33),), ())
    findings = compare(ledger, elsewhere)
    assert findings.strays == []
    assert "client id 33" in findings.blocking[0]


def test_an_order_id_given_again_is_another_order() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    fill(ledger, name, 10)
    stranger = BrokerTruth((SeenOrder("", 1, 99, OrderStatus.WORKING, ""),), (executed("", 3, "e.9.01", 99),))
    findings = compare(ledger, stranger)
    assert (findings.commands, findings.blocking) == ([], [])
    assert ledger.book.orders[name].cum_qty == 10


def test_proof_and_words_count_only_for_what_nobody_acknowledged() -> None:
    ledger = Ledger()
    unseen, taken = admit(ledger, intent(1), 1), admit(ledger, intent(2), 2)
    ledger.handle(c.Acknowledge(taken, 7, 2, 2))
    for name in (unseen, taken):
        assert ledger.handle(c.ProveNotSent(name, "guard", 3, 3)) == []
        ledger.handle(c.MarkUnknown(name, "ACK_TIMEOUT", "", 3, 3))
        ledger.handle(c.ProveNotSent(name, "guard", 4, 4))
    assert ledger.book.orders[unseen].status is OrderStatus.DENIED
    assert ledger.book.orders[unseen].reason == "NOT_SENT"
    assert ledger.book.orders[taken].status is OrderStatus.UNKNOWN
    [entry] = fill(ledger, unseen, 4)
    assert (entry.report.reason, entry.report.order_status) == ("CONTRADICTED", OrderStatus.PARTIALLY_FILLED)

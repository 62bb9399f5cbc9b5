"""Each command against each state of an order: which events it causes and what they make of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.errors import NotFound
from hedgerow.domain.execution_report import ReportKind
from hedgerow.domain.order import OrderStatus
from services.execution.domain import commands as c
from services.execution.domain.ledger import Ledger
from tests.unit.services.execution.samples import admit, allow, fill, intent


def status(ledger: Ledger, name: str) -> OrderStatus:
    return ledger.book.orders[name].status


def test_an_order_from_pending_to_filled() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    assert status(ledger, name) is OrderStatus.PENDING
    ledger.handle(c.MarkSent(name, 2, 2))
    assert status(ledger, name) is OrderStatus.SENT
    ledger.handle(c.Acknowledge(name, 7, 3, 3))
    assert status(ledger, name) is OrderStatus.WORKING
    [entry] = fill(ledger, name, 4)
    assert (entry.report.kind, entry.report.order_status) == (ReportKind.FILL, OrderStatus.PARTIALLY_FILLED)
    assert (entry.report.cum_qty, entry.report.leaves_qty, entry.report.perm_id) == (4, 6, 7)
    fill(ledger, name, 6, "101", "e.2.01")
    order = ledger.book.orders[name]
    assert (order.status, order.average_price) == (OrderStatus.FILLED, Decimal("100.6"))
    assert not ledger.book.open


def test_what_is_known_causes_nothing() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    assert ledger.handle(c.Admit(intent(), allow(intent()), 2, 1, 1, 1)) == []
    for command in (
        c.MarkSent(name, 2, 2),
        c.Acknowledge(name, 7, 3, 3),
        c.RequestCancel(name, "", 4, 4),
        c.RecordCancel(name, "", "", 5, 5),
    ):
        assert len(ledger.handle(command)) == 1
        assert ledger.handle(command) == []
    for late in (
        c.RequestCancel(name, "", 6, 6),
        c.RecordReject(name, "", "", 6, 6),
        c.MarkUnknown(name, "", "", 6, 6),
        c.Acknowledge(name, 7, 6, 6),
        c.Withhold(name, "", "", 6, 6),
    ):
        assert ledger.handle(late) == []
    assert status(ledger, name) is OrderStatus.CANCELED


def test_a_fill_after_the_cancel_counts() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    ledger.handle(c.RecordCancel(name, "", "", 2, 2))
    [entry] = fill(ledger, name, 4)
    assert entry.report.order_status is OrderStatus.CANCELED
    assert (entry.report.cum_qty, entry.report.leaves_qty) == (4, 0)
    fill(ledger, name, 6, execution="e.2.01")
    assert status(ledger, name) is OrderStatus.FILLED


def test_a_correction_replaces_and_an_older_revision_does_not() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    fill(ledger, name, 4, "100", "e.1.01")
    [entry] = fill(ledger, name, 3, "102", "e.1.02")
    assert entry.replaced == "e.1.01"
    assert fill(ledger, name, 4, "100", "e.1.01") == []
    order = ledger.book.orders[name]
    assert (order.cum_qty, order.average_price) == (3, 102)


def test_a_commission_before_its_fill_waits_for_it() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    assert ledger.handle(c.RecordCommission("e.1.01", Decimal("1.5"), None, 2, 2)) == []
    entries = fill(ledger, name, 4)
    assert [entry.report.kind for entry in entries] == [ReportKind.FILL, ReportKind.COMMISSION]
    [held] = ledger.book.positions.values()
    assert held.commissions == Decimal("1.5")
    assert ledger.handle(c.RecordCommission("e.1.01", Decimal("1.5"), None, 3, 3)) == []


def test_a_refused_cancel_leaves_the_order_working() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    ledger.handle(c.Acknowledge(name, 7, 2, 2))
    ledger.handle(c.RequestCancel(name, "test", 3, 3))
    assert ledger.handle(c.Acknowledge(name, 7, 4, 4)) == []
    assert status(ledger, name) is OrderStatus.PENDING_CANCEL
    ledger.handle(c.Acknowledge(name, 7, 5, 5, "CANCEL_REFUSED"))
    assert status(ledger, name) is OrderStatus.WORKING


def test_only_a_pending_order_can_be_withheld() -> None:
    ledger = Ledger()
    kept, sent = admit(ledger, intent(1)), admit(ledger, intent(2), 2)
    ledger.handle(c.MarkSent(sent, 2, 2))
    assert ledger.handle(c.Withhold(sent, "PACING", "", 3, 3)) == []
    ledger.handle(c.Withhold(kept, "PACING", "", 3, 3))
    assert (status(ledger, kept), ledger.book.orders[kept].reason) == (OrderStatus.DENIED, "PACING")


def test_an_order_canceled_before_its_frame_can_still_be_withheld() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    ledger.handle(c.RequestCancel(name, "test", 2, 2))
    ledger.handle(c.Withhold(name, "BROKER_DOWN", "", 3, 3))
    assert status(ledger, name) is OrderStatus.DENIED


def test_one_intent_may_own_many_permanent_ids() -> None:
    ledger = Ledger()
    name = admit(ledger, intent())
    for perm_id in (7, 8):
        ledger.handle(c.Acknowledge(name, perm_id, 2, 2))
    assert ledger.book.orders[name].perm_ids == (7, 8)
    assert ledger.book.by_perm_id == {7: name, 8: name}


def test_an_order_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="hr-none"):
        Ledger().handle(c.MarkSent("hr-none", 1, 1))

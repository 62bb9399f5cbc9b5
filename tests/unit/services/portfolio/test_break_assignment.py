"""A break is given to an owner as it stands, on the record, once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, InvalidValue
from hedgerow.domain.position import BROKER, MANUAL
from services.portfolio.domain.break_assignment import AssignBreak, decide_break_assignment
from services.portfolio.domain.comparison import Comparison, Place
from services.portfolio.domain.ledger import Ledger, Transfer, TransferKind
from tests.unit.services.portfolio.samples import ACCOUNT, STRATEGY, compare, fill_report, holding, opened, quantity

REQUEST = AssignBreak("r-1", ACCOUNT, "GOOG", MANUAL, Decimal(-10), None, "ann", "sold by phone")


def broken() -> tuple[Ledger, Comparison]:
    """The strategy bought 100, the broker has 90."""
    ledger, comparison = opened()
    ledger.apply_report(fill_report(1, 100), 1)
    comparison.update(Place(ACCOUNT, "GOOG"), holding(90, "751"))
    compare(comparison, ledger, 1)
    compare(comparison, ledger, 3)
    return ledger, comparison


def assigned(ledger: Ledger, comparison: Comparison, request: AssignBreak) -> Transfer | None:
    transfer = decide_break_assignment(ledger, comparison, request, 7, 8)
    if transfer is not None:
        assert ledger.apply_transfer(transfer)
    return transfer


@pytest.mark.parametrize(("owner", "shares"), [(MANUAL, (100, -10)), (STRATEGY, (90, 0))])
def test_the_owner_has_it_and_the_break_is_gone(owner: str, shares: tuple[int, int]) -> None:
    ledger, comparison = broken()
    transfer = assigned(ledger, comparison, replace(REQUEST, owner=owner))
    assert transfer is not None
    assert (transfer.kind, transfer.from_owner, transfer.to_owner) == (TransferKind.BREAK_ASSIGNED, BROKER, owner)
    assert (transfer.quantity, transfer.price, transfer.actor, transfer.reason) == (-10, 751, "ann", "sold by phone")
    assert (quantity(ledger, STRATEGY), quantity(ledger, MANUAL)) == shares
    assert compare(comparison, ledger, 3.1) == []
    assert comparison.breaks == ()


def test_the_same_request_is_granted_once_another_is_refused() -> None:
    ledger, comparison = broken()
    assigned(ledger, comparison, REQUEST)
    assert decide_break_assignment(ledger, comparison, REQUEST, 9, 9) is None
    for other in (replace(REQUEST, owner=STRATEGY), replace(REQUEST, quantity=Decimal(-9))):
        with pytest.raises(AlreadyExists):
            decide_break_assignment(ledger, comparison, other, 9, 9)


def test_only_the_difference_that_stands_is_given_and_it_is_named() -> None:
    ledger, comparison = broken()
    with pytest.raises(FailedPrecondition, match=r"-10 \(ledger 100, broker 90\), not -9") as error:
        assigned(ledger, comparison, replace(REQUEST, quantity=Decimal(-9)))
    assert error.value.reason == "BREAK_CHANGED"
    with pytest.raises(FailedPrecondition, match="standing: GOOG in SIM0000001 -10") as error:
        assigned(ledger, comparison, replace(REQUEST, instrument_id="MSFT"))
    assert error.value.reason == "NO_BREAK"
    assert quantity(ledger, STRATEGY) == 100


def test_nothing_is_assigned_before_it_settled() -> None:
    ledger, comparison = opened()
    ledger.apply_report(fill_report(1, 100), 1)
    comparison.update(Place(ACCOUNT, "GOOG"), holding(90, "751"))
    compare(comparison, ledger, 1)
    with pytest.raises(FailedPrecondition, match="none stands anywhere"):
        assigned(ledger, comparison, REQUEST)


@pytest.mark.parametrize(
    "bad",
    [
        replace(REQUEST, owner=BROKER),
        replace(REQUEST, quantity=Decimal(0)),
        replace(REQUEST, quantity=Decimal("NaN")),
        replace(REQUEST, price=Decimal(-1)),
    ],
)
def test_what_can_never_be_assigned_is_refused(bad: AssignBreak) -> None:
    ledger, comparison = broken()
    with pytest.raises(InvalidValue):
        decide_break_assignment(ledger, comparison, bad, 1, 1)

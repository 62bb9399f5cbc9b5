"""Adoption: from MANUAL to a strategy, on the record, not beyond what MANUAL has, once per request."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, InvalidValue
from hedgerow.domain.position import MANUAL
from services.portfolio.domain.adoption import decide_adoption
from services.portfolio.domain.ledger import Ledger, TransferKind
from tests.unit.services.portfolio.samples import ACCOUNT, CALL, STRATEGY, adopt, opened, quantity


def granted(ledger: Ledger, *quantities: int) -> None:
    for number, wanted in enumerate(quantities):
        transfer = decide_adoption(ledger, adopt(wanted, f"r-{number}"), 5, 7)
        assert transfer is not None
        ledger.apply_transfer(transfer)


def test_an_adoption_moves_quantity_at_its_mark_and_says_who_and_why() -> None:
    ledger, _ = opened(20)
    transfer = decide_adoption(ledger, adopt(20), 5, 7)
    assert transfer is not None
    assert (transfer.kind, transfer.from_owner, transfer.to_owner) == (TransferKind.ADOPTION, MANUAL, STRATEGY)
    assert (transfer.actor, transfer.reason, transfer.price) == ("tester", "to see", Decimal(15))
    ledger.apply_transfer(transfer)
    assert (quantity(ledger, MANUAL, CALL), quantity(ledger, STRATEGY, CALL)) == (0, 20)
    held = ledger.holding(ACCOUNT, STRATEGY, CALL)
    assert held is not None
    assert (held.position.average_price, held.position.realized_pnl, held.multiplier, held.fills) == (15, 0, 100, 0)
    manual = ledger.holding(ACCOUNT, MANUAL, CALL)
    assert manual is not None
    assert manual.position.realized_pnl == Decimal("1600.0")  # (15 - 14.2) x 20 x 100


def test_without_a_price_it_moves_at_the_average() -> None:
    ledger, _ = opened(20)
    transfer = decide_adoption(ledger, adopt(price=None), 5, 7)
    assert transfer is not None
    assert transfer.price == Decimal("14.2")


def test_the_same_request_is_granted_once_and_another_under_its_id_is_refused() -> None:
    ledger, _ = opened(20)
    granted(ledger, 5)
    assert decide_adoption(ledger, adopt(5, "r-0"), 9, 9) is None
    for other in (adopt(6, "r-0"), adopt(5, "r-0", strategy="other"), adopt(5, "r-0", price="16")):
        with pytest.raises(AlreadyExists):
            decide_adoption(ledger, other, 9, 9)


@pytest.mark.parametrize("wanted", [21, -1, -20])
def test_not_beyond_what_manual_has(wanted: int) -> None:
    ledger, _ = opened(20)
    with pytest.raises(FailedPrecondition, match="MANUAL holds 20"):
        decide_adoption(ledger, adopt(wanted), 5, 7)


def test_shorts_are_adopted_as_shorts() -> None:
    ledger, _ = opened(-20)
    granted(ledger, -5, -15)
    assert (quantity(ledger, MANUAL, CALL), quantity(ledger, STRATEGY, CALL)) == (0, -20)
    with pytest.raises(FailedPrecondition):
        decide_adoption(ledger, adopt(-1, "more"), 5, 7)


def test_nothing_is_adopted_before_the_account_was_compared() -> None:
    with pytest.raises(FailedPrecondition) as error:
        decide_adoption(Ledger(), adopt(), 5, 7)
    assert error.value.reason == "NOT_COMPARED"


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": Decimal(0)},
        {"quantity": Decimal("NaN")},
        {"price": Decimal(-1)},
        {"price": Decimal("NaN")},
        {"strategy": "MANUAL"},
        {"strategy": "BROKER"},
    ],
)
def test_what_can_never_be_adopted(changes: dict[str, object]) -> None:
    ledger, _ = opened(20)
    with pytest.raises(InvalidValue):
        decide_adoption(ledger, dataclasses.replace(adopt(), **changes), 5, 7)  # type: ignore[arg-type]

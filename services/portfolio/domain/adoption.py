"""Adoption: decide(ledger, request) -> the transfer that moves quantity from MANUAL to a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, InvalidValue
from hedgerow.domain.position import BROKER, MANUAL, ZERO
from services.portfolio.domain.ledger import Ledger, Transfer, TransferKind


@dataclass(frozen=True, slots=True)
class Adopt:
    """A strategy takes over a signed quantity MANUAL has; `price` None = MANUAL's average price per share."""

    request_id: str
    account: str
    instrument_id: str
    strategy: str
    quantity: Decimal
    price: Decimal | None
    actor: str
    reason: str


def decide_adoption(ledger: Ledger, request: Adopt, wall_ns: int, market_ns: int) -> Transfer | None:
    """The transfer to make, None when this very request was granted before; changes nothing.

    Raises AlreadyExists for a request id used otherwise, InvalidValue for what can never be
    adopted, FailedPrecondition (NOT_COMPARED, NOT_HELD) for what cannot be now.
    """
    known = ledger.transfers.get(request.request_id)
    if known is not None:
        if not _same(known, request):
            raise AlreadyExists(f"request_id {request.request_id} was used before for another transfer")
        return None
    if request.strategy in (MANUAL, BROKER):
        raise InvalidValue("strategy", request.strategy, "the name of a strategy")
    if not request.quantity.is_finite() or request.quantity == 0:
        raise InvalidValue("quantity", str(request.quantity), "a signed number other than zero")
    if request.price is not None and not (request.price.is_finite() and request.price >= 0):
        raise InvalidValue("price", str(request.price), "a finite number, zero or above")
    if request.account not in ledger.opened:
        raise FailedPrecondition(
            f"account {request.account} has not been compared with the broker yet; try again", "NOT_COMPARED"
        )
    holding = ledger.holding(request.account, MANUAL, request.instrument_id)
    held = ZERO if holding is None else holding.position.quantity
    if holding is None or held * request.quantity <= 0 or abs(request.quantity) > abs(held):
        raise FailedPrecondition(
            f"MANUAL holds {held} of {request.instrument_id} in {request.account}, not {request.quantity}", "NOT_HELD"
        )
    return Transfer(
        transfer_id=request.request_id,
        request_id=request.request_id,
        kind=TransferKind.ADOPTION,
        account=request.account,
        from_owner=MANUAL,
        to_owner=request.strategy,
        instrument_id=request.instrument_id,
        multiplier=holding.multiplier,
        quantity=request.quantity,
        price=holding.position.average_price if request.price is None else request.price,
        actor=request.actor,
        reason=request.reason,
        wall_ns=wall_ns,
        market_ns=market_ns,
    )


def _same(known: Transfer, request: Adopt) -> bool:
    return (known.kind, known.account, known.instrument_id, known.to_owner, known.quantity) == (
        TransferKind.ADOPTION,
        request.account,
        request.instrument_id,
        request.strategy,
        request.quantity,
    ) and request.price in (None, known.price)

"""Assigning a break: decide(ledger, breaks, request) -> the transfer that gives a standing difference to an owner."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, InvalidValue
from hedgerow.domain.position import BROKER
from services.portfolio.domain.comparison import BrokerHolding, Comparison, Place
from services.portfolio.domain.ledger import Ledger, Transfer, TransferKind


@dataclass(frozen=True, slots=True)
class AssignBreak:
    """An operator gives a difference to an owner; `quantity` is the broker's less the ledger's as the operator saw it.

    `price` None = the broker's average price per share.
    """

    request_id: str
    account: str
    instrument_id: str
    owner: str
    quantity: Decimal
    price: Decimal | None
    actor: str
    reason: str


def decide_break_assignment(
    ledger: Ledger, comparison: Comparison, request: AssignBreak, wall_ns: int, market_ns: int
) -> Transfer | None:
    """The transfer to make, None when this very request was granted before; changes nothing.

    Raises AlreadyExists for a request id used otherwise, InvalidValue for what can never be assigned,
    FailedPrecondition (NO_BREAK, BREAK_CHANGED) naming what stands instead.
    """
    known = ledger.transfers.get(request.request_id)
    if known is not None:
        if not _same(known, request):
            raise AlreadyExists(f"request_id {request.request_id} was used before for another transfer")
        return None
    if request.owner == BROKER:
        raise InvalidValue("owner", request.owner, "MANUAL or the name of a strategy")
    if not request.quantity.is_finite() or request.quantity == 0:
        raise InvalidValue("quantity", str(request.quantity), "a signed number other than zero")
    if request.price is not None and not (request.price.is_finite() and request.price >= 0):
        raise InvalidValue("price", str(request.price), "a finite number, zero or above")
    where = f"{request.instrument_id} in {request.account}"
    standing = (each for each in comparison.breaks if Place(each.account, each.instrument_id) == _place(request))
    found = next(standing, None)
    if found is None:
        others = ", ".join(_names(comparison)) or "none stands anywhere"
        raise FailedPrecondition(f"no break stands in {where}; standing: {others}", "NO_BREAK")
    difference = found.broker_quantity - found.ledger_quantity
    if difference != request.quantity:
        raise FailedPrecondition(
            f"the break in {where} is {difference:+} (ledger {found.ledger_quantity}, broker {found.broker_quantity}), "
            f"not {request.quantity:+}",
            "BREAK_CHANGED",
        )
    holding = comparison.holdings.get(_place(request))
    return Transfer(
        transfer_id=request.request_id,
        request_id=request.request_id,
        kind=TransferKind.BREAK_ASSIGNED,
        account=request.account,
        from_owner=BROKER,
        to_owner=request.owner,
        instrument_id=request.instrument_id,
        multiplier=ledger.multiplier(*_place(request)) if holding is None else holding.multiplier,
        quantity=request.quantity,
        price=_price(holding) if request.price is None else request.price,
        actor=request.actor,
        reason=request.reason,
        wall_ns=wall_ns,
        market_ns=market_ns,
    )


def _place(request: AssignBreak) -> Place:
    return Place(request.account, request.instrument_id)


def _names(comparison: Comparison) -> Iterable[str]:
    for each in comparison.breaks:
        yield f"{each.instrument_id} in {each.account} {each.broker_quantity - each.ledger_quantity:+}"


def _price(holding: BrokerHolding | None) -> Decimal:
    return Decimal(0) if holding is None else holding.average_price


def _same(known: Transfer, request: AssignBreak) -> bool:
    return (known.kind, known.account, known.instrument_id, known.to_owner, known.quantity) == (
        TransferKind.BREAK_ASSIGNED,
        request.account,
        request.instrument_id,
        request.owner,
        request.quantity,
    ) and request.price in (None, known.price)

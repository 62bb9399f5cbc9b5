"""Execution corrections: the next revision of an execution, and what it does to order, position and cash."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hedgerow.domain.position import Position
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.contracts import Listing
from hedgerow.ibsim.orders import Execution


def next_revision(execution_id: str) -> str:
    """The id a correction carries: `0000e0d5.00000001.01.01` becomes `0000e0d5.00000001.01.02`."""
    base, _, revision = execution_id.rpartition(".")
    return f"{base}.{int(revision) + 1:0{len(revision)}d}"


def correct(
    book: Book, listing: Listing, execution: Execution, price: Decimal | None, quantity: Decimal | None
) -> Execution:
    """Book a new revision of `execution` with another price or quantity and commit it; the revision.

    Quantity and cash come out exact; the average price only as far as it can be told without
    the trades before.
    """
    latest = execution
    for each in book.executions:
        if each.execution_id.rpartition(".")[0] == execution.execution_id.rpartition(".")[0]:
            latest = each
    new_price = latest.price if price is None else price
    new_quantity = latest.quantity if quantity is None else quantity
    order = book.by_perm_id[latest.perm_id]
    sign, multiplier = latest.side.sign, listing.instrument.multiplier
    more = new_quantity - latest.quantity
    value = new_quantity * new_price - latest.quantity * latest.price
    order.filled += more
    order.value += value
    held = book.positions.get(latest.instrument_id, Position())
    book.positions[latest.instrument_id] = _corrected(held, latest, sign * more, new_price, sign * value, multiplier)
    book.cash -= sign * value * multiplier
    done = replace(
        latest, execution_id=next_revision(latest.execution_id), price=new_price, quantity=new_quantity,
        cum_qty=latest.cum_qty + more, average_price=order.average_price,
    )  # fmt: skip
    book.executions.append(done)
    book.commit((order,), done, listing.instrument, (latest.instrument_id,))
    return done


def _corrected(
    held: Position, was: Execution, more: Decimal, price: Decimal, value: Decimal, multiplier: int
) -> Position:
    quantity = held.quantity + more
    if was.realized_pnl is not None:
        # It closed something: what it earned changes, less the cost of what is no longer closed.
        realized = held.realized_pnl - (value - more * held.average_price) * multiplier
        return Position(quantity, held.average_price if quantity else Decimal(0), realized)
    average = (held.quantity * held.average_price + value) / quantity if quantity else Decimal(0)
    return Position(quantity, average if average > 0 or not quantity else price, held.realized_pnl)

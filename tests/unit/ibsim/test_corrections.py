"""Execution corrections: ids, and what they do to positions, profit and cash."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Side
from hedgerow.domain.position import Position
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.clearing import clear
from hedgerow.ibsim.contracts import Listing, Universe
from hedgerow.ibsim.corrections import correct, next_revision
from hedgerow.ibsim.fills import CommissionModel, Match
from hedgerow.ibsim.orders import Execution, OrderFields, SimOrder

FREE = CommissionModel(Decimal(0), Decimal(0), Decimal(0))
CASH = Decimal(100_000)


def traded(*trades: tuple[Side, int, int]) -> tuple[Book, Listing, list[Execution]]:
    """A book after these trades: side, quantity, price."""
    book = Book(None, "SIM1", CASH)
    [listing] = Universe().load([stock("SIMX")])
    done = []
    for number, (side, quantity, price) in enumerate(trades, 1):
        fields = OrderFields({"action": side.value, "totalQuantity": str(quantity), "orderType": "MKT"})
        order = SimOrder(10, number, book.take_perm_id(), "SIMX", fields)
        book.add(order)
        done.append(clear(book, order, listing, Match(Decimal(quantity), Decimal(price)), FREE, number))
    return book, listing, done


@pytest.mark.parametrize(("before", "after"), [("a.b.01.01", "a.b.01.02"), ("a.09", "a.10"), ("a.99", "a.100")])
def test_the_next_revision_counts_the_last_part(before: str, after: str) -> None:
    assert next_revision(before) == after


@pytest.mark.parametrize(
    ("trades", "which", "as_it_was"),
    [
        ([(Side.BUY, 10, 100)], 0, [(Side.BUY, 8, 101)]),
        ([(Side.SELL, 10, 100)], 0, [(Side.SELL, 12, 99)]),
        ([(Side.BUY, 10, 100), (Side.BUY, 10, 110)], 1, [(Side.BUY, 10, 100), (Side.BUY, 5, 120)]),
        ([(Side.BUY, 10, 100), (Side.SELL, 4, 110)], 1, [(Side.BUY, 10, 100), (Side.SELL, 6, 105)]),
        ([(Side.SELL, 10, 100), (Side.BUY, 4, 90)], 1, [(Side.SELL, 10, 100), (Side.BUY, 2, 95)]),
    ],
)
def test_the_book_becomes_what_it_had_been_without_the_mistake(
    trades: list[tuple[Side, int, int]], which: int, as_it_was: list[tuple[Side, int, int]]
) -> None:
    book, listing, done = traded(*trades)
    wanted, _, _ = traded(*as_it_was)
    _, quantity, price = as_it_was[which]
    revision = correct(book, listing, done[which], Decimal(price), Decimal(quantity))
    assert (revision.quantity, revision.price, revision.perm_id) == (quantity, price, done[which].perm_id)
    assert book.positions == wanted.positions
    assert book.cash == wanted.cash
    assert book.by_perm_id[revision.perm_id].filled == quantity


def test_a_second_correction_is_of_the_first_one() -> None:
    book, listing, [done] = traded((Side.BUY, 10, 100))
    correct(book, listing, done, Decimal(99), None)
    last = correct(book, listing, done, None, Decimal(0))
    assert last.execution_id == next_revision(next_revision(done.execution_id))
    assert (book.positions["SIMX"], book.cash) == (Position(), CASH)
    assert book.executions[0] == done == replace(done)

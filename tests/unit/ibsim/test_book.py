"""The durable order book: what a client finds again after a reconnect or a restart."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import parse_instrument_id, stock
from hedgerow.domain.order import Side
from hedgerow.domain.position import Position
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.orders import Execution, OrderFields, SimOrder, Status


def filled(book: Book, order_id: int = 7) -> SimOrder:
    order = SimOrder(
        10, order_id, book.take_perm_id(), "SIMX", OrderFields({"action": "BUY", "totalQuantity": "5"}), placed_at=11
    )
    book.add(order)
    order.status, order.filled, order.value = Status.FILLED, Decimal(5), Decimal("500.05")
    done = Execution(
        book.new_execution_id(), 10, order_id, order.perm_id, "SIMX", Side.BUY, Decimal(5), Decimal("100.01"),
        Decimal(5), Decimal("100.01"), "ref", Decimal("1.00"), None, 12,
    )  # fmt: skip
    book.executions.append(done)
    book.positions["SIMX"] = Position(Decimal(5), Decimal("100.01"))
    book.cash -= Decimal("501.05")
    book.marks["SIMX"] = 100.0
    book.commit((order,), done, stock("SIMX"), ("SIMX",))
    return order


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db", "SIM1", Decimal(1000))
    assert book.is_new
    order = filled(book)
    book.set_position(parse_instrument_id("SIMX 20240328 100 C", 10), Position(Decimal(-2), Decimal("1.5")))
    book.save_time(99, 3, 101.5)
    # Not closed: a killed process closes nothing either.
    again = Book(tmp_path / "book.db", "SIM1", Decimal(0))
    assert not again.is_new
    assert again.cash == Decimal("498.95")
    assert again.executions == book.executions
    assert again.positions == book.positions
    assert again.instruments["SIMX 20240328 100 C"].multiplier == 10
    assert (again.market_time, again.day_number, again.day_spot) == (99, 3, 101.5)
    assert again.marks == {"SIMX": 100.0}
    loaded = again.by_perm_id[order.perm_id]
    assert (loaded.status, loaded.value, loaded.fields) == (order.status, order.value, order.fields)
    assert again.next_order_id(10) == 8
    assert again.next_order_id(11) == 1
    assert again.take_perm_id() == order.perm_id + 1
    assert again.new_execution_id() > book.executions[-1].execution_id


def test_a_failed_commit_leaves_nothing_half_written(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db", "SIM1", Decimal(1000))
    order = filled(book)
    book.cash = Decimal(7)
    with pytest.raises(sqlite3.IntegrityError):
        book.commit((order,), book.executions[0], stock("SIMX"))  # that execution is already there
    assert Book(tmp_path / "book.db", "SIM1", Decimal(0)).cash == Decimal("498.95")


def test_refuses_another_accounts_book_and_what_is_no_book(tmp_path: Path) -> None:
    Book(tmp_path / "book.db", "SIM1", Decimal(0)).close()
    with pytest.raises(InvalidValue, match="book of account SIM1"):
        Book(tmp_path / "book.db", "SIM2", Decimal(0))
    (tmp_path / "text.db").write_text("not a database, though long enough to be looked at as one " * 20)
    with pytest.raises(InvalidValue, match="book_file"):
        Book(tmp_path / "text.db", "SIM1", Decimal(0))
    with pytest.raises(InvalidValue, match="book_file"):
        Book(tmp_path / "text.db" / "below-a-file.db", "SIM1", Decimal(0))


def test_a_removed_order_is_gone_for_good_and_its_ids_are_not_given_again(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db", "SIM1", Decimal(1000))
    filled(book, 1)
    gone = filled(book, 2)
    book.remove([gone])
    again = Book(tmp_path / "book.db", "SIM1", Decimal(0))
    for each in (book, again):
        assert list(each.orders) == [(10, 1)]
        assert each.next_order_id(10) == 3
    assert again.take_perm_id() == gone.perm_id + 1


def test_ids_fall_back_durably_and_never_rise_by_it(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.db", "SIM1", Decimal(1000))
    filled(book, 7)
    book.roll_back_ids(10, to=99)
    assert book.next_order_id(10) == 8
    book.roll_back_ids(10, by=3)
    assert Book(tmp_path / "book.db", "SIM1", Decimal(0)).next_order_id(10) == book.next_order_id(10) == 5
    book.roll_back_ids(10, by=100)
    assert book.next_order_id(10) == 1
    assert book.clients() == [10]

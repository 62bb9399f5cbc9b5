"""Stops, brackets and one-cancels-all groups at the order desk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.domain.instrument import stock
from hedgerow.ibsim.accounts import Accounts
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.codes import RequestRefused
from hedgerow.ibsim.contracts import Universe
from hedgerow.ibsim.desk import OrderDesk
from hedgerow.ibsim.fills import CommissionModel, Liquidity
from hedgerow.ibsim.hub import Hub
from hedgerow.ibsim.market_time import MarketTime
from hedgerow.ibsim.messages.order_in import PLACE_ORDER
from hedgerow.ibsim.orders import SimOrder, Status
from hedgerow.ibsim.times import Hours

BLANK = dict.fromkeys([part.name for part in PLACE_ORDER._parts if hasattr(part, "name")], "")


class World:
    """A desk with one stock, quoted as told; market time stands in the session."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.universe = Universe()
        [self.listing] = self.universe.load([stock("SIMX")])
        self.time = MarketTime(None, 10, 1, Hours(0, 1_000_000))
        self.open()

    def open(self) -> None:
        """Opens the book; again, as after a crash."""
        self.book = Book(self.path, "SIM1", Decimal(1_000_000))
        accounts = Accounts(self.book, self.universe)
        self.desk = OrderDesk(
            self.book, self.universe, accounts, Hub("SIM1", accounts, None), self.time, Liquidity.DISPLAYED,
            CommissionModel(),
        )  # fmt: skip
        self.desk.resume()

    def quote(self, bid: float, ask: float, size: float = 10_000) -> None:
        """A new quote."""
        self.listing.quote.update(20, bid, ask, size, size, False)
        self.desk.on_quote(self.listing, 20)

    def place(self, order_id: int, kind: str, action: str = "BUY", size: int = 100, **more: str) -> SimOrder:
        """Places or changes one order; `kind` is its type, then its prices: `STP 99`, `STP LMT 99 98.5`."""
        words = kind.split()
        prices = [word for word in words if word[0].isdigit()]
        kind = " ".join(word for word in words if not word[0].isdigit())
        stop = prices.pop(0) if kind.startswith("STP") else ""
        fields = BLANK | {
            "orderId": str(order_id), "symbol": "SIMX", "secType": "STK", "exchange": "SMART", "action": action,
            "totalQuantity": str(size), "tif": "GTC", "transmit": "1", "orderType": kind, "auxPrice": stop,
            "lmtPrice": prices[0] if prices else "",
        }  # fmt: skip
        self.desk.place(10, fields | more)
        return self.book.orders[10, order_id]

    def prices(self) -> list[Decimal]:
        """What was traded at, in order."""
        return [done.price for done in self.book.executions]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "book.db")
    world.quote(99.9, 100.1)
    yield world
    world.book.close()
    world.time.close()


@pytest.mark.parametrize(
    ("action", "stop", "before", "at", "price"),
    [("SELL", "99", (99.01, 99.2), (99.0, 99.2), "99.0"), ("BUY", "101", (100.8, 100.99), (100.8, 101.0), "101.0")],
)
def test_a_stop_waits_for_its_price_then_trades_at_the_market(
    world: World, action: str, stop: str, before: tuple[float, float], at: tuple[float, float], price: str
) -> None:
    order = world.place(1, f"STP {stop}", action)
    assert order.status is Status.PRE_SUBMITTED
    world.quote(*before)
    assert order.status is Status.PRE_SUBMITTED
    world.quote(*at)
    assert order.status is Status.FILLED
    assert world.prices() == [Decimal(price)]


def test_a_stop_beyond_the_market_trades_at_once(world: World) -> None:
    assert world.place(1, "STP 100.2", "SELL").status is Status.FILLED


def test_a_triggered_stop_limit_is_a_limit_order_ever_after_even_across_a_restart(world: World) -> None:
    world.place(1, "STP LMT 99 98.9", "SELL")
    world.quote(98.5, 98.6)  # through stop and limit at once
    assert world.book.orders[10, 1].status is Status.SUBMITTED
    assert not world.book.executions
    world.open()
    order = world.book.orders[10, 1]
    assert (order.triggered, order.status) == (True, Status.SUBMITTED)
    world.quote(100.5, 100.6)  # above the stop again: it is a plain limit order by now
    assert order.status is Status.FILLED
    assert world.prices()[0] >= Decimal("98.9")


def test_a_book_of_the_version_before_has_no_triggered_stops(world: World) -> None:
    world.place(1, "LMT 50")
    world.book.close()
    old = sqlite3.connect(world.path)
    old.executescript("ALTER TABLE orders DROP COLUMN triggered; PRAGMA user_version=1;")
    old.close()
    world.open()
    assert not world.book.orders[10, 1].triggered
    world.place(2, "STP 99", "SELL")
    world.open()
    assert [order.order_id for order in world.desk.working()] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("STP", {"auxPrice": ""}, "321"), ("STP", {"auxPrice": "-1"}, "321"), ("STP", {"auxPrice": "nan"}, "321"),
        ("STP", {"auxPrice": "99.005"}, "110"), ("STP", {"auxPrice": "x"}, "321"),
        ("STP LMT", {"auxPrice": "99", "lmtPrice": ""}, "321"), ("LMT", {"lmtPrice": "9", "parentId": "77"}, "10006"),
        ("LMT", {"lmtPrice": "9", "parentId": "x"}, "321"), ("LMT", {"lmtPrice": "9", "parentId": "1"}, "10006"),
        ("TRAIL", {}, "387"),
    ],
)  # fmt: skip
def test_what_makes_no_order_is_refused(world: World, kind: str, more: dict[str, str], code: str) -> None:
    fields = BLANK | {
        "orderId": "1", "symbol": "SIMX", "secType": "STK", "exchange": "SMART", "action": "BUY",
        "totalQuantity": "100", "transmit": "1", "orderType": kind,
    }  # fmt: skip
    with pytest.raises(RequestRefused, match=code):
        world.desk.place(10, fields | more)


def bracket(world: World, entry: str = "LMT 99", size: int = 100) -> tuple[SimOrder, SimOrder, SimOrder]:
    """Parent, profit taker and stop loss; only the last one is transmitted."""
    return (
        world.place(1, entry, size=size, transmit="0"),
        world.place(2, "LMT 102", "SELL", size, transmit="0", parentId="1"),
        world.place(3, "STP 98", "SELL", size, parentId="1"),
    )


def test_nothing_of_a_bracket_works_before_its_last_order_transmits_it(world: World) -> None:
    parent = world.place(1, "MKT", transmit="0")
    taker = world.place(2, "LMT 102", "SELL", transmit="0", parentId="1")
    world.quote(103.0, 103.1)
    assert (parent.status, taker.status) == (Status.PRE_SUBMITTED, Status.PRE_SUBMITTED)
    stop = world.place(3, "STP 98", "SELL", parentId="1")
    assert parent.status is Status.FILLED
    assert taker.status is Status.FILLED  # the market is already beyond its limit
    assert stop.status is Status.CANCELED


def test_children_wait_for_the_whole_parent(world: World) -> None:
    parent, taker, stop = bracket(world)
    assert (parent.status, taker.status) == (Status.SUBMITTED, Status.PRE_SUBMITTED)
    world.quote(97.0, 99.0, size=40)
    assert parent.filled == 40
    world.quote(102.5, 102.6)  # the taker's price, but its parent is not filled
    assert not taker.filled
    world.quote(98.5, 99.0)
    assert parent.status is Status.FILLED
    assert (taker.status, stop.status) == (Status.SUBMITTED, Status.PRE_SUBMITTED)
    world.quote(97.9, 98.0)
    assert (stop.status, taker.status) == (Status.FILLED, Status.CANCELED)
    assert world.book.positions["SIMX"].quantity == 0


def test_a_partly_filled_child_cuts_the_other(world: World) -> None:
    parent, taker, stop = bracket(world, "MKT")
    assert parent.status is Status.FILLED
    world.quote(102.0, 102.1, size=30)
    assert (taker.filled, stop.total, stop.status) == (30, 70, Status.PRE_SUBMITTED)
    world.quote(98.0, 98.1)
    assert (stop.filled, stop.status, taker.status) == (70, Status.FILLED, Status.CANCELED)
    assert world.book.positions["SIMX"].quantity == 0


def test_a_cancelled_parent_takes_its_children_along(world: World) -> None:
    orders = bracket(world)
    world.desk.cancel(10, 1)
    assert {order.status for order in orders} == {Status.CANCELED}
    assert not world.desk.working()
    with pytest.raises(RequestRefused, match="10006"):
        world.place(4, "STP 98", "SELL", parentId="1")


def test_a_bracket_survives_a_restart(world: World) -> None:
    bracket(world)
    world.open()
    world.quote(98.9, 99.0)
    world.quote(102.0, 102.1)
    assert [world.book.orders[10, number].status for number in (1, 2, 3)] == [
        Status.FILLED, Status.FILLED, Status.CANCELED,
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "left"), [("1", None), ("2", 60), ("3", 60), ("", 60)])
def test_a_fill_in_a_group_cancels_or_cuts_the_others(world: World, kind: str, left: int | None) -> None:
    mine = {"ocaGroup": "exit", "ocaType": kind}
    first = world.place(1, "LMT 99", size=100, **mine)
    second = world.place(2, "LMT 98", size=100, **mine)
    other = world.place(3, "LMT 97", size=100, ocaGroup="else")
    world.quote(98.5, 99.0, size=40)
    assert first.filled == 40
    assert other.remaining == 100
    if left is None:
        assert second.status is Status.CANCELED
    else:
        assert (second.status, second.remaining) == (Status.SUBMITTED, left)
        world.quote(98.5, 99.0)
        assert second.status is Status.CANCELED


def test_one_quote_cannot_fill_two_of_a_group(world: World) -> None:
    orders = [world.place(n, f"LMT {100 - n}", ocaGroup="g", ocaType="1") for n in (1, 2, 3)]
    world.quote(90.0, 90.1)
    assert [order.status for order in orders].count(Status.FILLED) == 1
    assert world.book.positions["SIMX"].quantity == 100


def test_a_stop_is_changed_while_it_waits_and_not_once_it_traded(world: World) -> None:
    order = world.place(1, "STP 99", "SELL")
    world.place(1, "STP 98", "SELL", 50)
    world.quote(98.5, 98.6)
    assert order.status is Status.PRE_SUBMITTED
    world.quote(97.5, 97.6)
    assert (order.status, order.filled) == (Status.FILLED, 50)
    with pytest.raises(RequestRefused, match="104"):
        world.place(1, "STP 97", "SELL")


def test_a_sibling_that_fills_at_once_ends_those_not_yet_transmitted(world: World) -> None:
    world.place(1, "MKT", transmit="0")
    taker = world.place(2, "LMT 99", "SELL", transmit="0", parentId="1")
    other = world.place(3, "LMT 103", "SELL", transmit="0", parentId="1")
    stop = world.place(4, "STP 98", "SELL", parentId="1")
    assert [order.status for order in (taker, other, stop)] == [Status.FILLED, Status.CANCELED, Status.CANCELED]
    assert not world.desk.working()
    assert world.book.positions["SIMX"].quantity == 0

"""The order desk under random orders, quotes and cancels: nothing is filled that should not be, the books balance."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Side
from hedgerow.domain.position import Position
from hedgerow.ibsim.accounts import Accounts
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.codes import RequestRefused
from hedgerow.ibsim.contracts import Universe
from hedgerow.ibsim.desk import OrderDesk
from hedgerow.ibsim.fills import CommissionModel, Liquidity
from hedgerow.ibsim.hub import Hub
from hedgerow.ibsim.market_time import MarketTime
from hedgerow.ibsim.messages.order_in import PLACE_ORDER
from hedgerow.ibsim.orders import Status
from hedgerow.ibsim.times import Hours

CASH = Decimal(100_000_000)
HOURS = Hours(0, 1_000_000)
BLANK = dict.fromkeys([part.name for part in PLACE_ORDER._parts if hasattr(part, "name")], "")
KINDS = {(True, True): "MKT", (False, True): "LMT", (True, False): "STP", (False, False): "STP LMT"}
CENTS = st.integers(9_900, 10_100).map(lambda cents: Decimal(cents) / 100)


class Desk(RuleBasedStateMachine):
    """One client trading one stock; the book is reopened and compared after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "book.db"
        self.universe = Universe()
        [self.listing] = self.universe.load([stock("SIMX")])
        self.book = Book(self.path, "SIM1", CASH)
        self.time = MarketTime(None, 10, 1, HOURS)
        accounts = Accounts(self.book, self.universe)
        self.desk = OrderDesk(
            self.book, self.universe, accounts, Hub("SIM1", accounts, None), self.time, Liquidity.DISPLAYED,
            CommissionModel(),
        )  # fmt: skip
        self.displayed = {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}
        self.now = 10
        self.next_id = 1

    def teardown(self) -> None:
        self.book.close()
        self.time.close()
        self.folder.cleanup()

    @rule(bid=CENTS, spread=st.integers(1, 5), size=st.integers(1, 300), absent=st.sampled_from(["", "bid", "ask"]))
    def quote(self, bid: Decimal, spread: int, size: int, absent: str) -> None:
        ask = bid + Decimal(spread) / 100
        self.now += 1
        self.displayed = {Side.BUY: Decimal(size), Side.SELL: Decimal(size)}
        self.listing.quote.update(
            self.now,
            None if absent == "bid" else float(bid),
            None if absent == "ask" else float(ask),
            size,
            size,
            False,
        )
        self._expect_fills_within_the_quote(lambda: self.desk.on_quote(self.listing, self.now))

    @rule(
        action=st.sampled_from(["BUY", "SELL"]),
        quantity=st.integers(1, 400),
        limit=st.one_of(st.none(), CENTS),
        stop=st.one_of(st.none(), CENTS),
        group=st.sampled_from(["", "", "a", "b"]),
        tif=st.sampled_from(["DAY", "GTC", "IOC"]),
        again=st.booleans(),
    )
    def place(
        self,
        action: str,
        quantity: int,
        limit: Decimal | None,
        stop: Decimal | None,
        group: str,
        tif: str,
        again: bool,
    ) -> None:
        order_id = self.next_id - 1 if again and self.next_id > 1 else self.next_id
        self.next_id = max(self.next_id, order_id + 1)
        fields: dict[str, str] = BLANK | {
            "orderId": str(order_id), "symbol": "SIMX", "secType": "STK", "exchange": "SMART", "action": action,
            "totalQuantity": str(quantity), "tif": tif, "transmit": "1",
            "orderType": KINDS[limit is None, stop is None], "lmtPrice": "" if limit is None else str(limit),
            "auxPrice": "" if stop is None else str(stop), "ocaGroup": group, "ocaType": str(len(group)),
        }  # fmt: skip

        def act() -> None:
            try:
                self.desk.place(10, fields)
            except RequestRefused:
                assert again  # a first placement of this kind is always acceptable

        self._expect_fills_within_the_quote(act)

    @rule(back=st.integers(1, 5))
    def cancel(self, back: int) -> None:
        order_id = self.next_id - back
        order = self.book.orders.get((10, order_id))
        if order is not None and not order.status.is_done:
            self.desk.cancel(10, order_id)
            assert order.status is Status.CANCELED
        else:
            with pytest.raises(RequestRefused, match="10147" if order is None else "10148"):
                self.desk.cancel(10, order_id)

    def _expect_fills_within_the_quote(self, act: Any) -> None:
        before = len(self.book.executions)
        quote = self.listing.quote
        act()
        for done in self.book.executions[before:]:
            price = quote.ask if done.side is Side.BUY else quote.bid
            assert price is not None, "a fill against an absent side"
            order = self.book.by_perm_id[done.perm_id]
            if order.limit is None:
                assert done.price == Decimal(repr(price))
            else:
                assert done.price <= order.limit if done.side is Side.BUY else done.price >= order.limit
            self.displayed[done.side] -= done.quantity
        assert min(self.displayed.values()) >= 0, "more was filled than the quote displayed"

    @invariant()
    def the_books_balance(self) -> None:
        position, cash = Position(), CASH
        filled: dict[int, Decimal] = {}
        for done in self.book.executions:
            signed = done.side.sign * done.quantity
            position = position.after(signed, done.price)
            cash -= signed * done.price + done.commission
            filled[done.perm_id] = filled.get(done.perm_id, Decimal(0)) + done.quantity
        assert self.book.positions.get("SIMX", Position()) == position
        assert self.book.cash == cash
        for order in self.book.by_perm_id.values():
            assert order.filled == filled.get(order.perm_id, Decimal(0))
            assert order.filled <= order.total
            assert (order.status is Status.FILLED) == (order.remaining == 0)
            assert (order in self.desk.working()) != order.status.is_done

    @invariant()
    def a_killed_process_would_find_the_same(self) -> None:
        again = Book(self.path, "SIM1", Decimal(0))
        assert (again.cash, again.positions, again.executions) == (
            self.book.cash, self.book.positions, self.book.executions,
        )  # fmt: skip
        assert {o.perm_id: (o.status, o.filled, o.fields) for o in again.by_perm_id.values()} == {
            o.perm_id: (o.status, o.filled, o.fields) for o in self.book.by_perm_id.values()
        }
        again.close()


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)

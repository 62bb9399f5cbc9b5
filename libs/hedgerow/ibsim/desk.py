"""The order desk: takes, changes, cancels, expires and fills orders, and tells the hub."""

from __future__ import annotations

import math
import time
from decimal import Decimal

from hedgerow.domain.order import Side
from hedgerow.ibsim.accounts import Accounts
from hedgerow.ibsim.book import Book
from hedgerow.ibsim.clearing import clear, what_if
from hedgerow.ibsim.codes import Code, RequestRefused
from hedgerow.ibsim.contracts import Listing, Universe
from hedgerow.ibsim.fills import CommissionModel, Liquidity, Match, crosses, match, opposite_price, take
from hedgerow.ibsim.groups import Groups
from hedgerow.ibsim.hub import Hub
from hedgerow.ibsim.market_time import MarketTime
from hedgerow.ibsim.orders import OrderFields, SimOrder, Status
from hedgerow.ibsim.times import with_zone
from hedgerow.ibsim.validation import check_fields, check_modification, rejected


class OrderDesk:
    """Every order's life, from its frame to its last report."""

    def __init__(
        self,
        book: Book,
        universe: Universe,
        accounts: Accounts,
        hub: Hub,
        market_time: MarketTime,
        liquidity: Liquidity,
        commission: CommissionModel,
    ) -> None:
        self._book = book
        self._universe = universe
        self._accounts = accounts
        self._hub = hub
        self._time = market_time
        self._liquidity = liquidity
        self._commission = commission
        self._working: dict[str, list[SimOrder]] = {}
        self._groups = Groups(book, self.working)
        # Orders whose next modify makes a second one instead; only a scripted fault puts any here.
        self.doubles: set[tuple[int, int]] = set()

    def resume(self) -> None:
        """Take the working orders of a reopened book up again."""
        for order in self._book.by_perm_id.values():
            if not order.status.is_done:
                self._working.setdefault(order.instrument_id, []).append(order)

    def working(self, client_id: int | None = None) -> list[SimOrder]:
        """Open orders, of one client or of all, oldest first."""
        orders = [order for orders in self._working.values() for order in orders]
        return sorted(
            (o for o in orders if client_id is None or o.client_id == client_id), key=lambda order: order.perm_id
        )

    def place(self, client_id: int, frame: dict[str, str]) -> None:
        """A placeOrder: a new order, a change of a working one, or a what-if. Raises RequestRefused."""
        listing = self._universe.one(frame)
        fields = OrderFields(frame)
        check_fields(fields, listing, self._hub.account)
        order_id = int(fields["orderId"])
        if fields["whatIf"] == "1":
            order = SimOrder(client_id, order_id, 0, listing.instrument_id, fields)
            price = self._price_now(order, listing)
            answer = what_if(self._book, self._accounts, order, listing, price, self._commission)
            self._hub.open_order(listing, order, answer)
            return
        known = self._book.orders.get((client_id, order_id))
        is_reissued = known is not None and known.status.is_done and order_id >= self._book.next_order_id(client_id)
        if known is not None and not is_reissued and (client_id, order_id) not in self.doubles:
            self._modify(known, fields, listing)
            return
        if known is None and order_id < self._book.next_order_id(client_id):
            raise RequestRefused(Code.DUPLICATE_ORDER_ID, "Duplicate order id")
        if not listing.listed:
            raise rejected("The contract is not available for trading")
        self._groups.check_parent(client_id, fields)
        order = SimOrder(
            client_id, order_id, self._book.take_perm_id(), listing.instrument_id, fields, placed_at=self._time.now()
        )
        order.received_ns = time.monotonic_ns()
        self._book.add(order)
        try:
            self._check_funds(order, listing)
        except RequestRefused as refusal:
            self._finish(order, Status.INACTIVE, refusal.text)
            raise
        self._accept(order, listing)
        self._release_bracket(order)

    def _accept(self, order: SimOrder, listing: Listing) -> None:
        now = self._time.now()
        live = self._is_live(order, listing, now)
        order.status = Status.SUBMITTED if live and not order.waits_for_stop else Status.PRE_SUBMITTED
        order.good_until = self._expiry(order, now)
        order.rested = False
        self._working.setdefault(order.instrument_id, [])
        if order not in self._working[order.instrument_id]:
            self._working[order.instrument_id].append(order)
        # Nothing queued here leaves before the next flush, and that comes after the commit.
        if order.transmitted and not self._is_open(order, listing, now):
            # before the status: ib_async takes any warning for a change of state
            self._warn_closed(order, listing, now)
        self._hub.open_order(listing, order)
        self._hub.order_status(order)
        if not self._trade(order, listing, now):
            self._book.commit(orders=(order,), instrument=listing.instrument)
        waits = not order.transmitted or self._groups.waits(order)
        if order.time_in_force == "IOC" and not order.status.is_done and not waits:
            self.cancel_order(order)

    def _modify(self, order: SimOrder, fields: OrderFields, listing: Listing) -> None:
        check_modification(order, fields, listing)
        self._groups.check_parent(order.client_id, fields)
        before, order.fields = order.fields, fields
        try:
            self._check_funds(order, listing)
        except RequestRefused:
            order.fields = before
            raise
        self._accept(order, listing)
        self._release_bracket(order)

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel one order of this client. Raises RequestRefused (10147, 10148)."""
        order = self._book.orders.get((client_id, order_id))
        if order is not None and order.status.is_done:
            # One id may stand for several orders, when a modify was turned into a second one.
            order = next((twin for twin in self.working(client_id) if twin.order_id == order_id), order)
        if order is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            raise RequestRefused(Code.CANCEL_NOT_FOUND, text)
        if order.status.is_done:
            text = f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {order.status.value}."
            raise RequestRefused(Code.CANCEL_NOT_POSSIBLE, text)
        self.cancel_order(order)

    def fill(self, order: SimOrder, quantity: Decimal, price: Decimal | None = None) -> None:
        """Fill that much of an order whatever the market says, at a price or at its limit, else at the market.

        An order that is over is filled, too: its execution was under way when the cancel was confirmed.
        """
        listing = self._universe.by_id[order.instrument_id]
        trade = Match(min(quantity, order.remaining), price or self._price_now(order, listing))
        if trade.quantity > 0:
            self._fill(order, listing, trade, self._time.now())

    def age_ms(self, order: SimOrder) -> float:
        """How long ago an order was accepted, wall ms; without end for one of before a restart."""
        return (time.monotonic_ns() - order.received_ns) / 1e6 if order.received_ns else math.inf

    def lose(self, orders: list[SimOrder]) -> None:
        """Forget these orders as if they had never arrived."""
        for order in orders:
            self._forget(order)
        self._book.remove(orders)

    def cancel_all(self) -> None:
        """Cancel every open order of every client."""
        for order in self.working():
            self.cancel_order(order)

    def cancel_order(self, order: SimOrder, reason: str = "", at: int | None = None) -> None:
        """Cancel an open order, at market time `at` or now: orderStatus first, then notice 202."""
        self._finish(order, Status.CANCELED, reason or "Cancelled by Trader", at)
        self._hub.order_status(order)
        self._hub.order_error(order, Code.ORDER_CANCELED, f"Order Canceled - reason:{reason}")
        for child in self._groups.children(order):
            if not child.status.is_done:
                self.cancel_order(child, "The parent order is cancelled", at)

    def reject_order(self, order: SimOrder, reason: str) -> None:
        """End an order that had been taken: orderStatus Inactive, then error 201."""
        self._finish(order, Status.INACTIVE, reason)
        self._hub.order_status(order)
        self._hub.order_error(order, Code.ORDER_REJECTED, f"Order rejected - reason:{reason}")

    def on_quote(self, listing: Listing, now: int) -> None:
        """Match what rests in this contract against its new quote."""
        orders = self._working.get(listing.instrument_id)
        if orders:
            for order in list(orders):
                self._trade(order, listing, now)

    def on_time(self, now: int) -> None:
        """Expire what is over, and activate at the open what waited for it."""
        if not any(self._working.values()):
            return
        for order in self.working():
            if order.good_until and now >= order.good_until:
                self.cancel_order(order, "The order has expired", now)
                continue
            self._activate(order, now)

    def _activate(self, order: SimOrder, now: int) -> None:
        """Submit an order that waited for the open or its parent."""
        listing = self._universe.by_id[order.instrument_id]
        waits = order.waits_for_stop or order.status is not Status.PRE_SUBMITTED
        if not waits and self._is_live(order, listing, now):
            order.status = Status.SUBMITTED
            self._book.commit(orders=(order,))
            self._hub.order_status(order)

    def _is_live(self, order: SimOrder, listing: Listing, now: int) -> bool:
        return order.transmitted and not self._groups.waits(order) and self._is_open(order, listing, now)

    def _is_open(self, order: SimOrder, listing: Listing, now: int) -> bool:
        if self._time.hours.contains(now):
            return True
        return order.outside_rth and not listing.instrument.is_option and order.limit is not None

    def _expiry(self, order: SimOrder, now: int) -> int:
        if order.time_in_force != "DAY":
            return 0
        # After the close a DAY order is for the next session, whose hours are not known yet.
        return self._time.hours.close_ns if now < self._time.hours.close_ns else 0

    def on_new_day(self) -> None:
        """Give orders placed after the last close their expiry, now that the session is known."""
        for order in self.working():
            if order.time_in_force == "DAY" and not order.good_until:
                order.good_until = self._time.hours.close_ns
                self._book.commit(orders=(order,))

    def _trade(self, order: SimOrder, listing: Listing, now: int) -> bool:
        """Match one order against the current quote; whether it traded (and was committed)."""
        quote = listing.quote
        if order.status.is_done or not self._is_live(order, listing, now):
            return False
        if quote.extended and not order.outside_rth:
            return False  # the newest quote is from before the open: nothing regular to trade against yet
        if order.waits_for_stop and not self._trigger(order, listing):
            return False
        found = match(order, quote, self._liquidity)
        if found is not None:
            take(order.side, quote, found.quantity)
            self._fill(order, listing, found, now)
            return True
        price = opposite_price(order.side, quote)
        if price is not None and not crosses(order.side, order.limit, price):
            order.rested = True
        return False

    def _fill(self, order: SimOrder, listing: Listing, trade: Match, now: int) -> None:
        done = clear(self._book, order, listing, trade, self._commission, now)
        if order.status.is_done:
            self._forget(order)
        hub = self._hub
        hub.execution(listing, done)
        hub.open_order(listing, order)
        hub.order_status(order)
        hub.commission(done)
        hub.flush()  # the order's reports first: account values are many
        hub.position_changed(order.instrument_id)
        hub.account_changed(now)
        self._settle_group(order, trade.quantity, now)

    def _trigger(self, order: SimOrder, listing: Listing) -> bool:
        """Whether the quote has reached the stop price; from then on the order is a market or limit order."""
        price, stop = opposite_price(order.side, listing.quote), order.stop
        if price is None or stop is None or (price < stop if order.side is Side.BUY else price > stop):
            return False
        order.triggered, order.status = True, Status.SUBMITTED
        self._book.commit(orders=(order,), instrument=listing.instrument)
        self._hub.order_status(order)
        return True

    def _finish(self, order: SimOrder, status: Status, text: str, at: int | None = None) -> None:
        order.completed_at = self._time.now() if at is None else at
        order.status, order.completed_text = status, text
        self._forget(order)
        self._book.commit(orders=(order,), instrument=self._universe.by_id[order.instrument_id].instrument)

    def _forget(self, order: SimOrder) -> None:
        resting = self._working.get(order.instrument_id, [])
        if order in resting:
            resting.remove(order)

    def _release_bracket(self, order: SimOrder) -> None:
        """An attached order that is transmitted transmits its parent and the others attached to it."""
        for each in self._groups.held_back(order):
            if not each.status.is_done:  # the parent's fill may already have ended a sibling
                each.fields["transmit"] = "1"
                self._accept(each, self._universe.by_id[each.instrument_id])

    def _settle_group(self, order: SimOrder, traded: Decimal, now: int) -> None:
        """Cut or cancel the rivals of an order that has traded that much, and start what waited for it."""
        for other, left in self._groups.cuts(order, traded):
            if other.status.is_done:
                continue
            if left <= 0:
                self.cancel_order(other, "One of its group has traded")
                continue
            other.fields["totalQuantity"] = str(other.filled + left)
            self._book.commit(orders=(other,))
            self._hub.open_order(self._universe.by_id[other.instrument_id], other)
            self._hub.order_status(other)
        if order.status is Status.FILLED:
            for child in self._groups.children(order):
                if not child.status.is_done:
                    self._activate(child, now)
                self._trade(child, self._universe.by_id[child.instrument_id], now)

    def _price_now(self, order: SimOrder, listing: Listing) -> Decimal:
        return order.limit or order.stop or opposite_price(order.side, listing.quote) or listing.quote.mark_price

    def _check_funds(self, order: SimOrder, listing: Listing) -> None:
        if self._groups.waits(order):
            return  # it closes what its parent opens
        price = self._price_now(order, listing)
        missing = self._accounts.shortfall(listing, order.side, order.remaining, price)
        if missing > 0:
            raise rejected(
                "We are unable to accept your order. Your Available Funds are in an amount insufficient for the order:"
                f" {missing:.2f} USD are missing"
            )

    def _warn_closed(self, order: SimOrder, listing: Listing, now: int) -> None:
        opens = self._time.hours.open_ns
        when = f"until {with_zone(opens)}" if now < opens else "before the next session"
        side = "BUY" if order.side is Side.BUY else "SELL"
        text = (
            f"Order Message:\n{side} {order.total:f} {listing.fields['localSymbol']}\n"
            f"Warning: Your order will not be placed at the exchange {when}."
        )
        self._hub.order_error(order, Code.ORDER_MESSAGE, text)

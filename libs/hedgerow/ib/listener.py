"""What the library's decoder calls for each message: handed on at once, before its own caches could swallow it.

The library drops a price equal to the last one, fires no event for replayed executions and turns every error
that carries an order's id into a cancel. So messages about quotes, orders, executions and positions stop here
and go to our handlers; only what answers a numbered request goes on to the library.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from hedgerow.ib.library import library

if TYPE_CHECKING:
    _Wrapper = Any
else:
    _Wrapper = library().Wrapper


class MarketHandler(Protocol):
    """Receives market data; `request_id` names the line."""

    def price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        """A price and its size."""

    def size(self, request_id: int, tick_type: int, size: float) -> None:
        """A size alone."""

    def stamp(self, request_id: int, tick_type: int, value: str) -> None:
        """A time or text."""

    def greeks(self, request_id: int, tick_type: int, values: tuple[float, float, float, float, float]) -> None:
        """Delta, gamma, vega, theta, implied volatility in the broker's units."""

    def data_type(self, request_id: int, kind: int) -> None:
        """1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""

    def network_read(self) -> None:
        """All messages of one network read are handled."""


class OrderHandler(Protocol):
    """Receives what concerns orders; library objects stay inside this package."""

    def order_status(
        self, order_id: int, state: str, filled: float, remaining: float, average: float, perm_id: int, client_id: int,
        why_held: str,
    ) -> None:  # fmt: skip
        """An order's state."""

    def open_order(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        """An order as it stands at the broker."""

    def completed_order(self, contract: Any, order: Any, state: Any) -> None:
        """One row of a completed-orders answer."""

    def execution(self, request_id: int, contract: Any, execution: Any) -> None:
        """One execution, live or in answer to `request_id`."""

    def commission(self, report: Any) -> None:
        """What an execution cost."""


class AccountHandler(Protocol):
    """Receives what concerns accounts."""

    def position(self, account: str, contract: Any, quantity: float, average_cost: float) -> None:
        """One position, in answer or as it changes."""

    def summary_value(self, request_id: int, account: str, tag: str, value: str, currency: str) -> None:
        """One row of an account summary."""


class SessionSink(Protocol):
    """The session behind a listener."""

    def error(self, request_id: int, code: int, text: str) -> None:
        """Every error and notice."""

    def ended(self, flight: str) -> None:
        """The last message of the answer to an unnumbered request, or of `flight`."""

    def lost(self, reason: str) -> None:
        """The socket closed."""

    def next_id(self, order_id: int) -> None:
        """The lowest order id the broker will take."""


class Listener(_Wrapper):  # type: ignore[misc]
    """The library's receiver, cut down to what is not for us."""

    market: MarketHandler | None = None
    orders: OrderHandler | None = None
    accounts_handler: AccountHandler | None = None
    sink: SessionSink
    last_read = 0.0
    """CLOCK_MONOTONIC seconds of the last network read."""

    def tcpDataArrived(self) -> None:
        """A network read begins."""
        self.last_read = time.monotonic()

    def tcpDataProcessed(self) -> None:
        """A network read is handled: quotes leave now, not on a timer."""
        if self.market is not None:
            self.market.network_read()

    def priceSizeTick(self, reqId: int, tickType: int, price: float, size: float) -> None:
        """A price."""
        if self.market is not None:
            self.market.price(reqId, tickType, price, size)

    def tickSize(self, reqId: int, tickType: int, size: float) -> None:
        """A size."""
        if self.market is not None:
            self.market.size(reqId, tickType, size)

    def tickString(self, reqId: int, tickType: int, value: str) -> None:
        """A time or text."""
        if self.market is not None:
            self.market.stamp(reqId, tickType, value)

    def tickGeneric(self, *_: object) -> None:
        """A number that is no part of a quote."""

    def tickReqParams(self, *_: object) -> None:
        """Parameters of a line: the instrument's own come from its details."""

    def tickOptionComputation(
        self, reqId: int, tickType: int, tickAttrib: int, impliedVol: float, delta: float, optPrice: float,
        pvDividend: float, gamma: float, vega: float, theta: float, undPrice: float,
    ) -> None:  # fmt: skip
        """Greeks."""
        if self.market is not None:
            self.market.greeks(reqId, tickType, (delta, gamma, vega, theta, impliedVol))

    def marketDataType(self, reqId: int, marketDataId: int) -> None:
        """Live or delayed."""
        if self.market is not None:
            self.market.data_type(reqId, marketDataId)

    def orderStatus(
        self, orderId: int, status: str, filled: float, remaining: float, avgFillPrice: float, permId: int,
        parentId: int, lastFillPrice: float, clientId: int, whyHeld: str, mktCapPrice: float = 0.0,
    ) -> None:  # fmt: skip
        """An order's state, also when it did not change."""
        if self.orders is not None:
            self.orders.order_status(orderId, status, filled, remaining, avgFillPrice, permId, clientId, whyHeld)

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
        """An order at the broker."""
        if self.orders is not None:
            self.orders.open_order(orderId, contract, order, orderState)

    def openOrderEnd(self) -> None:
        """End of the open orders."""
        self.sink.ended("open_orders")

    def completedOrder(self, contract: Any, order: Any, orderState: Any) -> None:
        """A completed order."""
        if self.orders is not None:
            self.orders.completed_order(contract, order, orderState)

    def completedOrdersEnd(self) -> None:
        """End of the completed orders."""
        self.sink.ended("completed_orders")

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        """An execution, live or replayed."""
        if self.orders is not None:
            self.orders.execution(reqId, contract, execution)

    def execDetailsEnd(self, reqId: int) -> None:
        """End of the executions asked for."""
        self.sink.ended(f"executions {reqId}")

    def commissionReport(self, commissionReport: Any) -> None:
        """A commission."""
        if self.orders is not None:
            self.orders.commission(commissionReport)

    def position(self, account: str, contract: Any, posSize: float, avgCost: float) -> None:
        """A position."""
        if self.accounts_handler is not None:
            self.accounts_handler.position(account, contract, posSize, avgCost)

    def positionEnd(self) -> None:
        """End of the positions."""
        self.sink.ended("positions")

    def accountSummary(self, _reqId: int, account: str, tag: str, value: str, currency: str) -> None:
        """An account's value."""
        if self.accounts_handler is not None:
            self.accounts_handler.summary_value(_reqId, account, tag, value, currency)

    def accountSummaryEnd(self, reqId: int) -> None:
        """End of the account summary."""
        self.sink.ended(f"summary {reqId}")

    def currentTime(self, time: int) -> None:
        """The broker's clock, the answer to a probe."""
        self.sink.ended("current_time")

    def nextValidId(self, reqId: int) -> None:
        """The lowest order id that is free."""
        self.sink.next_id(reqId)

    def error(self, reqId: int, errorCode: int, errorString: str, advancedOrderRejectJson: str = "") -> None:
        """An error or notice: the library fails its own request by it, we read the rest."""
        super().error(reqId, errorCode, errorString, advancedOrderRejectJson)
        self.sink.error(reqId, errorCode, errorString)

    def connectionClosed(self) -> None:
        """The socket closed after the handshake."""
        super().connectionClosed()
        self.sink.lost("CONNECTION_LOST")

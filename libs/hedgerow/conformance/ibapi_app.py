"""ibapi's EWrapper and EClient, collecting what the callbacks say; the library itself keeps nothing."""
# ruff: noqa: D102 (the callbacks are named and described by the library)

from __future__ import annotations

import threading
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from hedgerow.conformance.client import Chain, ErrorView, OrderView, QuoteView


class App(EWrapper, EClient):  # type: ignore[misc]
    """Collects what the callbacks say; every request ends by setting its event."""

    def __init__(self, errors: list[ErrorView]) -> None:
        EClient.__init__(self, self)
        self.errors = errors
        self.next_id: int | None = None
        self.account_list: list[str] = []
        self.values: dict[str, str] = {}
        self.summary: dict[str, str] = {}
        self.held: dict[int, tuple[float, float]] = {}
        self.items: dict[int, tuple[float, float, float]] = {}
        self.found: dict[int, list[Any]] = {}
        self.done: dict[Any, threading.Event] = {}
        self.quotes: dict[int, QuoteView] = {}
        self.known: dict[int, OrderView] = {}
        self.opened: list[OrderView] = []
        self.completed: list[OrderView] = []
        self.fills: dict[str, tuple[Any, int]] = {}
        self.commissions: dict[str, Any] = {}
        self.what_ifs: dict[int, Any] = {}
        self.time = 0
        self.live_fills: list[str] = []
        self.reported: list[str] = []
        self.statuses: list[tuple[int, str]] = []
        self.position_ends = 0
        self.callback_fails = False

    def begin(self, key: Any) -> threading.Event:
        event = self.done[key] = threading.Event()
        return event

    def end(self, key: Any) -> None:
        event = self.done.get(key)
        if event is not None:
            event.set()

    def nextValidId(self, orderId: int) -> None:
        self.next_id = orderId

    def managedAccounts(self, accountsList: str) -> None:
        self.account_list = [name for name in accountsList.split(",") if name]

    def error(self, reqId: int, errorCode: int, errorString: str) -> None:
        self.errors.append(ErrorView(reqId, errorCode, errorString))
        if errorCode != 10167:
            self.end(reqId)
        if self.callback_fails:
            raise RuntimeError("a mistake in our callback")

    def updateAccountValue(self, key: str, val: str, currency: str, accountName: str) -> None:
        self.values[key] = val

    def updatePortfolio(
        self, contract: Any, position: float, marketPrice: float, marketValue: float, averageCost: float,
        unrealizedPNL: float, realizedPNL: float, accountName: str,
    ) -> None:  # fmt: skip
        self.items[contract.conId] = (position, marketPrice, realizedPNL)

    def accountDownloadEnd(self, accountName: str) -> None:
        self.end("account")

    def accountSummary(self, reqId: int, account: str, tag: str, value: str, currency: str) -> None:
        self.summary[tag] = value

    def accountSummaryEnd(self, reqId: int) -> None:
        self.end(reqId)

    def position(self, account: str, contract: Any, position: float, avgCost: float) -> None:
        if position:
            self.held[contract.conId] = (position, avgCost)
        else:
            self.held.pop(contract.conId, None)

    def positionEnd(self) -> None:
        self.position_ends += 1
        self.end("positions")

    def contractDetails(self, reqId: int, contractDetails: Any) -> None:
        self.found.setdefault(reqId, []).append(contractDetails)

    def contractDetailsEnd(self, reqId: int) -> None:
        self.end(reqId)

    def securityDefinitionOptionParameter(
        self, reqId: int, exchange: str, underlyingConId: int, tradingClass: str, multiplier: str,
        expirations: set[str], strikes: set[float],
    ) -> None:  # fmt: skip
        chain = Chain(exchange, multiplier, frozenset(expirations), frozenset(strikes))
        self.found.setdefault(reqId, []).append(chain)

    def securityDefinitionOptionParameterEnd(self, reqId: int) -> None:
        self.end(reqId)

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:
        view = self.quotes[reqId]
        if tickType in (1, 66):
            view.bid = price
        elif tickType in (2, 67):
            view.ask = price
        view.updates += 1

    def tickSize(self, reqId: int, tickType: int, size: int) -> None:
        view = self.quotes[reqId]
        if tickType in (0, 69):
            view.bid_size = size
        elif tickType in (3, 70):
            view.ask_size = size

    def tickString(self, reqId: int, tickType: int, value: str) -> None:
        self.quotes[reqId].updates += 1

    def tickOptionComputation(
        self, reqId: int, tickType: int, tickAttrib: int, impliedVol: float, delta: float, optPrice: float,
        pvDividend: float, gamma: float, vega: float, theta: float, undPrice: float,
    ) -> None:  # fmt: skip
        if tickType in (13, 83):
            view = self.quotes[reqId]
            view.delta, view.implied_volatility, view.theta, view.vega = delta, impliedVol, theta, vega

    def marketDataType(self, reqId: int, marketDataType: int) -> None:
        self.quotes[reqId].market_data_type = marketDataType

    def tickSnapshotEnd(self, reqId: int) -> None:
        self.end(reqId)

    def historicalData(self, reqId: int, bar: Any) -> None:
        self.found.setdefault(reqId, []).append(bar)

    def historicalDataEnd(self, reqId: int, start: str, end: str) -> None:
        self.end(reqId)

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
        if order.whatIf:
            self.what_ifs[orderId] = orderState
            self.end(orderId)
            return
        # Order ids are each client's own: another client's order must not be taken for one of ours.
        own = order.clientId == self.clientId
        view = self.known.setdefault(orderId, OrderView(orderId)) if own else OrderView(orderId)
        view.perm_id, view.quantity, view.order_ref = order.permId, order.totalQuantity, order.orderRef
        view.limit, view.status, view.client_id = order.lmtPrice, orderState.status, order.clientId
        self.opened.append(view)

    def openOrderEnd(self) -> None:
        self.end("open")

    def orderStatus(
        self, orderId: int, status: str, filled: float, remaining: float, avgFillPrice: float, permId: int,
        parentId: int, lastFillPrice: float, clientId: int, whyHeld: str, mktCapPrice: float,
    ) -> None:  # fmt: skip
        if clientId != self.clientId:
            return
        view = self.known.setdefault(orderId, OrderView(orderId))
        view.status, view.filled, view.remaining, view.average_price = status, filled, remaining, avgFillPrice
        view.perm_id = permId
        self.statuses.append((orderId, status))

    def completedOrder(self, contract: Any, order: Any, orderState: Any) -> None:
        self.completed.append(
            OrderView(
                order.orderId, orderState.status, order.filledQuantity, 0.0, 0.0, order.permId, order.lmtPrice,
                order.totalQuantity, order.orderRef, order.clientId,
            )
        )  # fmt: skip

    def completedOrdersEnd(self) -> None:
        self.end("completed")

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        self.fills[execution.execId] = (execution, reqId)
        if reqId == -1:
            self.live_fills.append(execution.execId)

    def execDetailsEnd(self, reqId: int) -> None:
        self.end(reqId)

    def commissionReport(self, commissionReport: Any) -> None:
        self.commissions[commissionReport.execId] = commissionReport
        self.reported.append(commissionReport.execId)

    def currentTime(self, time: int) -> None:
        self.time = time
        self.end("time")

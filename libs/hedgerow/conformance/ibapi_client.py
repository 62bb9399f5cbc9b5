"""IB's own ibapi: an EWrapper and EClient on a reader thread."""
# ruff: noqa: D102 (the Client protocol says what each method does)

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from hedgerow.conformance.client import (
    TIMEOUT_S,
    Chain,
    ContractSpec,
    Details,
    ErrorView,
    ExecutionView,
    OrderSpec,
    OrderView,
    QuoteView,
    WhatIf,
)

_SUMMARY_TAGS = "NetLiquidation,TotalCashValue,BuyingPower,AvailableFunds"
_UNSET = 1e300


class _App(EWrapper, EClient):  # type: ignore[misc]
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
            view.delta, view.implied_volatility, view.theta = delta, impliedVol, theta

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
        view.limit, view.status = order.lmtPrice, orderState.status
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

    def completedOrder(self, contract: Any, order: Any, orderState: Any) -> None:
        self.completed.append(
            OrderView(
                0, orderState.status, order.filledQuantity, 0.0, 0.0, order.permId, order.lmtPrice,
                order.totalQuantity, order.orderRef,
            )
        )  # fmt: skip

    def completedOrdersEnd(self) -> None:
        self.end("completed")

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        self.fills[execution.execId] = (execution, reqId)

    def execDetailsEnd(self, reqId: int) -> None:
        self.end(reqId)

    def commissionReport(self, commissionReport: Any) -> None:
        self.commissions[commissionReport.execId] = commissionReport

    def currentTime(self, time: int) -> None:
        self.time = time
        self.end("time")


class IbapiClient:
    """One EClient; a fresh one per connection."""

    def __init__(self) -> None:
        self.errors: list[ErrorView] = []
        self._app = _App(self.errors)
        self._thread: threading.Thread | None = None
        self._requests = 1_000_000  # request ids are a space of their own

    def connect(self, port: int, client_id: int) -> None:
        app = self._app
        app.connect("127.0.0.1", port, client_id)
        self._thread = threading.Thread(target=app.run, daemon=True)
        self._thread.start()
        try:
            self.wait(lambda: app.next_id is not None and bool(app.account_list), "connected", 5.0)
        except AssertionError:
            self.disconnect()
            raise TimeoutError("no nextValidId") from None

    def disconnect(self) -> None:
        self._app.disconnect()
        if self._thread is not None:
            self._thread.join(5)

    def is_connected(self) -> bool:
        return bool(self._app.isConnected())

    def server_version(self) -> int:
        return int(self._app.serverVersion())

    def wait(self, condition: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
            time.sleep(0.005)

    def _finish(self, key: Any, ask: Callable[[], None]) -> None:
        event = self._app.begin(key)
        ask()
        assert event.wait(TIMEOUT_S), f"no answer to {key}"

    def _request(self) -> int:
        self._requests += 1
        return self._requests

    def accounts(self) -> list[str]:
        return self._app.account_list

    def account_values(self) -> dict[str, str]:
        self._finish("account", lambda: self._app.reqAccountUpdates(True, ""))
        return dict(self._app.values)

    def account_summary(self) -> dict[str, str]:
        req_id = self._request()
        self._finish(req_id, lambda: self._app.reqAccountSummary(req_id, "All", _SUMMARY_TAGS))
        self._app.cancelAccountSummary(req_id)
        return dict(self._app.summary)

    def positions(self) -> dict[int, tuple[float, float]]:
        self._finish("positions", self._app.reqPositions)
        return dict(self._app.held)

    def portfolio(self) -> dict[int, tuple[float, float, float]]:
        if not self._app.values:
            self.account_values()
        return dict(self._app.items)

    @staticmethod
    def _contract(spec: ContractSpec) -> Any:
        contract = Contract()
        contract.conId, contract.symbol, contract.secType = spec.con_id, spec.symbol, spec.sec_type
        contract.lastTradeDateOrContractMonth, contract.strike, contract.right = spec.expiry, spec.strike, spec.right
        contract.exchange, contract.currency = spec.exchange, "USD"
        return contract

    def details(self, spec: ContractSpec) -> list[Details]:
        req_id = self._request()
        self._finish(req_id, lambda: self._app.reqContractDetails(req_id, self._contract(spec)))
        return [
            Details(
                d.contract.conId, d.contract.symbol, d.contract.secType, d.contract.lastTradeDateOrContractMonth,
                d.contract.strike, d.contract.right, d.contract.multiplier, d.minTick, d.contract.tradingClass,
                d.underConId, d.longName, d.timeZoneId, d.liquidHours,
            )
            for d in self._app.found.pop(req_id, [])
        ]  # fmt: skip

    def chains(self, symbol: str, con_id: int) -> list[Chain]:
        req_id = self._request()
        self._finish(req_id, lambda: self._app.reqSecDefOptParams(req_id, symbol, "", "STK", con_id))
        return list(self._app.found.pop(req_id, []))

    def subscribe(self, spec: ContractSpec) -> int:
        req_id = self._request()
        self._app.quotes[req_id] = QuoteView()
        self._app.reqMktData(req_id, self._contract(spec), "", False, False, [])
        return req_id

    def quote(self, handle: int) -> QuoteView:
        return self._app.quotes[handle]

    def unsubscribe(self, handle: int) -> None:
        self._app.cancelMktData(handle)

    def snapshot(self, spec: ContractSpec) -> QuoteView:
        req_id = self._request()
        self._app.quotes[req_id] = QuoteView()
        self._finish(req_id, lambda: self._app.reqMktData(req_id, self._contract(spec), "", True, False, []))
        return self._app.quotes[req_id]

    def closes(self, spec: ContractSpec, duration: str, bar: str, show: str) -> list[float]:
        req_id = self._request()
        self._finish(
            req_id,
            lambda: self._app.reqHistoricalData(req_id, self._contract(spec), "", duration, bar, show, 1, 1, False, []),
        )
        return [b.close for b in self._app.found.pop(req_id, [])]

    @staticmethod
    def _order(order: OrderSpec) -> Any:
        made = Order()
        made.action, made.totalQuantity, made.tif = order.action, order.quantity, order.tif
        made.orderType = "MKT" if order.limit is None else "LMT"
        if order.limit is not None:
            made.lmtPrice = order.limit
        made.orderRef, made.outsideRth, made.account = order.order_ref, order.outside_rth, order.account
        # These two old defaults are refused by today's gateways; every user of ibapi 9 sets them so.
        made.eTradeOnly = made.firmQuoteOnly = False
        return made

    def place(self, spec: ContractSpec, order: OrderSpec) -> int:
        assert self._app.next_id is not None
        order_id, self._app.next_id = self._app.next_id, self._app.next_id + 1
        self._app.known[order_id] = OrderView(order_id)
        self._app.placeOrder(order_id, self._contract(spec), self._order(order))
        return order_id

    def modify(self, order_id: int, spec: ContractSpec, order: OrderSpec) -> None:
        self._app.placeOrder(order_id, self._contract(spec), self._order(order))

    def cancel(self, order_id: int) -> None:
        self._app.cancelOrder(order_id)

    def cancel_everything(self) -> None:
        self._app.reqGlobalCancel()

    def order(self, order_id: int) -> OrderView:
        return self._app.known[order_id]

    def open_orders(self, everyone: bool = False) -> list[OrderView]:
        self._app.opened = []
        self._finish("open", self._app.reqAllOpenOrders if everyone else self._app.reqOpenOrders)
        return list(self._app.opened)

    def completed_orders(self) -> list[OrderView]:
        self._app.completed = []
        self._finish("completed", lambda: self._app.reqCompletedOrders(False))
        return list(self._app.completed)

    def executions(self) -> list[ExecutionView]:
        req_id, app = self._request(), self._app
        app.fills = {}
        self._finish(req_id, lambda: app.reqExecutions(req_id, ExecutionFilter()))
        views = []
        for execution, _ in app.fills.values():
            report = app.commissions[execution.execId]
            realized = 0.0 if report.realizedPNL > _UNSET else report.realizedPNL
            views.append(
                ExecutionView(
                    execution.execId, execution.orderId, execution.clientId, execution.side, execution.shares,
                    execution.price, execution.cumQty, execution.orderRef, report.commission, realized,
                )
            )  # fmt: skip
        return views

    def what_if(self, spec: ContractSpec, order: OrderSpec) -> WhatIf:
        made = self._order(order)
        made.whatIf = True
        assert self._app.next_id is not None
        order_id, self._app.next_id = self._app.next_id, self._app.next_id + 1
        self._finish(order_id, lambda: self._app.placeOrder(order_id, self._contract(spec), made))
        state = self._app.what_ifs[order_id]
        return WhatIf(float(state.commission), float(state.initMarginChange))

    def current_time(self) -> int:
        self._finish("time", self._app.reqCurrentTime)
        return self._app.time

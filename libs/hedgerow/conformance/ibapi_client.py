"""IB's own ibapi: an EWrapper and EClient on a reader thread."""
# ruff: noqa: D102 (the Client protocol says what each method does)

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order

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
from hedgerow.conformance.ibapi_app import App

_SUMMARY_TAGS = "NetLiquidation,TotalCashValue,BuyingPower,AvailableFunds"
_UNSET = 1e300


class IbapiClient:
    """One EClient; a fresh one per connection."""

    def __init__(self) -> None:
        self.errors: list[ErrorView] = []
        self.handler_failures: list[str] = []
        self._app = App(self.errors)
        self.live_fills = self._app.live_fills
        self.commissions = self._app.reported
        self.statuses = self._app.statuses
        self._thread: threading.Thread | None = None
        self._requests = 1_000_000  # request ids are a space of their own

    def connect(self, port: int, client_id: int, timeout_s: float | None = None) -> None:
        app = self._app
        app.next_id, app.account_list = None, []
        self._thread = threading.Thread(target=self._read, args=(port, client_id), daemon=True)
        self._thread.start()
        try:
            self.wait(lambda: app.next_id is not None and bool(app.account_list), "connected", timeout_s or 10.0)
        except AssertionError:
            self.disconnect()
            raise TimeoutError("no nextValidId") from None

    def _read(self, port: int, client_id: int) -> None:
        # connect() has no time-out of its own: it may wait for the gateway's first answer for ever
        self._app.connect("127.0.0.1", port, client_id)
        try:
            self._app.run()
        except RuntimeError as error:  # a callback's own mistake ends the library's loop
            self.handler_failures.append(repr(error))

    def disconnect(self) -> None:
        connection = self._app.conn
        if connection is not None and not self._app.isConnected():
            connection.disconnect()  # connect() still waits: closing its socket ends it
            if self._thread is not None:
                self._thread.join(5)
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
        made.transmit = order.transmit
        for name, value in order.more.items():
            setattr(made, name, value)
        return made

    def next_order_id(self) -> int:
        assert self._app.next_id is not None
        order_id, self._app.next_id = self._app.next_id, self._app.next_id + 1
        return order_id

    def place(self, spec: ContractSpec, order: OrderSpec, order_id: int | None = None) -> int:
        order_id = self.next_order_id() if order_id is None else order_id
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
        order_id = self.next_order_id()
        self._finish(order_id, lambda: self._app.placeOrder(order_id, self._contract(spec), made))
        state = self._app.what_ifs[order_id]
        return WhatIf(float(state.commission), float(state.initMarginChange))

    def current_time(self) -> int:
        self._finish("time", self._app.reqCurrentTime)
        return self._app.time

    def library_orders(self) -> dict[int, str]:
        return {}  # it keeps none

    def library_positions(self) -> dict[int, float]:
        return {}

    def probe(self, timeout_s: float) -> bool:
        answered = self._app.begin("time")
        self._app.reqCurrentTime()
        return answered.wait(timeout_s)

    def ask_positions_twice(self, grace_s: float) -> list[bool]:
        app, before = self._app, self._app.position_ends
        app.reqPositions()
        app.reqPositions()
        self.wait(lambda: app.position_ends > before, "one answer")
        deadline = time.monotonic() + grace_s
        while app.position_ends < before + 2 and time.monotonic() < deadline:
            time.sleep(0.005)
        return [app.position_ends > before, app.position_ends > before + 1]

    def fail_in_error_callback(self) -> None:
        self._app.callback_fails = True

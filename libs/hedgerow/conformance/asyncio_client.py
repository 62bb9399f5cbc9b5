"""ib_insync and ib_async: one adapter, for their interfaces are the same."""
# ruff: noqa: D102 (the Client protocol says what each method does)

from __future__ import annotations

import asyncio
import importlib
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

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

# One loop for all clients: the libraries ask for the current loop when they are imported, and keep it.
_LOOP = asyncio.new_event_loop()


class AsyncioClient:
    """One `IB` object, driven synchronously."""

    def __init__(self, library: str, timeout_s: float = 10.0) -> None:
        self._loop = _LOOP
        asyncio.set_event_loop(_LOOP)
        self._library: Any = importlib.import_module(library)
        self._timeout_s = timeout_s
        self._ib = self._library.IB()
        self.errors: list[ErrorView] = []
        self.live_fills: list[str] = []
        self.commissions: list[str] = []
        self.statuses: list[tuple[int, str]] = []
        self.handler_failures: list[str] = []
        self._tickers: dict[int, Any] = {}
        self._updates: dict[int, int] = {}
        self._trades: dict[int, Any] = {}
        ib = self._ib
        ib.errorEvent += lambda req_id, code, text, _: self.errors.append(ErrorView(req_id, code, text))
        ib.execDetailsEvent += lambda _, fill: self.live_fills.append(fill.execution.execId)
        ib.commissionReportEvent += lambda _, fill, __: self.commissions.append(fill.execution.execId)
        ib.orderStatusEvent += lambda trade: self.statuses.append((trade.order.orderId, trade.orderStatus.status))

    def _run(self, awaitable: Awaitable[Any]) -> Any:
        return self._loop.run_until_complete(asyncio.wait_for(awaitable, TIMEOUT_S))

    def connect(self, port: int, client_id: int, timeout_s: float | None = None) -> None:
        limit = self._timeout_s if timeout_s is None else timeout_s
        self._run(self._ib.connectAsync("127.0.0.1", port, clientId=client_id, timeout=limit))

    def disconnect(self) -> None:
        self._ib.disconnect()
        self._loop.run_until_complete(asyncio.sleep(0))

    def is_connected(self) -> bool:
        return bool(self._ib.isConnected())

    def server_version(self) -> int:
        return int(self._ib.client.serverVersion())

    def wait(self, condition: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
            self._loop.run_until_complete(asyncio.sleep(0.005))

    def accounts(self) -> list[str]:
        return list(self._ib.managedAccounts())

    def account_values(self) -> dict[str, str]:
        return {value.tag: value.value for value in self._ib.accountValues()}

    def account_summary(self) -> dict[str, str]:
        return {value.tag: value.value for value in self._run(self._ib.accountSummaryAsync())}

    def positions(self) -> dict[int, tuple[float, float]]:
        held = self._run(self._ib.reqPositionsAsync())
        return {p.contract.conId: (float(p.position), float(p.avgCost)) for p in held}

    def portfolio(self) -> dict[int, tuple[float, float, float]]:
        return {
            item.contract.conId: (float(item.position), item.marketPrice, item.realizedPNL)
            for item in self._ib.portfolio()
        }

    def _contract(self, spec: ContractSpec) -> Any:
        return self._library.Contract(
            conId=spec.con_id, symbol=spec.symbol, secType=spec.sec_type, exchange=spec.exchange, currency="USD",
            lastTradeDateOrContractMonth=spec.expiry, strike=spec.strike, right=spec.right,
        )  # fmt: skip

    def details(self, spec: ContractSpec) -> list[Details]:
        found = self._run(self._ib.reqContractDetailsAsync(self._contract(spec)))
        return [
            Details(
                d.contract.conId, d.contract.symbol, d.contract.secType, d.contract.lastTradeDateOrContractMonth,
                d.contract.strike, d.contract.right, d.contract.multiplier, d.minTick, d.contract.tradingClass,
                d.underConId, d.longName, d.timeZoneId, d.liquidHours,
            )
            for d in found
        ]  # fmt: skip

    def chains(self, symbol: str, con_id: int) -> list[Chain]:
        found = self._run(self._ib.reqSecDefOptParamsAsync(symbol, "", "STK", con_id))
        return [Chain(c.exchange, c.multiplier, frozenset(c.expirations), frozenset(c.strikes)) for c in found]

    def _qualified(self, spec: ContractSpec) -> Any:
        """ib_async asks for market data of contracts with an id only."""
        contract = self._contract(spec)
        if not spec.con_id:
            [found] = self.details(spec)
            contract.conId = found.con_id
        return contract

    def subscribe(self, spec: ContractSpec) -> int:
        handle = len(self._tickers) + 1
        ticker = self._ib.reqMktData(self._qualified(spec))
        self._tickers[handle], self._updates[handle] = ticker, 0

        def count(_: Any) -> None:
            self._updates[handle] += 1

        ticker.updateEvent += count
        return handle

    def quote(self, handle: int) -> QuoteView:
        view = self._view(self._tickers[handle])
        view.updates = self._updates[handle]
        return view

    @staticmethod
    def _view(ticker: Any) -> QuoteView:
        def known(value: Any) -> float | None:
            return None if value is None or math.isnan(value) else float(value)

        view = QuoteView(known(ticker.bid), known(ticker.ask), known(ticker.bidSize), known(ticker.askSize))
        view.market_data_type = ticker.marketDataType
        greeks = ticker.modelGreeks
        if greeks is not None:
            view.delta, view.implied_volatility = greeks.delta, greeks.impliedVol
            view.theta, view.vega = greeks.theta, greeks.vega
        return view

    def unsubscribe(self, handle: int) -> None:
        self._ib.cancelMktData(self._tickers[handle].contract)

    def snapshot(self, spec: ContractSpec) -> QuoteView:
        return self._view(self._run(self._ib.reqTickersAsync(self._qualified(spec)))[0])

    def closes(self, spec: ContractSpec, duration: str, bar: str, show: str) -> list[float]:
        bars = self._run(self._ib.reqHistoricalDataAsync(self._contract(spec), "", duration, bar, show, True))
        return [b.close for b in bars]

    def _order(self, order: OrderSpec) -> Any:
        made = (
            self._library.MarketOrder(order.action, order.quantity)
            if order.limit is None
            else self._library.LimitOrder(order.action, order.quantity, order.limit)
        )
        made.tif, made.orderRef, made.outsideRth, made.account = (
            order.tif, order.order_ref, order.outside_rth, order.account,
        )  # fmt: skip
        made.transmit = order.transmit
        for name, value in order.more.items():
            setattr(made, name, value)
        return made

    def next_order_id(self) -> int:
        return int(self._ib.client.getReqId())

    def place(self, spec: ContractSpec, order: OrderSpec, order_id: int | None = None) -> int:
        made = self._order(order)
        made.orderId = self.next_order_id() if order_id is None else order_id
        trade = self._ib.placeOrder(self._contract(spec), made)
        self._trades[trade.order.orderId] = trade
        return int(trade.order.orderId)

    def modify(self, order_id: int, spec: ContractSpec, order: OrderSpec) -> None:
        changed = self._order(order)
        changed.orderId = order_id
        self._trades[order_id] = self._ib.placeOrder(self._contract(spec), changed)

    def cancel(self, order_id: int) -> None:
        trade = self._trades.get(order_id)
        order = trade.order if trade is not None else self._library.Order(orderId=order_id)
        self._ib.cancelOrder(order)

    def cancel_everything(self) -> None:
        self._ib.reqGlobalCancel()

    @staticmethod
    def _order_view(trade: Any) -> OrderView:
        order, status = trade.order, trade.orderStatus
        return OrderView(
            order.orderId, status.status, float(status.filled), float(status.remaining), status.avgFillPrice,
            order.permId, order.lmtPrice, float(order.totalQuantity), order.orderRef, order.clientId,
        )  # fmt: skip

    def order(self, order_id: int) -> OrderView:
        return self._order_view(self._trades[order_id])

    def open_orders(self, everyone: bool = False) -> list[OrderView]:
        ask = self._ib.reqAllOpenOrdersAsync if everyone else self._ib.reqOpenOrdersAsync
        return [self._order_view(trade) for trade in self._run(ask())]

    def completed_orders(self) -> list[OrderView]:
        trades = self._run(self._ib.reqCompletedOrdersAsync(False))
        return [
            OrderView(
                t.order.orderId, t.orderStatus.status, float(t.order.filledQuantity), 0.0, 0.0, t.order.permId,
                t.order.lmtPrice, float(t.order.totalQuantity), t.order.orderRef, t.order.clientId,
            )
            for t in trades
        ]  # fmt: skip

    def executions(self) -> list[ExecutionView]:
        # The answer's own fills lack the commission of executions the library knew before: measured.
        asked = {fill.execution.execId for fill in self._run(self._ib.reqExecutionsAsync())}
        fills = [fill for fill in self._ib.fills() if fill.execution.execId in asked]
        return [
            ExecutionView(
                f.execution.execId, f.execution.orderId, f.execution.clientId, f.execution.side,
                float(f.execution.shares), f.execution.price, float(f.execution.cumQty), f.execution.orderRef,
                f.commissionReport.commission, f.commissionReport.realizedPNL,
            )
            for f in fills
        ]  # fmt: skip

    def what_if(self, spec: ContractSpec, order: OrderSpec) -> WhatIf:
        state = self._run(self._ib.whatIfOrderAsync(self._contract(spec), self._order(order)))
        return WhatIf(float(state.commission), float(state.initMarginChange))

    def current_time(self) -> int:
        return int(self._run(self._ib.reqCurrentTimeAsync()).timestamp())

    def library_orders(self) -> dict[int, str]:
        return {trade.order.orderId: trade.orderStatus.status for trade in self._ib.trades()}

    def library_positions(self) -> dict[int, float]:
        return {p.contract.conId: float(p.position) for p in self._ib.positions()}

    def probe(self, timeout_s: float) -> bool:
        return self._answered(timeout_s, 0.0, self._ib.reqCurrentTimeAsync())[0]

    def ask_positions_twice(self, grace_s: float) -> list[bool]:
        return self._answered(TIMEOUT_S, grace_s, self._ib.reqPositionsAsync(), self._ib.reqPositionsAsync())

    def _answered(self, timeout_s: float, grace_s: float, *requests: Awaitable[Any]) -> list[bool]:
        async def wait() -> list[bool]:
            futures = [asyncio.ensure_future(request) for request in requests]
            _, open_ones = await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if open_ones and grace_s:
                await asyncio.wait(open_ones, timeout=grace_s)
            answered = [future.done() for future in futures]
            for future in futures:
                future.cancel()
            return answered

        return self._loop.run_until_complete(wait())

    def fail_in_error_callback(self) -> None:
        def fail(*_: Any) -> None:
            raise RuntimeError("a mistake in our callback")

        self._ib.errorEvent += fail
        self._ib.errorEvent.error_event += lambda _, error: self.handler_failures.append(repr(error))

"""Message families a strategy seldom uses, with the installed client over a real socket."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from hedgerow.ibsim.admin import admin_call_async
from hedgerow.ibsim.server import IbsimServer

Start = Callable[..., Awaitable[IbsimServer]]
LIBRARY = "ib_insync" if importlib.util.find_spec("ib_insync") else "ib_async"


@pytest.fixture
async def server(start_server: Start) -> IbsimServer:
    started = await start_server(positions=[{"instrument_id": "SIMX", "quantity": 10, "average_price": 90}])
    await admin_call_async(started.admin_port, "set_quote", instrument_id="SIMX", bid=99.9, ask=100.1)
    return started


@pytest.fixture
async def ib(server: IbsimServer) -> AsyncIterator[Any]:
    client = importlib.import_module(LIBRARY).IB()
    await client.connectAsync("127.0.0.1", server.port, clientId=12, timeout=5)
    yield client
    client.disconnect()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.002)


async def test_symbols_are_found_by_their_beginning(ib: Any) -> None:
    [found] = await ib.reqMatchingSymbolsAsync("sim")
    assert (found.contract.symbol, found.contract.secType, found.derivativeSecTypes) == ("SIMX", "STK", ["OPT"])
    assert await ib.reqMatchingSymbolsAsync("ZZZ") == []


async def test_the_market_rule_is_one_cent(ib: Any) -> None:
    [step] = await ib.reqMarketRuleAsync(26)
    assert (step.lowEdge, step.increment) == (0, 0.01)


async def test_profit_and_loss_follow_the_account(ib: Any, server: IbsimServer) -> None:
    account = ib.managedAccounts()[0]
    con_id = server.simulation.universe.by_id["SIMX"].con_id
    total, single = ib.reqPnL(account), ib.reqPnLSingle(account, "", con_id)
    await until(lambda: total.unrealizedPnL == 100 and single.unrealizedPnL == 100)
    assert (single.position, single.value, total.dailyPnL) == (10, 1000, 100)
    await admin_call_async(server.admin_port, "set_quote", instrument_id="SIMX", bid=101.9, ask=102.1)
    await admin_call_async(server.admin_port, "seed_position", instrument_id="SIMX", quantity=20, average_price=90)
    await until(lambda: total.unrealizedPnL == 240)
    ib.cancelPnL(account)
    ib.cancelPnLSingle(account, "", con_id)
    await ib.reqCurrentTimeAsync()
    assert not server.simulation.hub.sessions[12].pnls


async def test_values_are_pushed_while_market_time_runs(ib: Any, server: IbsimServer) -> None:
    [before] = [value.value for value in ib.accountValues() if value.tag == "NetLiquidation"]
    summary = {value.tag: value.value for value in await ib.accountSummaryAsync()}
    assert summary["NetLiquidation"] == before
    await admin_call_async(server.admin_port, "resume", speed=3000)

    def now() -> set[str]:
        told = [*ib.accountValues(), *ib.wrapper.acctSummary.values()]
        return {value.value for value in told if value.tag == "NetLiquidation"}

    await until(lambda: len(now()) == 1 and now() != {before})


async def test_bars_in_every_spelling_of_time(ib: Any, server: IbsimServer) -> None:
    stock = importlib.import_module(LIBRARY).Stock("SIMX", "SMART", "USD")
    for format_date in (1, 2):
        bars = await ib.reqHistoricalDataAsync(stock, "", "1800 S", "10 mins", "TRADES", True, formatDate=format_date)
        assert [bar.date.timestamp() * 10**9 for bar in bars] == [
            server.simulation.day.hours.open_ns + minutes * 60 * 10**9 for minutes in (0, 10, 20)
        ]
    [day] = await ib.reqHistoricalDataAsync(stock, "", "1 D", "1 day", "BID_ASK", True)
    assert str(day.date) == "2024-03-04"
    assert day.high > day.low


async def test_open_and_completed_orders_are_listed_with_what_was_asked(ib: Any) -> None:
    library = importlib.import_module(LIBRARY)
    stock = library.Stock("SIMX", "SMART", "USD")
    order = library.LimitOrder("SELL", 7, 150.25, tif="GTC", orderRef="mine", outsideRth=True)
    trade = ib.placeOrder(stock, order)
    await until(lambda: trade.orderStatus.status == "Submitted")
    [listed] = await ib.reqAllOpenOrdersAsync()
    shown = listed.order
    assert (shown.lmtPrice, shown.tif, shown.orderRef, shown.outsideRth) == (150.25, "GTC", "mine", True)
    ib.cancelOrder(trade.order)
    await until(lambda: trade.orderStatus.status == "Cancelled")
    [done] = await ib.reqCompletedOrdersAsync(True)
    assert (done.order.orderRef, done.orderStatus.status) == ("mine", "Cancelled")

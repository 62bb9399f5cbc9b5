"""Stops, brackets and groups as the installed client library makes them, over a real socket."""

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
    started = await start_server()
    await quote(started, 99.9, 100.1)
    return started


@pytest.fixture
async def ib(server: IbsimServer) -> AsyncIterator[Any]:
    client = importlib.import_module(LIBRARY).IB()
    await client.connectAsync("127.0.0.1", server.port, clientId=12, timeout=5)
    yield client
    client.disconnect()


async def quote(server: IbsimServer, bid: float, ask: float) -> None:
    await admin_call_async(
        server.admin_port, "emit_tick", instrument_id="SIMX", bid=bid, ask=ask, bid_size=9000, ask_size=9000
    )


async def reach(trades: list[Any], *wanted: str) -> None:
    """Waits until the client library holds these states."""
    async with asyncio.timeout(10):
        while [trade.orderStatus.status for trade in trades] != list(wanted):  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def test_a_bracket_from_entry_to_exit(ib: Any, server: IbsimServer) -> None:
    stock = importlib.import_module(LIBRARY).Stock("SIMX", "SMART", "USD")
    trades = [ib.placeOrder(stock, order) for order in ib.bracketOrder("BUY", 50, 99, 101, 98)]
    await reach(trades, "Submitted", "PreSubmitted", "PreSubmitted")
    await quote(server, 98.9, 99.0)
    await reach(trades, "Filled", "Submitted", "PreSubmitted")
    await quote(server, 97.9, 98.0)
    await reach(trades, "Filled", "Cancelled", "Filled")
    assert [(fill.execution.side, fill.execution.shares) for fill in ib.fills()] == [("BOT", 50), ("SLD", 50)]
    assert trades[1].log[-1].errorCode in (0, 202)


async def test_one_fill_cancels_the_other(ib: Any, server: IbsimServer) -> None:
    library = importlib.import_module(LIBRARY)
    stock = library.Stock("SIMX", "SMART", "USD")
    orders = [library.LimitOrder("BUY", 10, 99), library.StopOrder("BUY", 10, 101)]
    trades = [ib.placeOrder(stock, order) for order in ib.oneCancelsAll(orders, "entry", 1)]
    await reach(trades, "Submitted", "PreSubmitted")
    await quote(server, 100.9, 101.0)
    await reach(trades, "Cancelled", "Filled")


async def test_a_stop_limit_is_moved_then_triggered(ib: Any, server: IbsimServer) -> None:
    library = importlib.import_module(LIBRARY)
    stock = library.Stock("SIMX", "SMART", "USD")
    trade = ib.placeOrder(stock, library.StopLimitOrder("SELL", 10, 97.5, 98, tif="GTC"))
    await reach([trade], "PreSubmitted")
    trade.order.auxPrice = 97.0
    trade.order.lmtPrice = 96.5
    ib.placeOrder(stock, trade.order)
    await quote(server, 97.5, 97.6)
    [shown] = await ib.reqAllOpenOrdersAsync()
    assert (shown.order.orderType, shown.order.auxPrice, shown.order.lmtPrice) == ("STP LMT", 97.0, 96.5)
    assert trade.orderStatus.status == "PreSubmitted"
    await quote(server, 97.0, 97.1)
    await reach([trade], "Filled")
    assert trade.fills[0].execution.price == 97.0

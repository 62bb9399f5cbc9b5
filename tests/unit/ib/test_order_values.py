"""The library's order objects as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hedgerow.domain.order import OrderStatus, OrderType, Side
from hedgerow.ib.library import library
from hedgerow.ib.order_values import broker_order, commission_update, execution_update, is_order_id

UNSET = 1.7976931348623157e308


@pytest.fixture(scope="module", autouse=True)
async def _inside_the_loop() -> None:
    library()


async def test_a_completed_order_has_no_ids_but_ours_and_its_filled_quantity() -> None:
    lib = library()
    order = lib.Order(
        permId=77, action="SELL", totalQuantity=0.0, orderType="LMT", lmtPrice=749.1, orderRef="hg-1",
        account="SIM0000001", filledQuantity=50.0,
    )  # fmt: skip
    state = lib.OrderState(status="Filled", completedStatus="Filled Size: 50")
    row = broker_order(0, lib.Stock("GOOG", "SMART", "USD"), order, state)
    assert (row.broker_order_id, row.client_id, row.perm_id, row.client_order_id) == (0, 0, 77, "hg-1")
    assert (row.side, row.quantity, row.filled, row.status) == (Side.SELL, Decimal(50), 50, OrderStatus.FILLED)
    assert (row.order_type, row.limit_price, row.text) == (OrderType.LIMIT, Decimal("749.1"), "Filled Size: 50")


async def test_a_market_order_has_no_limit_and_a_stranger_s_kind_no_type() -> None:
    lib = library()
    for kind, expected in (("MKT", OrderType.MARKET), ("STP", None)):
        order = lib.Order(action="BUY", totalQuantity=5.0, orderType=kind, lmtPrice=0.0)
        row = broker_order(3, lib.Stock("GOOG"), order, lib.OrderState(status="Submitted"))
        assert (row.order_type, row.limit_price, row.filled) == (expected, None, None)


async def test_an_execution_of_a_manual_order_has_no_order_id() -> None:
    lib = library()
    execution = lib.Execution(
        execId="1.01", time=datetime(2015, 12, 24, 15, 0, 1, tzinfo=UTC), side="SLD", shares=50.0, price=749.25,
        orderId=2147483647, permId=9, cumQty=50.0, avgPrice=749.25,
    )  # fmt: skip
    replayed = execution_update(lib.Stock("GOOG"), execution, None)
    assert (replayed.broker_order_id, replayed.side, replayed.replayed) == (0, Side.SELL, True)
    assert replayed.fill.event_time == 1_450_969_201_000_000_000
    assert replayed.fill.price == Decimal("749.25")
    live = execution_update(lib.Stock("GOOG"), execution, 123)
    assert (live.fill.event_time, live.replayed) == (123, False)


async def test_an_unset_profit_is_none() -> None:
    lib = library()
    assert commission_update(lib.CommissionReport("1.01", 1.0, "USD", UNSET)).realized_pnl is None
    known = commission_update(lib.CommissionReport("1.01", 1.05, "USD", -12.5))
    assert (known.commission, known.realized_pnl) == (Decimal("1.05"), Decimal("-12.5"))


def test_request_numbers_are_no_order_ids() -> None:
    assert is_order_id(1)
    assert not is_order_id(0)
    assert not is_order_id(-1)
    assert not is_order_id(1 << 30)

"""Which orders a quote fills, how much of them and at what price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.order import Side
from hedgerow.ibsim.fills import CommissionModel, Liquidity, Match, match, take
from hedgerow.ibsim.market import QuoteState
from hedgerow.ibsim.orders import OrderFields, SimOrder


def order(action: str = "BUY", quantity: str = "100", limit: str = "", rested: bool = False) -> SimOrder:
    fields = {"action": action, "totalQuantity": quantity, "orderType": "LMT" if limit else "MKT", "lmtPrice": limit}
    return SimOrder(1, 1, 1, "SIMX", OrderFields(fields), rested=rested)


def quote(bid: float | None = 10.0, ask: float | None = 10.1, size: float = 1000.0) -> QuoteState:
    state = QuoteState()
    state.update(1, bid, ask, size, size, False)
    return state


@pytest.mark.parametrize(("action", "price"), [("BUY", "10.1"), ("SELL", "10.0")])
def test_a_market_order_trades_at_the_opposite_side(action: str, price: str) -> None:
    assert match(order(action), quote(), Liquidity.DISPLAYED) == Match(Decimal(100), Decimal(price))


def test_nothing_trades_with_an_absent_side() -> None:
    assert match(order("BUY"), quote(ask=None), Liquidity.INFINITE) is None
    assert match(order("SELL"), quote(bid=None), Liquidity.INFINITE) is None


@pytest.mark.parametrize(
    ("action", "limit", "trades"),
    [("BUY", "10.1", True), ("BUY", "10.09", False), ("SELL", "10.0", True), ("SELL", "10.01", False)],
)
def test_a_limit_order_trades_when_it_crosses(action: str, limit: str, trades: bool) -> None:
    assert (match(order(action, limit=limit), quote(), Liquidity.DISPLAYED) is not None) == trades


def test_an_order_that_stood_in_the_book_gets_its_own_price() -> None:
    arriving, resting = order(limit="10.5"), order(limit="10.5", rested=True)
    assert match(arriving, quote(), Liquidity.DISPLAYED) == Match(Decimal(100), Decimal("10.1"))
    assert match(resting, quote(), Liquidity.DISPLAYED) == Match(Decimal(100), Decimal("10.5"))


def test_one_quote_trades_what_it_displays_and_the_next_is_whole_again() -> None:
    state = quote(size=60.0)
    assert match(order(), state, Liquidity.DISPLAYED) == Match(Decimal(60), Decimal("10.1"))
    take(Side.BUY, state, Decimal(60))
    assert match(order(), state, Liquidity.DISPLAYED) is None
    assert match(order("SELL"), state, Liquidity.DISPLAYED) == Match(Decimal(60), Decimal("10.0"))
    assert match(order(), state, Liquidity.INFINITE) == Match(Decimal(100), Decimal("10.1"))
    state.update(2, 10.0, 10.1, 60.0, 60.0, False)
    assert match(order(), state, Liquidity.DISPLAYED) == Match(Decimal(60), Decimal("10.1"))


def test_a_price_without_size_information_trades_in_full() -> None:
    assert match(order(), quote(size=0.0), Liquidity.DISPLAYED) == Match(Decimal(100), Decimal("10.1"))


def test_commission_is_per_unit_with_a_minimum_per_order() -> None:
    model = CommissionModel()
    assert model.total(Decimal(0), is_option=False) == 0
    assert model.total(Decimal(10), is_option=False) == Decimal("1.00")
    assert model.total(Decimal(1000), is_option=False) == Decimal("5.000")
    assert model.total(Decimal(1), is_option=True) == Decimal("1.00")
    assert model.total(Decimal(20), is_option=True) == Decimal("13.00")

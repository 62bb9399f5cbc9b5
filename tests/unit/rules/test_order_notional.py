"""Order notional: valued at the price it can reach, multiplier included."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.order import OrderType, Side
from hedgerow.rules.order_notional import OrderNotional
from tests.unit.rules.orders import OPTION, facts, order

RULE = OrderNotional(Decimal(75_000))


@pytest.mark.parametrize(("quantity", "allowed"), [(99, True), (100, True), (101, False)])
def test_limit_buy_is_valued_at_its_limit(quantity: int, allowed: bool) -> None:
    verdict = RULE.evaluate(order(quantity=Decimal(quantity), ask=999.0), facts())
    assert (verdict.allowed, verdict.reason) == (allowed, "" if allowed else "ORDER_NOTIONAL")


def test_limit_sell_is_valued_at_the_offer_when_that_is_higher() -> None:
    cheap = order(side=Side.SELL, limit_price=Decimal(1), ask=750.01)
    assert not RULE.evaluate(cheap, facts()).allowed
    assert RULE.evaluate(order(side=Side.SELL, limit_price=Decimal(1), ask=750.0), facts()).allowed


def test_market_is_valued_at_the_offer() -> None:
    market = {"order_type": OrderType.MARKET, "limit_price": None}
    assert RULE.evaluate(order(**market, ask=750.0), facts()).allowed
    assert RULE.evaluate(order(**market, ask=750.01), facts()).reason == "ORDER_NOTIONAL"


@pytest.mark.parametrize("ask", [None, float("nan"), float("inf"), 0.0, -1.0])
def test_market_without_an_offer_has_no_price(ask: float | None) -> None:
    assert RULE.evaluate(order(order_type=OrderType.MARKET, limit_price=None, ask=ask), facts()).reason == "NO_PRICE"


@pytest.mark.parametrize("limit", [None, Decimal("NaN"), Decimal("Infinity"), Decimal(0), Decimal(-1)])
def test_limit_that_is_no_price(limit: Decimal | None) -> None:
    assert RULE.evaluate(order(limit_price=limit), facts()).reason == "NO_PRICE"


def test_multiplier_counts() -> None:
    contracts = {"instrument": OPTION, "limit_price": Decimal("7.50")}
    assert RULE.evaluate(order(**contracts, quantity=Decimal(100)), facts()).allowed
    assert not RULE.evaluate(order(**contracts, quantity=Decimal(101)), facts()).allowed


@pytest.mark.parametrize("quantity", ["NaN", "-1", "0", "Infinity"])
def test_no_quantity(quantity: str) -> None:
    assert RULE.evaluate(order(quantity=Decimal(quantity)), facts()).reason == "BAD_QUANTITY"

"""Price collar: exact at the boundary, both ways, and never without a two-sided quote."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.order import OrderType
from hedgerow.rules.price_collar import PriceCollar
from tests.unit.rules.orders import facts, order

RULE = PriceCollar(Decimal("2.0"))


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [("764.99", True), ("765", True), ("765.01", False), ("735.01", True), ("735", True), ("734.99", False)],
)
def test_limit(limit: str, allowed: bool) -> None:
    verdict = RULE.evaluate(order(limit_price=Decimal(limit)), facts())
    assert (verdict.allowed, verdict.reason) == (allowed, "" if allowed else "PRICE_COLLAR")


@pytest.mark.parametrize("limit", [None, Decimal("NaN"), Decimal("-750"), Decimal(0), Decimal("Infinity")])
def test_limit_that_is_no_price(limit: Decimal | None) -> None:
    assert RULE.evaluate(order(limit_price=limit), facts()).reason == "BAD_LIMIT_PRICE"


def test_market_passes_on_a_two_sided_quote_only() -> None:
    assert RULE.evaluate(order(order_type=OrderType.MARKET, limit_price=None), facts()).allowed
    assert RULE.evaluate(order(order_type=OrderType.MARKET), facts()).reason == "BAD_LIMIT_PRICE"


@pytest.mark.parametrize("side", ["bid", "ask"])
@pytest.mark.parametrize("price", [None, float("nan"), float("inf"), 0.0, -1.0])
@pytest.mark.parametrize("order_type", list(OrderType))
def test_one_sided(side: str, price: float | None, order_type: OrderType) -> None:
    assert RULE.evaluate(order(order_type=order_type, **{side: price}), facts()).reason == "NO_QUOTE"

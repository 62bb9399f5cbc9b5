"""Price collar: exact at the boundary, both ways, and never without a two-sided quote."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.order import OrderType, Side
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


@pytest.mark.parametrize(("side", "absent"), [(Side.SELL, "ask"), (Side.BUY, "bid")])
def test_a_reducing_limit_needs_only_the_side_it_meets(side: Side, absent: str) -> None:
    out = {"side": side, "reduce_only": True, absent: None}
    met = Decimal("749.99") if side is Side.SELL else Decimal("750.01")
    assert RULE.evaluate(order(limit_price=met, **out), facts()).allowed
    assert RULE.evaluate(order(limit_price=met * Decimal("1.0201"), **out), facts()).reason == "PRICE_COLLAR"
    other = {"bid": "ask", "ask": "bid"}[absent]
    for changes in ({other: None}, {"reduce_only": False}, {absent: float("nan")}, {absent: 0.0}):
        assert RULE.evaluate(order(limit_price=met, **(out | changes)), facts()).reason == "NO_QUOTE"
    at_the_market = out | {"order_type": OrderType.MARKET, "limit_price": None}
    assert RULE.evaluate(order(**at_the_market), facts()).reason == "NO_QUOTE"

"""Order size: the limit itself passes, one more does not, nor does what is no quantity."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.rules.order_size import OrderSize
from tests.unit.rules.orders import facts, order

RULE = OrderSize(Decimal(1000))


@pytest.mark.parametrize(("quantity", "allowed"), [("1", True), ("999", True), ("1000", True), ("1001", False)])
def test_limit(quantity: str, allowed: bool) -> None:
    verdict = RULE.evaluate(order(quantity=Decimal(quantity)), facts())
    assert (verdict.allowed, verdict.reason) == (allowed, "" if allowed else "ORDER_SIZE")


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity", "-Infinity", "0.5", "999.5"])
def test_no_quantity(quantity: str) -> None:
    verdict = RULE.evaluate(order(quantity=Decimal(quantity)), facts())
    assert (verdict.allowed, verdict.reason) == (False, "BAD_QUANTITY")


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity"])
def test_parameter(value: str) -> None:
    with pytest.raises(InvalidValue, match=r"order_size\.max_quantity"):
        OrderSize(Decimal(value))

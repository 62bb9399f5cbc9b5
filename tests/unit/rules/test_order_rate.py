"""Order rate: the last order the limit has room for passes, the next does not."""

from __future__ import annotations

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.rules.order_rate import OrderRate
from tests.unit.rules.orders import facts, order

RULE = OrderRate(120)


@pytest.mark.parametrize(("recent", "allowed"), [(0, True), (118, True), (119, True), (120, False), (-1, False)])
def test_limit(recent: int, allowed: bool) -> None:
    verdict = RULE.evaluate(order(), facts(recent_orders=recent))
    assert (verdict.allowed, verdict.reason) == (allowed, "" if allowed else "ORDER_RATE")


def test_parameter() -> None:
    with pytest.raises(InvalidValue, match="max_orders_per_minute"):
        OrderRate(0)

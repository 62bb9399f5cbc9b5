"""Slippage: above zero is a cost, whichever the side."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.order import Side
from hedgerow.domain.slippage import slippage


@pytest.mark.parametrize(
    ("side", "price", "cost"),
    [
        (Side.BUY, "100.10", "0.10"),
        (Side.BUY, "99.95", "-0.05"),
        (Side.SELL, "99.90", "0.10"),
        (Side.SELL, "100.05", "-0.05"),
        (Side.SELL, "100", "0"),
    ],
)
def test_against_the_mid(side: Side, price: str, cost: str) -> None:
    assert slippage(side, Decimal(price), 99.9, 100.1) == Decimal(cost)


@pytest.mark.parametrize(("bid", "ask"), [(None, 100.1), (99.9, None), (None, None)])
def test_one_side_has_no_mid(bid: float | None, ask: float | None) -> None:
    assert slippage(Side.BUY, Decimal(100), bid, ask) is None

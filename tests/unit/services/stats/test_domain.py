"""Execution quality: signed, weighted by shares, and silent about what cannot be compared."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.domain.order import Side
from services.stats.domain import DecidedOrder, ExecutionQuality, WorkedFill, execution_quality

MS = 1_000_000


def order(key: str, side: Side, bid: float | None = 99.0, ask: float | None = 101.0, at_ms: int = 0) -> DecidedOrder:
    return DecidedOrder(key, side, bid, ask, at_ms * MS)


def fill(key: str, quantity: int, price: str, at_ms: int = 0, multiplier: int = 1) -> WorkedFill:
    return WorkedFill(key, Decimal(quantity), Decimal(price), multiplier, at_ms * MS)


def test_paying_more_and_receiving_less_are_both_costs() -> None:
    orders = [order("b", Side.BUY), order("s", Side.SELL)]
    quality = execution_quality(orders, [fill("b", 30, "100.50"), fill("s", 10, "99.90"), fill("s", 10, "100.20")])
    # 30 x 0.50 + 10 x 0.10 - 10 x 0.20 = 14, over 50 shares
    assert quality.fills == 3
    assert quality.total_slippage == pytest.approx(14.0)
    assert quality.mean_slippage == pytest.approx(0.28)


def test_the_time_is_to_the_last_fill_of_each_order() -> None:
    orders = [order("a", Side.BUY, at_ms=100), order("b", Side.BUY, at_ms=200), order("c", Side.BUY, at_ms=300)]
    fills = [fill("a", 1, "100", 150), fill("a", 1, "100", 110), fill("b", 1, "100", 210), fill("c", 1, "100", 1300)]
    assert execution_quality(orders, fills).median_fill_ms == 50.0


def test_one_sided_quotes_are_timed_and_not_compared_and_strangers_left_out() -> None:
    orders = [order("a", Side.BUY, bid=None, at_ms=1)]
    assert execution_quality(orders, [fill("a", 5, "100", 3), fill("?", 5, "1")]) == ExecutionQuality(
        0, None, None, 2.0
    )
    assert execution_quality([], []) == ExecutionQuality()


@given(st.lists(st.tuples(st.integers(1, 500), st.decimals("90", "110", places=2)), min_size=1, max_size=20))
def test_a_sale_costs_what_a_purchase_saves(fills: list[tuple[int, Decimal]]) -> None:
    worked = [fill("x", quantity, str(price)) for quantity, price in fills]
    bought = execution_quality([order("x", Side.BUY)], worked)
    sold = execution_quality([order("x", Side.SELL)], worked)
    assert bought.total_slippage is not None
    assert sold.total_slippage == pytest.approx(-bought.total_slippage)
    assert bought.fills == len(fills)

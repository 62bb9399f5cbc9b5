"""Execution quality: signed, weighted by shares, and silent about what cannot be compared."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.domain.execution_quality import (
    DecidedOrder,
    ExecutionQuality,
    FillTimes,
    Slippage,
    WorkedFill,
    execution_quality,
    fill_times,
)
from hedgerow.domain.order import OrderStatus, Side

MS = 1_000_000


def order(key: str, side: Side, bid: float | None = 99.0, ask: float | None = 101.0, at_ms: int = 0) -> DecidedOrder:
    return DecidedOrder(key, side, bid, ask, at_ms * MS)


def fill(key: str, quantity: int, price: str, at_ms: int = 0, multiplier: int = 1) -> WorkedFill:
    return WorkedFill(key, Decimal(quantity), Decimal(price), multiplier, at_ms * MS)


def test_paying_more_and_receiving_less_are_both_costs() -> None:
    orders = [order("b", Side.BUY), order("s", Side.SELL)]
    quality = execution_quality(orders, [fill("b", 30, "100.50"), fill("s", 10, "99.90"), fill("s", 10, "100.20")])
    # 30 x 0.50 + 10 x 0.10 - 10 x 0.20 = 14, over 50 shares
    assert quality.decision.fills == 3
    assert quality.decision.total == pytest.approx(14.0)
    assert quality.decision.mean == pytest.approx(0.28)


def test_the_mid_on_arrival_is_another_measure() -> None:
    orders = [order("b", Side.BUY)._replace(arrival_mid=100.4), order("s", Side.SELL)._replace(arrival_mid=None)]
    quality = execution_quality(orders, [fill("b", 30, "100.50"), fill("s", 10, "99.90")])
    assert (quality.decision.fills, quality.arrival.fills) == (2, 1)
    assert quality.arrival.total == pytest.approx(3.0)
    assert quality.arrival.mean == pytest.approx(0.1)


def test_orders_canceled_denied_and_filled_in_part_are_counted() -> None:
    def ended(key: str, status: OrderStatus) -> DecidedOrder:
        return order(key, Side.BUY)._replace(status=status, quantity=Decimal(10))

    orders = [
        ended("whole", OrderStatus.FILLED), ended("part", OrderStatus.CANCELED), ended("none", OrderStatus.CANCELED),
        ended("denied", OrderStatus.DENIED), ended("open", OrderStatus.WORKING),
    ]  # fmt: skip
    fills = [fill("whole", 4, "100"), fill("whole", 6, "100"), fill("part", 3, "100")]
    quality = execution_quality(orders, fills)
    assert (quality.orders, quality.denied, quality.canceled, quality.filled, quality.partial) == (4, 1, 2, 2, 1)
    assert (quality.cancel_rate, quality.partial_share) == (0.5, 0.5)
    assert (ExecutionQuality().cancel_rate, ExecutionQuality().partial_share) == (None, None)


def test_percentiles_are_values_that_occurred() -> None:
    assert fill_times([float(each) for each in range(200, 0, -1)]) == FillTimes(100.0, 180.0, 198.0)
    assert fill_times([7.0]) == FillTimes(7.0, 7.0, 7.0)
    assert fill_times([]) == FillTimes()


def test_the_time_is_to_the_last_fill_of_each_order() -> None:
    orders = [order("a", Side.BUY, at_ms=100), order("b", Side.BUY, at_ms=200), order("c", Side.BUY, at_ms=300)]
    fills = [fill("a", 1, "100", 150), fill("a", 1, "100", 110), fill("b", 1, "100", 210), fill("c", 1, "100", 1300)]
    assert execution_quality(orders, fills).fill_ms == FillTimes(50.0, 1000.0, 1000.0)


def test_one_sided_quotes_are_timed_and_not_compared_and_strangers_left_out() -> None:
    orders = [order("a", Side.BUY, bid=None, at_ms=1)]
    found = execution_quality(orders, [fill("a", 5, "100", 3), fill("?", 5, "1")])
    assert (found.decision, found.fill_ms.median, found.filled) == (Slippage(), 2.0, 1)
    assert execution_quality([], []) == ExecutionQuality()


@given(st.lists(st.tuples(st.integers(1, 500), st.decimals("90", "110", places=2)), min_size=1, max_size=20))
def test_a_sale_costs_what_a_purchase_saves(fills: list[tuple[int, Decimal]]) -> None:
    worked = [fill("x", quantity, str(price)) for quantity, price in fills]
    bought = execution_quality([order("x", Side.BUY)], worked)
    sold = execution_quality([order("x", Side.SELL)], worked)
    assert bought.decision.total is not None
    assert sold.decision.total == pytest.approx(-bought.decision.total)
    assert bought.decision.fills == len(fills)

"""Commissions against the examples of Interactive Brokers' published schedule for US stock."""

from __future__ import annotations

import pytest

from hedgerow.backtest.commissions import IBKR_FIXED, IBKR_TIERED, NO_COMMISSION, flat, order_commission, shares_cost


@pytest.mark.parametrize(
    ("shares", "price", "expected"),
    [
        (100, 25.0, 1.00),  # 0.50 is below the minimum
        (1_000, 25.0, 5.00),
        (1_000, 0.25, 2.50),  # 5.00 is above one percent of 250
        (10, 0.20, 0.02),  # where the maximum is below the minimum, it is the maximum
    ],
)
def test_fixed(shares: int, price: float, expected: float) -> None:
    assert order_commission(IBKR_FIXED, 0.0, float(shares), shares * price) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("shares", "price", "expected"),
    [(100, 50.0, 0.35), (1_000, 50.0, 3.50), (1_000, 0.25, 2.50), (50, 50.0, 0.35)],
)
def test_tiered(shares: int, price: float, expected: float) -> None:
    assert order_commission(IBKR_TIERED, 0.0, float(shares), shares * price) == pytest.approx(expected, abs=1e-12)


def test_a_tier_is_charged_for_the_shares_that_fall_in_it() -> None:
    assert shares_cost(IBKR_TIERED, 299_000.0, 2_000.0) == pytest.approx(1_000 * 0.0035 + 1_000 * 0.0020)
    assert shares_cost(IBKR_TIERED, 200_000_000.0, 1_000.0) == pytest.approx(0.5)
    whole = 300_000 * 0.0035 + 2_700_000 * 0.0020 + 17_000_000 * 0.0015 + 80_000_000 * 0.0010 + 1_000 * 0.0005
    assert shares_cost(IBKR_TIERED, 0.0, 100_001_000.0) == pytest.approx(whole)


def test_third_party_fees_come_on_top() -> None:
    with_fees = IBKR_TIERED._replace(third_party=0.0032)
    assert order_commission(with_fees, 0.0, 1_000.0, 50_000.0) == pytest.approx(3.50 + 3.20)


def test_an_order_without_a_fill_costs_nothing() -> None:
    for schedule in (IBKR_FIXED, IBKR_TIERED, NO_COMMISSION, flat(0.01)):
        assert order_commission(schedule, 0.0, 0.0, 0.0) == 0.0
    assert order_commission(NO_COMMISSION, 0.0, 500.0, 50_000.0) == 0.0
    assert order_commission(flat(0.01), 0.0, 500.0, 50_000.0) == pytest.approx(5.0)

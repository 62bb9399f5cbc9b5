"""Implied volatility: round trips, and NaN where no volatility gives the price."""

from __future__ import annotations

import math

import pytest

from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.pricing.implied_volatility import implied_volatility


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [60.0, 90.0, 100.0, 110.0, 160.0])
@pytest.mark.parametrize("volatility", [0.05, 0.2, 0.8, 2.5])
def test_round_trip(is_call: bool, strike: float, volatility: float) -> None:
    priced = black_scholes(is_call, 100.0, strike, 0.08, 0.02, 0.01, volatility)
    solved = implied_volatility(is_call, priced.price, 100.0, strike, 0.08, 0.02, 0.01)
    if priced.vega > 1e-6:
        assert solved == pytest.approx(volatility, rel=1e-9, abs=1e-12 / priced.vega * 100)


@pytest.mark.parametrize(
    ("is_call", "price", "years"),
    [
        (True, 9.9, 0.1),  # below intrinsic
        (True, 110.0, 0.1),  # at the upper bound, the stock itself
        (False, 100.1, 0.1),
        (True, math.nan, 0.1),
        (True, 0.0, 0.1),
        (True, -1.0, 0.1),
        (True, 12.0, 0.0),
        (True, math.inf, 0.1),
    ],
)
def test_no_root_is_nan(is_call: bool, price: float, years: float) -> None:
    assert math.isnan(implied_volatility(is_call, price, 110.0, 100.0, years, 0.0, 0.0))


def test_at_the_forward_exactly() -> None:
    price = black_scholes(True, 100.0, 100.0, 1.0, 0.0, 0.0, 0.3).price
    assert implied_volatility(True, price, 100.0, 100.0, 1.0, 0.0, 0.0) == pytest.approx(0.3, rel=1e-12)

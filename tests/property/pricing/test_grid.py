"""Greeks within 1e-8 of py_vollib over a wide grid; the limits beyond it; implied volatility there and back."""

from __future__ import annotations

import math
from itertools import product

import pytest
from py_vollib.black_scholes_merton import black_scholes_merton
from py_vollib.black_scholes_merton.greeks import analytical

from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.pricing.implied_volatility import implied_volatility

SPOT = 100.0
MINUTE, DAY = 1.0 / (365 * 24 * 60), 1.0 / 365
STRIKES = (20.0, 50.0, 80.0, 95.0, 99.0, 99.99, 100.0, 100.01, 101.0, 105.0, 120.0, 200.0, 500.0)
YEARS = (MINUTE, 10 * MINUTE, 0.25 * DAY, DAY, 7 * DAY, 28 * DAY, 0.5, 1.0, 5.0)
VOLATILITIES = (0.01, 0.05, 0.12, 0.3, 0.8, 1.5, 3.0)
CARRY = ((0.02, 0.0), (0.0, 0.0), (-0.01, 0.03), (0.08, 0.05))
GRID = list(product((True, False), STRIKES, YEARS, VOLATILITIES, CARRY))
WITHIN = 1e-8


def test_price_and_greeks_over_the_grid() -> None:
    for is_call, strike, years, volatility, (rate, dividend_yield) in GRID:
        ours = black_scholes(is_call, SPOT, strike, years, rate, dividend_yield, volatility)
        inputs = ("c" if is_call else "p", SPOT, strike, years, rate, volatility, dividend_yield)
        pairs = {
            "price": (ours.price, black_scholes_merton(*inputs)),
            "delta": (ours.delta, analytical.delta(*inputs)),
            "gamma": (ours.gamma, analytical.gamma(*inputs)),
            "vega": (ours.vega / 100.0, analytical.vega(*inputs)),  # py_vollib: per percent
            "theta": (ours.theta / 365.0, analytical.theta(*inputs)),  # per day
            "rho": (ours.rho / 100.0, analytical.rho(*inputs)),
        }
        for name, (mine, oracle) in pairs.items():
            assert abs(mine - oracle) <= WITHIN, (name, mine, oracle, inputs)


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", STRIKES)
def test_greeks_run_into_their_limits(is_call: bool, strike: float) -> None:
    limits = {
        "expiry": (black_scholes(is_call, SPOT, strike, 0.0, 0.0, 0.0, 0.3), (1e-16, 0.3)),
        "no volatility": (black_scholes(is_call, SPOT, strike, 0.1, 0.0, 0.0, 0.0), (0.1, 1e-9)),
    }
    for limit, (years, volatility) in limits.values():
        near = black_scholes(is_call, SPOT, strike, years, 0.0, 0.0, volatility)
        assert near.price == pytest.approx(limit.price, abs=1e-6)
        assert near.delta == pytest.approx(limit.delta, abs=1e-6)
        if strike != SPOT:  # at the strike gamma has no limit
            assert (near.gamma, near.vega, near.theta) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
        assert (limit.gamma, limit.vega, limit.theta, limit.rho) == (0.0, 0.0, 0.0, 0.0)


def test_implied_volatility_there_and_back_or_none() -> None:
    solved_some = none = 0
    for is_call, strike, years, volatility, (rate, dividend_yield) in GRID:
        priced = black_scholes(is_call, SPOT, strike, years, rate, dividend_yield, volatility)
        solved = implied_volatility(is_call, priced.price, SPOT, strike, years, rate, dividend_yield)
        if math.isnan(solved):  # nothing but intrinsic value is left of it
            held, discount = SPOT * math.exp(-dividend_yield * years), strike * math.exp(-rate * years)
            intrinsic = max(held - discount if is_call else discount - held, 0.0)
            assert priced.price - intrinsic <= 1e-12 * SPOT
            none += 1
            continue
        again = black_scholes(is_call, SPOT, strike, years, rate, dividend_yield, solved)
        assert again.price == pytest.approx(priced.price, abs=1e-11 * SPOT)
        if priced.vega > 1e-4:  # else the price does not determine the volatility
            assert solved == pytest.approx(volatility, abs=1e-8)
            assert again.delta == pytest.approx(priced.delta, abs=1e-8)
            solved_some += 1
    assert solved_some > len(GRID) / 3
    assert none > 100


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", STRIKES)
def test_prices_without_a_root_have_none(is_call: bool, strike: float) -> None:
    years, rate, dividend_yield = 0.1, 0.02, 0.01
    held, discount = SPOT * math.exp(-dividend_yield * years), strike * math.exp(-rate * years)
    intrinsic = max(held - discount if is_call else discount - held, 0.0)
    upper = held if is_call else discount
    for price in (
        intrinsic - 1e-12,
        intrinsic * 0.999,
        0.0,
        -1.0,
        upper * (1 + 1e-12),
        upper * 1.01,
        math.nan,
        math.inf,
    ):
        assert math.isnan(implied_volatility(is_call, price, SPOT, strike, years, rate, dividend_yield))
    middle = 0.5 * (intrinsic + upper)
    assert implied_volatility(is_call, middle, SPOT, strike, years, rate, dividend_yield) > 0.0
    assert math.isnan(implied_volatility(is_call, middle, SPOT, strike, 0.0, rate, dividend_yield))
    assert math.isnan(implied_volatility(is_call, middle, math.nan, strike, years, rate, dividend_yield))

"""Prices, greeks and implied volatility against py_vollib, wherever time and volatility are positive."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from py_vollib.black_scholes_merton import black_scholes_merton
from py_vollib.black_scholes_merton.greeks import analytical
from py_vollib.black_scholes_merton.implied_volatility import implied_volatility as oracle_volatility

from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.pricing.implied_volatility import implied_volatility

SPOT = st.floats(5.0, 2000.0)
MONEYNESS = st.floats(0.6, 1.6)
YEARS = st.floats(0.002, 3.0)
RATE = st.floats(-0.02, 0.10)
YIELD = st.floats(0.0, 0.06)
VOLATILITY = st.floats(0.03, 2.0)


@settings(max_examples=300, deadline=None)
@given(st.booleans(), SPOT, MONEYNESS, YEARS, RATE, YIELD, VOLATILITY)
def test_price_and_greeks(
    is_call: bool, spot: float, moneyness: float, years: float, rate: float, q: float, volatility: float
) -> None:
    strike = spot * moneyness
    ours = black_scholes(is_call, spot, strike, years, rate, q, volatility)
    flag = "c" if is_call else "p"
    inputs = (flag, spot, strike, years, rate, volatility, q)
    assert ours.price == pytest.approx(black_scholes_merton(*inputs), abs=1e-9 * spot)
    assert ours.delta == pytest.approx(analytical.delta(*inputs), abs=1e-9)
    assert ours.gamma == pytest.approx(analytical.gamma(*inputs), rel=1e-7, abs=1e-9)
    assert ours.vega == pytest.approx(analytical.vega(*inputs) * 100.0, rel=1e-7, abs=1e-7)
    assert ours.theta == pytest.approx(analytical.theta(*inputs) * 365.0, rel=1e-7, abs=1e-7 * spot)
    assert ours.rho == pytest.approx(analytical.rho(*inputs) * 100.0, rel=1e-7, abs=1e-7 * spot)


@settings(max_examples=300, deadline=None)
@given(st.booleans(), SPOT, MONEYNESS, YEARS, RATE, YIELD, VOLATILITY)
def test_implied_volatility(
    is_call: bool, spot: float, moneyness: float, years: float, rate: float, q: float, volatility: float
) -> None:
    strike = spot * moneyness
    priced = black_scholes(is_call, spot, strike, years, rate, q, volatility)
    assume(priced.vega > 1e-4 * spot)  # else the price does not determine the volatility
    ours = implied_volatility(is_call, priced.price, spot, strike, years, rate, q)
    assert ours == pytest.approx(volatility, abs=1e-8)
    oracle = oracle_volatility(priced.price, spot, strike, years, rate, q, "c" if is_call else "p")
    assert ours == pytest.approx(oracle, abs=1e-8)


@settings(max_examples=300, deadline=None)
@given(st.booleans(), SPOT, MONEYNESS, YEARS, RATE, YIELD, st.floats(0.0, 2.0))
def test_a_solution_always_prices_back(
    is_call: bool, spot: float, moneyness: float, years: float, rate: float, q: float, part: float
) -> None:
    price = part * spot
    solved = implied_volatility(is_call, price, spot, spot * moneyness, years, rate, q)
    if solved == solved:
        again = black_scholes(is_call, spot, spot * moneyness, years, rate, q, solved).price
        assert again == pytest.approx(price, abs=1e-11 * spot)

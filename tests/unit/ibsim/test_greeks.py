"""The model greeks a market-data line carries."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from hedgerow.domain.instrument import parse_instrument_id, stock
from hedgerow.ibsim.contracts import Listing, Universe
from hedgerow.ibsim.greeks import NOT_COMPUTED, model_greeks
from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.tape.sessions import expiry_close_ns

YEAR_NS = 365 * 86_400 * 10**9


@pytest.fixture
def call() -> Listing:
    universe = Universe()
    name = parse_instrument_id("SIMX 20240328 100 C")
    universe.load([stock("SIMX"), name])
    universe.by_id["SIMX"].quote.update(1, 100.99, 101.01, 1, 1, False)
    listing = universe.by_id[name.instrument_id]
    listing.quote.update(1, 3.0, 3.2, 1, 1, False)
    return listing


NOW = expiry_close_ns(dt.date(2024, 3, 28)) - YEAR_NS // 10


def test_the_model_prices_the_mid_and_speaks_ibs_units(call: Listing) -> None:
    greeks = model_greeks(call, NOW, 0.02)
    again = black_scholes(True, 101.0, 100.0, 0.1, 0.02, 0.0, greeks.implied_volatility)
    assert math.isclose(again.price, 3.1, rel_tol=1e-9)
    assert math.isclose(greeks.delta, again.delta)
    assert math.isclose(greeks.vega, again.vega / 100)
    assert math.isclose(greeks.theta, again.theta / 365)
    assert greeks.underlying_price == 101.0


def test_the_volatility_stays_while_only_the_underlying_moves(call: Listing) -> None:
    before = model_greeks(call, NOW, 0.02)
    assert call.underlying is not None
    call.underlying.quote.update(2, 102.0, 102.0, 1, 1, False)
    after = model_greeks(call, NOW, 0.02)
    assert after.implied_volatility == before.implied_volatility
    assert after.delta > before.delta
    call.quote.update(3, 3.0, 3.2, 1, 1, False)
    assert model_greeks(call, NOW, 0.02).implied_volatility < before.implied_volatility


def test_not_computed_where_there_is_no_root(call: Listing) -> None:
    assert call.underlying is not None
    call.quote.update(2, 0.5, 0.6, 1, 1, False)  # below intrinsic value
    assert model_greeks(call, NOW, 0.02) == NOT_COMPUTED
    call.quote.update(3, 3.0, None, 1, 0, False)
    assert model_greeks(call, NOW, 0.02) == NOT_COMPUTED
    call.quote.update(4, 3.0, 3.2, 1, 1, False)
    assert model_greeks(call, NOW + YEAR_NS, 0.02) == NOT_COMPUTED
    assert model_greeks(call.underlying, NOW, 0.02) == NOT_COMPUTED

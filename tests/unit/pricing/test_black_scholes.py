"""Black-Scholes at its limits and against known values."""

from __future__ import annotations

import math

import pytest

from hedgerow.pricing.black_scholes import black_scholes, positive_part
from hedgerow.pricing.normal import norm_cdf, norm_pdf


@pytest.mark.parametrize(("years", "volatility"), [(0.0, 0.3), (-0.1, 0.3), (0.5, 0.0)])
@pytest.mark.parametrize(("spot", "call_delta"), [(99.0, 0.0), (100.0, 0.5), (101.0, 1.0)])
def test_intrinsic_limits(years: float, volatility: float, spot: float, call_delta: float) -> None:
    call = black_scholes(True, spot, 100.0, years, 0.02, 0.0, volatility)
    put = black_scholes(False, spot, 100.0, years, 0.02, 0.0, volatility)
    assert (call.delta, put.delta) == (call_delta, call_delta - 1.0)
    assert (call.price, put.price) == (positive_part(spot - 100.0), positive_part(100.0 - spot))
    assert (call.gamma, call.vega, call.theta, call.rho) == (0.0, 0.0, 0.0, 0.0)


def test_nan_in_nan_out() -> None:
    assert math.isnan(black_scholes(True, math.nan, 100.0, 0.5, 0.02, 0.0, 0.3).delta)
    assert math.isnan(black_scholes(True, math.nan, 100.0, 0.0, 0.02, 0.0, 0.3).delta)
    assert math.isnan(black_scholes(True, 100.0, 100.0, 0.5, 0.02, 0.0, math.nan).price)
    assert math.isnan(black_scholes(True, -1.0, 100.0, 0.5, 0.02, 0.0, 0.3).price)


def test_textbook_value() -> None:
    call = black_scholes(True, 42.0, 40.0, 0.5, 0.1, 0.0, 0.2)  # Hull, chapter 15
    assert call.price == pytest.approx(4.759422, abs=1e-6)
    assert call.delta == pytest.approx(norm_cdf(0.7692626), abs=1e-7)


def test_normal_distribution() -> None:
    assert norm_cdf(0.0) == 0.5
    assert norm_cdf(-38.0) > 0.0
    assert norm_pdf(0.0) == pytest.approx(0.3989422804014327, rel=1e-15)

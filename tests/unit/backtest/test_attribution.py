"""The split of a P&L: each part against a case worked by hand, and the sum."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from hedgerow.backtest.attribution import NS_PER_YEAR, Fills, Marks, Parts, leg_vega, parts_of, pnl_of, summed
from hedgerow.backtest.report import Pnl
from hedgerow.pricing.black_scholes import black_scholes

S = 1_000_000_000
NOTHING = np.empty(0)
NO_FILLS = Fills(*(np.empty(0, dtype=kind) for kind in (np.int64, np.int64, float, float, float, float, float)))


def marks(ts: list[int], spot: list[float], equity: list[float], **columns: list[float]) -> Marks:
    """Marks with one leg; columns left out are zero."""
    n = len(ts)
    given = {name: np.array(columns.get(name, [0.0] * n), dtype=float) for name in
             ("stock", "net_delta", "gamma", "theta", "volatility", "vega")}  # fmt: skip
    given["volatility"], given["vega"] = given["volatility"].reshape(n, 1), given["vega"].reshape(n, 1)
    return Marks(np.array(ts), np.array(spot, dtype=float), np.array(equity, dtype=float), **given)


def fills(*rows: tuple[int, int, float, float, float, float, float]) -> Fills:
    """Rows of ts, side, quantity, price, mid, decision mid, commission."""
    ts, side, *rest = (np.array(column) for column in zip(*rows, strict=True))
    return Fills(ts, side, *(column.astype(float) for column in rest))


def split(parts: Parts) -> Pnl:
    return pnl_of(parts)[0]


def test_theta_is_the_yearly_decay_for_the_time_that_passed() -> None:
    found = split(parts_of(marks([0, NS_PER_YEAR // 365], [100, 100], [0, -4], theta=[-1460, 0]), NO_FILLS))
    assert (found.theta, found.gamma, found.total) == (-4.0, 0.0, -4.0)


def test_vega_is_the_change_of_each_legs_volatility() -> None:
    found = split(parts_of(marks([0, S], [100, 100], [0, 12], volatility=[0.20, 0.23], vega=[400, 0]), NO_FILLS))
    assert (found.vega, found.gamma) == (12.0, 0.0)


def test_an_unknown_volatility_keeps_the_one_before() -> None:
    nan = float("nan")
    held = marks([0, S, 2 * S], [100] * 3, [0, 0, 12], volatility=[0.2, nan, 0.23], vega=[400, 400, 400])
    assert split(parts_of(held, NO_FILLS)).vega == 12.0


def test_where_greeks_are_unknown_a_stretch_goes_on_to_where_they_are_known_again() -> None:
    # The night: options do not quote from the second mark to the third. 50 shares are bought at the second.
    nan, day = float("nan"), NS_PER_YEAR // 365
    held = marks(
        [0, S, day - S, day], [100, 101, 103, 104], [0] * 4, theta=[-365 * 8, nan, nan, 0], gamma=[30, nan, nan, 0],
        stock=[0, 50, 50, 50], net_delta=[10, nan, nan, 0], volatility=[0.2, nan, nan, 0.23], vega=[400, nan, nan, 0],
    )  # fmt: skip
    parts = parts_of(held, NO_FILLS)
    pnl, inside = pnl_of(parts)
    assert (pnl.theta, pnl.vega) == (-8.0, 12.0)
    assert list(parts.theta) == [0.0, 0.0, -8.0]
    assert (inside.curvature, inside.open_delta) == (0.5 * 30 * 4**2, 10 * 4.0 + 50 * 3.0)


def test_what_options_that_quote_no_more_would_have_lost_is_no_part() -> None:
    nan = float("nan")
    held = marks([0, S, NS_PER_YEAR], [100, 100, 101], [0, 0, 5], theta=[-1, nan, nan], stock=[5] * 3,
                 net_delta=[9, nan, nan])  # fmt: skip
    pnl, inside = pnl_of(parts_of(held, NO_FILLS))
    assert (pnl.theta, pnl.gamma, inside.open_delta) == (0.0, 5.0, 5.0)


def test_gamma_is_the_rest_and_the_model_tells_what_it_explains() -> None:
    held = marks([0, S], [100, 102], [0, 61], gamma=[30, 0], net_delta=[1, 0])
    pnl, inside = pnl_of(parts_of(held, NO_FILLS))
    assert pnl.gamma == 61.0
    assert (inside.curvature, inside.open_delta, inside.residual) == (60.0, 2.0, -1.0)


def test_costs_come_from_fills() -> None:
    # Decided at mid 100.00, filled when the mid was 100.02, at 100.05: 2 cents of drift, 3 of spread, 100 shares.
    held = marks([0, S], [100, 100.02], [0, -4.5], stock=[0, 100])
    found = split(parts_of(held, fills((S // 2, 1, 100, 100.05, 100.02, 100.00, 1.5))))
    assert (found.hedging_cost, found.slippage, found.commissions) == (-3.0, -2.0, -1.5)
    assert (found.total, found.gamma) == (-4.5, 2.0)


def test_selling_into_a_falling_market_costs_and_into_a_rising_one_gains() -> None:
    def slip(decided: float) -> float:
        return split(parts_of(marks([0, S], [10, 10], [0, 0]), fills((S, -1, 50, 9.99, 10.0, decided, 0.0)))).slippage

    assert (slip(10.02), slip(9.98)) == (-1.0, 1.0)


def test_what_was_paid_beyond_the_first_mark_belongs_to_the_total() -> None:
    assert split(parts_of(marks([0, S], [100, 100], [-7, -5]), NO_FILLS)).total == -5.0


def test_a_single_mark_has_no_stretch() -> None:
    parts = parts_of(marks([0], [100], [0]), NO_FILLS)
    assert len(parts.ts) == 0
    assert split(parts) == Pnl(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_sums_are_exact_decimals() -> None:
    tenth = Pnl(0.1, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert summed([tenth] * 3).total == 0.3
    assert Decimal(repr(summed([tenth] * 3).gamma)) == Decimal("0.3")


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("years", [0.0, 0.001, 0.08, 2.0])
def test_vega_over_columns_is_the_kernels(is_call: bool, years: float) -> None:
    spot = np.array([60.0, 99.0, 100.0, 101.0, 150.0])
    found = leg_vega(spot, 100.0, np.full(5, years), 0.02, 0.01, np.full(5, 0.3))
    expected = [black_scholes(is_call, float(each), 100.0, years, 0.02, 0.01, 0.3).vega for each in spot]
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)

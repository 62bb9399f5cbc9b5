"""Whatever happened, the parts of a P&L sum to its total, exactly, over any cut into days."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.backtest.attribution import Fills, Marks, parts_of, pnl_of, summed, summed_parts
from hedgerow.backtest.report import GammaParts, Pnl


def run_of(seed: int, n: int, legs: int, count: int) -> tuple[Marks, Fills]:
    """Marks and fills of all magnitudes that keep the sums below a billion dollars; a fifth of some is unknown."""
    draw = np.random.default_rng(seed)

    def amounts(*shape: int, unknown: bool = False) -> np.typing.NDArray[np.float64]:
        values = draw.standard_normal(shape) * 10.0 ** draw.integers(-3, 4, shape)
        return np.where(draw.random(shape) < 0.2, np.nan, values) if unknown else values

    def prices(size: int, unknown: bool = False) -> np.typing.NDArray[np.float64]:
        return np.abs(amounts(size, unknown=unknown)) + 0.01

    ts = np.cumsum(draw.integers(0, 10**15, n))
    marks = Marks(
        ts=ts, spot=prices(n, unknown=True), equity=amounts(n), stock=amounts(n),
        net_delta=amounts(n, unknown=True), gamma=amounts(n, unknown=True), theta=amounts(n, unknown=True),
        volatility=np.abs(amounts(n, legs, unknown=True)), vega=amounts(n, legs, unknown=True),
    )  # fmt: skip
    times = np.sort(draw.integers(0, 12 * 10**15, count))
    return marks, Fills(times, draw.choice((1, -1), count), *(prices(count) for _ in range(5)))


def decimal(amount: float) -> Decimal:
    return Decimal(repr(amount))


def parts_sum(pnl: Pnl) -> Decimal:
    return sum((decimal(getattr(pnl, field.name)) for field in fields(Pnl) if field.name != "total"), Decimal(0))


@given(st.integers(0, 2**63), st.integers(1, 12), st.integers(0, 3), st.integers(0, 6), st.integers(0, 12))
def test_the_parts_sum_to_the_total(seed: int, n: int, legs: int, count: int, cut: int) -> None:
    run = run_of(seed, n, legs, count)
    parts = parts_of(*run)
    whole, inside = pnl_of(parts)
    assert parts_sum(whole) == decimal(whole.total)
    assert sum((decimal(getattr(inside, f.name)) for f in fields(GammaParts)), Decimal(0)) == decimal(whole.gamma)
    days = [pnl_of(parts, slice(0, cut)), pnl_of(parts, slice(cut, None))]
    both = summed([pnl for pnl, _ in days])
    assert parts_sum(both) == decimal(both.total)
    assert decimal(both.gamma) == sum(
        (decimal(getattr(summed_parts([g for _, g in days]), f.name)) for f in fields(GammaParts)), Decimal(0)
    )
    if len(run[0]) > 1:
        assert abs(both.total - float(run[0].equity[-1])) < 1e-5

"""Where a run's profit and loss came from: gamma, theta, vega, hedging cost, slippage, commissions.

Between two marks, theta and vega are the position's model greeks at the first one times what passed; costs come from
the fills; gamma is the rest of the P&L, so the parts always sum to the total. What of gamma the model explains is told
beside it. Definitions with formulas: docs/metric-definitions.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest.report import DECIMALS, GammaParts, Pnl

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

NS_PER_YEAR = 365 * 86_400 * 1_000_000_000
_QUANTUM = Decimal(1).scaleb(-DECIMALS)


@dataclass(frozen=True, eq=False)
class Marks:
    """The position at some moments, in time order, arrays of one length n.

    ts int64 ns; spot USD; equity USD (gained since the start, marked at mid, after commissions); stock and net_delta
    shares; gamma shares per USD; theta USD per year; `volatility` and `vega` (n, legs): implied volatility as a ratio
    and the position's vega, USD per 1.00. NaN where a value is not known.
    """

    ts: Times
    spot: Floats
    equity: Floats
    stock: Floats
    net_delta: Floats
    gamma: Floats
    theta: Floats
    volatility: Floats
    vega: Floats

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, eq=False)
class Fills:
    """Every fill, arrays of one length: ts ns, side +1 / -1, shares, USD per share, mids, commission USD >= 0."""

    ts: Times
    side: NDArray[np.int64]
    quantity: Floats
    price: Floats
    mid: Floats
    decision_mid: Floats
    commission: Floats


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of the P&L per stretch between two marks, USD, costs negative; `ts` is a stretch's end."""

    ts: Times
    total: Floats
    theta: Floats
    vega: Floats
    curvature: Floats
    drift: Floats
    hedging_cost: Floats
    slippage: Floats
    commissions: Floats


def money(amount: float) -> float:
    """An amount rounded to whole millionths of a dollar; never a negative zero."""
    return round(amount, DECIMALS) + 0.0


def leg_vega(spot: Floats, strike: float, years: Floats, rate: float, dividend: float, volatility: Floats) -> Floats:
    """Black-Scholes vega per share and 1.00 of volatility; 0 at or after expiry, NaN where an input is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(years, 0.0))
        d1 = (np.log(spot / strike) + (rate - dividend + 0.5 * volatility**2) * years) / (volatility * root)
        density = np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
        vega = spot * np.exp(-dividend * years) * density * root
    return np.where((years > 0.0) & (volatility > 0.0), vega, np.where(np.isnan(volatility * spot), np.nan, 0.0))


def parts_of(marks: Marks, fills: Fills) -> Parts:
    """The parts per stretch; a fill belongs to the stretch that ends with the first mark not before it.

    Where greeks are not known, as after the close when options do not quote, the stretch goes from the last mark they
    are known at to the next one, and is booked there: that is where the options' price shows what happened since.
    """
    spot = _last_known(marks.spot)
    option_delta = marks.net_delta - marks.stock
    vega = np.zeros(max(len(marks) - 1, 0))
    for slot in range(marks.vega.shape[1]):
        vega += _from_known_to_known(marks.vega[:, slot] + 0.0 * marks.volatility[:, slot], marks.volatility[:, slot])
    stretches = max(len(marks) - 1, 0)
    at = np.clip(np.searchsorted(marks.ts, fills.ts, side="left") - 1, 0, max(stretches - 1, 0))

    def per_stretch(amounts: Floats) -> Floats:
        return np.bincount(at, weights=_known(amounts), minlength=stretches)[:stretches].astype(np.float64)

    total = np.diff(marks.equity)
    if stretches:
        total[0] += marks.equity[0]  # what the first mark differs from the price taken over at
    signed = fills.side * fills.quantity
    return Parts(
        ts=marks.ts[1:],
        total=total,
        theta=_from_known_to_known(marks.theta, marks.ts) / NS_PER_YEAR,
        vega=vega,
        curvature=_from_known_to_known(0.5 * marks.gamma, spot, power=2),
        drift=_from_known_to_known(option_delta, spot) + _known(marks.stock[:-1] * np.diff(spot)),
        hedging_cost=per_stretch(signed * (fills.mid - fills.price)),
        slippage=per_stretch(signed * (fills.decision_mid - fills.mid)),
        commissions=-per_stretch(fills.commission),
    )


def pnl_of(parts: Parts, chosen: slice = slice(None)) -> tuple[Pnl, GammaParts]:
    """The P&L of some stretches; its parts sum to its total, and gamma's parts to gamma, as decimals."""
    total, theta, vega, cost, slip, paid, curvature, drift = (
        Decimal(repr(money(float(column[chosen].sum()))))
        for column in (
            parts.total, parts.theta, parts.vega, parts.hedging_cost, parts.slippage, parts.commissions,
            parts.curvature, parts.drift,
        )
    )  # fmt: skip
    gamma = total - theta - vega - cost - slip - paid
    open_delta = drift - slip  # slippage took the drift between decision and fill already
    residual = gamma - curvature - open_delta
    return (
        Pnl(*(_number(each) for each in (total, gamma, theta, vega, cost, slip, paid))),
        GammaParts(*(_number(each) for each in (curvature, open_delta, residual))),
    )


def summed(pnls: Sequence[Pnl]) -> Pnl:
    """Several P&Ls as one, exactly."""
    names = ("total", "gamma", "theta", "vega", "hedging_cost", "slippage", "commissions")
    return Pnl(**{name: exact_sum(getattr(one, name) for one in pnls) for name in names})


def summed_parts(parts: Sequence[GammaParts]) -> GammaParts:
    """Several splits of gamma as one, exactly."""
    names = ("curvature", "open_delta", "residual")
    return GammaParts(**{name: exact_sum(getattr(one, name) for one in parts) for name in names})


def exact_sum(amounts: object) -> float:
    """The sum of amounts as decimals."""
    return _number(sum((Decimal(repr(each)) for each in amounts), Decimal(0)))  # type: ignore[attr-defined]


def _number(amount: Decimal) -> float:
    return float(amount.quantize(_QUANTUM)) + 0.0


def _known(values: Floats) -> Floats:
    """The same with 0 for what is not known: it is then part of what remains."""
    return np.where(np.isfinite(values), values, 0.0)


def _last_known(values: Floats) -> Floats:
    """The same with each unknown value replaced by the one before it; unknown ones at the start stay so."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return np.asarray(values[last], dtype=np.float64)


def _from_known_to_known(greek: Floats, moves: Floats | Times, power: int = 1) -> Floats:
    """Greek x (change of what moves it) ^ power per stretch, from each mark the greek is known at to the next such."""
    amounts = np.zeros(max(len(greek) - 1, 0))
    known = np.flatnonzero(np.isfinite(greek))
    if len(known) > 1:
        amounts[known[1:] - 1] = _known(greek[known[:-1]] * np.diff(moves[known]) ** power)
    return amounts

"""Figures of a run besides its P&L split: drawdown, returns per minute, execution quality, the thinned-out curve.

Pure functions over columns; docs/metric-definitions.md defines each, and a test holds both together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest.attribution import Floats, Times, money
from hedgerow.backtest.report import Curve, ExecutionQuality, Latency, Returns
from hedgerow.strategy.observation import OrderPhase

NS_PER_MINUTE = 60_000_000_000
NS_PER_MS = 1_000_000
MINUTES_PER_YEAR = 252.0 * 390.0
CURVE_POINTS = 2_000
"""Most points of a curve in the report."""


def together(marks: Sequence[Mapping[str, NDArray[Any]]], columns: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Several strategies' marks as one course: `ts` and, at every mark of any, the sum of each column.

    A strategy counts with its last mark by then, with nothing before its first. One alone is as it was marked.
    """
    if len(marks) == 1:
        return {name: marks[0][name] for name in ("ts", *columns)}
    ts = np.unique(np.concatenate([each["ts"] for each in marks]))
    values = {name: np.zeros(len(ts)) for name in columns}
    for each in marks:
        if len(each["ts"]):
            at = np.searchsorted(each["ts"], ts, side="right") - 1
            for name in columns:
                values[name] += np.where(at >= 0, each[name][np.maximum(at, 0)], 0.0)
    return {"ts": ts, **values}


def max_drawdown(equity: Floats) -> float:
    """The deepest fall of the equity below its highest value before, USD, zero or above."""
    known = equity[np.isfinite(equity)]
    if not len(known):
        return 0.0
    return money(float(np.max(np.maximum.accumulate(known) - known)))


def minute_changes(ts: Times, equity: Floats) -> Floats:
    """Changes of equity between the last marks of consecutive minutes that have one, USD."""
    known = np.isfinite(equity)
    minutes, values = ts[known] // NS_PER_MINUTE, equity[known]
    if len(minutes) < 2:
        return np.empty(0)
    last = np.append(minutes[1:] != minutes[:-1], True)
    return np.diff(values[last])


def returns_of(changes: Floats) -> Returns:
    """Moments of the changes per minute; the deviation is of the sample, skewness and kurtosis of the population."""
    count = len(changes)
    if count < 2:
        return Returns(count, None, None, None, None, None)
    mean = float(changes.mean())
    centred = changes - mean
    squares = float((centred**2).mean())
    deviation = math.sqrt(squares * count / (count - 1))
    if not squares > 0.0:
        return Returns(count, rounded(mean), 0.0, None, None, None)
    return Returns(
        count,
        rounded(mean),
        rounded(deviation),
        rounded(float((centred**3).mean()) / squares**1.5),
        rounded(float((centred**4).mean()) / (squares * squares)),
        rounded(mean / deviation * math.sqrt(MINUTES_PER_YEAR)),
    )


def rounded(value: float) -> float | None:
    """Nine significant digits: what another order of summing leaves as it is; None where it is not finite."""
    return float(f"{value:.9g}") + 0.0 if math.isfinite(value) else None


def latency_of(milliseconds: Floats) -> Latency:
    """Median, 90th, 99th percentile (nearest rank) and the longest."""
    if not len(milliseconds):
        return Latency(None, None, None, None)
    ordered = np.sort(milliseconds)
    ranks = [max(0, math.ceil(share * len(ordered)) - 1) for share in (0.5, 0.9, 0.99, 1.0)]
    return Latency(*(rounded(float(ordered[rank])) for rank in ranks))


def execution_of(
    submit: Times, last_fill: Times, side: NDArray[np.int64], quantity: Floats, filled: Floats, average: Floats,
    decision_mid: Floats, arrival_mid: Floats, status: NDArray[np.int64],
) -> ExecutionQuality:  # fmt: skip
    """Execution quality over orders, one value per order in each column; times ns, 0 for never."""
    any_fill = filled > 0.0
    to_market = int(np.count_nonzero(status != OrderPhase.DENIED))
    canceled = int(np.count_nonzero(status == OrderPhase.CANCELED))
    partial = any_fill & (filled < quantity)
    decided = _slippage(side, filled, average, decision_mid)
    arrived = _slippage(side, filled, average, arrival_mid)
    filled_count = int(np.count_nonzero(any_fill))
    return ExecutionQuality(
        orders=len(submit),
        filled=filled_count,
        partial=int(np.count_nonzero(partial)),
        canceled=canceled,
        denied=len(submit) - to_market,
        shares=float(filled.sum()),
        cancel_rate=rounded(canceled / to_market) if to_market else None,
        partial_share=rounded(int(np.count_nonzero(partial)) / filled_count) if filled_count else None,
        decision_slippage_per_share=decided[0],
        decision_slippage_usd=decided[1],
        arrival_slippage_per_share=arrived[0],
        arrival_slippage_usd=arrived[1],
        fill_ms=latency_of((last_fill[any_fill] - submit[any_fill]) / NS_PER_MS),
    )


def _slippage(
    side: NDArray[np.int64], filled: Floats, average: Floats, mid: Floats
) -> tuple[float | None, float | None]:
    """Per share and in USD against `mid`, above zero a cost; orders without fill or mid are left out."""
    use = (filled > 0.0) & np.isfinite(mid) & np.isfinite(average)
    shares = float(filled[use].sum())
    if not shares > 0.0:
        return None, None
    cost = float(((average[use] - mid[use]) * side[use] * filled[use]).sum())
    return rounded(cost / shares), money(cost)


def curve_of(ts: Times, equity: Floats, spot: Floats, net_delta: Floats, stock: Floats) -> Curve:
    """Every k-th mark and the last, k the smallest that leaves at most CURVE_POINTS."""
    count = len(ts)
    step = max(1, math.ceil(count / CURVE_POINTS))
    kept = np.unique(np.append(np.arange(0, count, step), count - 1)) if count else np.empty(0, dtype=np.int64)
    if len(kept) > CURVE_POINTS:
        kept = np.delete(kept, -2)
    return Curve(
        points_before=count,
        ts=tuple(int(each) for each in ts[kept]),
        equity=tuple(money(float(each)) for each in equity[kept]),
        spot=tuple(_shown(spot[kept], DECIMALS_OF_PRICES)),
        net_delta=tuple(_shown(net_delta[kept], DECIMALS_OF_SHARES)),
        stock=tuple(float(each) for each in stock[kept]),
    )


DECIMALS_OF_PRICES = 6
DECIMALS_OF_SHARES = 4


def _shown(values: Floats, decimals: int) -> Sequence[float | None]:
    return [round(float(each), decimals) + 0.0 if math.isfinite(each) else None for each in values]

"""What a backtest leaves behind: its columns, their types, and the totals beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hedgerow.strategy.codes import GATE_COUNT
from hedgerow.strategy.observation import MAX_LEGS

Columns = dict[str, NDArray[Any]]

DECISIONS = np.dtype(
    [
        ("sequence", np.int64),
        ("now", np.int64),
        ("quote_time", np.int64),
        ("spot", np.float64),
        ("spread_pct", np.float64),
        ("net_delta", np.float64),
        ("option_delta", np.float64),
        ("gamma", np.float64),
        ("vega", np.float64),
        ("theta", np.float64),
        ("target_shares", np.float64),
        ("quantity", np.float64),
        ("limit_price", np.float64),
        ("daily_pnl", np.float64),
        ("stock_quantity", np.float64),
        ("verdicts", np.int64),
        ("cause", np.int8),
        ("option_state", np.int8),
        ("delta_state", np.int8),
        ("market_state", np.int8),
        ("liquidity_state", np.int8),
        ("execution_state", np.int8),
        ("system_state", np.int8),
        ("trading_fsm", np.int8),
        ("hedge_fsm", np.int8),
        ("block_reason", np.int8),
        ("safe_cause", np.int8),
        ("action", np.int8),
        ("side", np.int8),
    ]
)
"""One row per evaluation. `verdicts` holds two bits per Gate, a Verdict each (see `verdict_of`); `action`, `side`,
`quantity` and `limit_price` are the intent's; `stock_quantity` is before it."""

ORDERS = np.dtype(
    [
        ("number", np.int64),
        ("submit_ts", np.int64),
        ("arrive_ts", np.int64),
        ("first_fill_ts", np.int64),
        ("last_fill_ts", np.int64),
        ("end_ts", np.int64),
        ("side", np.int8),
        ("reduce_only", np.int8),
        ("status", np.int8),
        ("reason", np.int64),
        ("quantity", np.float64),
        ("limit_price", np.float64),
        ("decision_mid", np.float64),
        ("arrival_mid", np.float64),
        ("filled_quantity", np.float64),
        ("average_price", np.float64),
        ("commission", np.float64),
    ]
)
"""One row per order. Times are 0 until they happen; `status` is an OrderPhase; mids are the underlying's when the order
was decided and when it reached the market (NaN without a two-sided quote); `average_price` is NaN without a fill."""

FILLS = np.dtype(
    [
        ("ts", np.int64),
        ("order", np.int64),
        ("side", np.int8),
        ("quantity", np.float64),
        ("price", np.float64),
        ("mid", np.float64),
        ("commission", np.float64),
    ]
)
"""One row per fill; `order` is the order's number, `mid` the underlying's at the fill."""

MARKS = np.dtype(
    [
        ("ts", np.int64),
        ("spot", np.float64),
        ("stock_quantity", np.float64),
        ("cash", np.float64),
        ("commissions", np.float64),
        ("option_value", np.float64),
        ("option_cash", np.float64),
        ("pnl", np.float64),
        ("net_delta", np.float64),
        ("gamma", np.float64),
        ("vega", np.float64),
        ("theta", np.float64),
        ("implied_volatility", np.float64, (MAX_LEGS,)),
    ]
)
"""The position marked at mid: one row per minute of a session, per order event, where a leg
begins or ends, and at the end.

`cash` is what shares were bought and sold for, without commissions; `option_value` the legs' marks; `option_cash`
minus what the legs were taken over at, plus what they were given up for. All USD: `pnl` is cash + stock_quantity x
spot + option_cash + option_value - commissions. Greeks are position totals as in the decision: shares, shares per
USD, USD per 1.00 of volatility, USD per year.
"""


def verdict_of(verdicts: NDArray[np.int64], gate: int) -> NDArray[np.int8]:
    """The Verdict of one Gate out of the decisions' `verdicts` column."""
    if not 0 <= gate < GATE_COUNT:
        raise IndexError(f"gate {gate}: there are {GATE_COUNT}")
    return ((verdicts >> (2 * gate)) & 3).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Counts:
    """How often what happened."""

    ticks: int
    evaluations: int
    orders: int
    fills: int
    cancels: int
    denied: int


@dataclass(frozen=True, eq=False)
class Result:
    """One run's outcome; columns by name as in DECISIONS (empty when not recorded), ORDERS, FILLS and MARKS.

    `reasons` are evaluations by the name of their BlockReason, recorded or not. `pnl` is USD, marked at the last mid,
    after `commissions`; `stock_quantity` signed shares at the end. `code_version` is the kernel's, `engine_version`
    the loop's; `state` is the strategy's last state.
    """

    counts: Counts
    decisions: Columns
    orders: Columns
    fills: Columns
    marks: Columns
    reasons: dict[str, int]
    pnl: float
    commissions: float
    stock_quantity: float
    code_version: str
    engine_version: str
    state: Any


def as_columns(rows: NDArray[Any]) -> Columns:
    """Structured rows as one array per column: views, nothing is copied."""
    names = rows.dtype.names
    assert names is not None
    return {name: rows[name] for name in names}

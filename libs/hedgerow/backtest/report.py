"""The report of a backtest as one document: what it holds, and its bytes.

Every figure is defined in docs/metric-definitions.md. Amounts are USD, rounded to a millionth so that the parts of a
P&L sum to its total as decimals; times are ns UTC of market time; a figure without a value is null. Nothing in it
depends on the clock or the machine's folders: the same spec and run id give the same bytes.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from hedgerow.backtest.timeline import Timeline

VERSION = 1
DECIMALS = 6
"""Amounts are whole millionths of a dollar, which a float holds exactly up to some billions."""


@dataclass(frozen=True, slots=True)
class Pnl:
    """Profit and loss and the parts that sum to it, USD; costs are negative."""

    total: float
    gamma: float
    theta: float
    vega: float
    hedging_cost: float
    slippage: float
    commissions: float


@dataclass(frozen=True, slots=True)
class GammaParts:
    """What `pnl.gamma` is made of, USD: curvature by the model, the net delta left open, and what neither explains."""

    curvature: float
    open_delta: float
    residual: float


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How often one gate passed, failed, or was not asked."""

    passed: int
    failed: int
    not_evaluated: int


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many orders one risk rule allowed and denied."""

    allowed: int
    denied: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of market time from decision to an order's last fill; null without fills."""

    median: float | None
    p90: float | None
    p99: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class ExecutionQuality:
    """How orders were executed; slippage above zero is a cost, per share and in USD."""

    orders: int
    filled: int
    partial: int
    canceled: int
    denied: int
    shares: float
    cancel_rate: float | None
    partial_share: float | None
    decision_slippage_per_share: float | None
    decision_slippage_usd: float | None
    arrival_slippage_per_share: float | None
    arrival_slippage_usd: float | None
    fill_ms: Latency


@dataclass(frozen=True, slots=True)
class Returns:
    """The distribution of P&L per minute of session, USD; `sharpe` is annualised, null where nothing varies."""

    minutes: int
    mean: float | None
    deviation: float | None
    skewness: float | None
    kurtosis: float | None
    sharpe: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The course of a run, columns of one length; `points_before` is how many there were before thinning out."""

    points_before: int
    ts: tuple[int, ...]
    equity: tuple[float, ...]
    spot: tuple[float | None, ...]
    net_delta: tuple[float | None, ...]
    stock: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order: when it was decided, reached the market and last filled (0 never), and what came of it."""

    number: int
    decided: int
    arrived: int
    last_fill: int
    side: str
    quantity: float
    limit_price: float
    decision_mid: float | None
    arrival_mid: float | None
    filled: float
    average_price: float | None
    commission: float
    status: str


@dataclass(frozen=True, slots=True)
class DayReport:
    """One session of one strategy."""

    date: str
    ticks: int
    hedges: int
    fills: int
    blocks: int
    pnl: Pnl
    max_drawdown: float


@dataclass(frozen=True, slots=True)
class StrategyReport:
    """One strategy over all its days.

    `gates` are its configuration whole, `config_hash` the hash the live strategy carries for it; `legs` are the option
    positions it held. `orders` are its first orders, `orders_omitted` how many more there were.
    """

    name: str
    kind: str
    symbol: str
    config_hash: str
    tape_hash: str
    gates: dict[str, Any]
    effective_limits: dict[str, float]
    legs: tuple[dict[str, Any], ...]
    ticks: int
    evaluations: int
    hedges: int
    fills: int
    shares: float
    blocks: int
    block_reasons: dict[str, int]
    idle_reasons: dict[str, int]
    guards: dict[str, Verdicts]
    rules: dict[str, RuleCount]
    pnl: Pnl
    gamma_parts: GammaParts
    max_drawdown: float
    returns: Returns
    execution: ExecutionQuality
    days: tuple[DayReport, ...]
    equity: Curve
    orders: tuple[OrderRow, ...]
    orders_omitted: int
    timeline: Timeline | None = None


@dataclass(frozen=True, slots=True)
class TapeReport:
    """One tape that was run: its hash is over its rows and what they mean, not over the file."""

    symbol: str
    date: str
    source: str
    rows: int
    tape_hash: str
    bad_data: dict[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run: the figures over all strategies first, then each of them."""

    version: int
    run_id: str
    config_hash: str
    tape_hash: str
    code_version: str
    ticks: int
    evaluations: int
    hedges: int
    fills: int
    shares: float
    blocks: int
    block_reasons: dict[str, int]
    guards: dict[str, Verdicts]
    rules: dict[str, RuleCount]
    rule_set_hash: str
    pnl: Pnl
    max_drawdown: float
    returns: Returns
    execution: ExecutionQuality
    gates: dict[str, Any]
    spec: dict[str, Any]
    tapes: tuple[TapeReport, ...]
    days: tuple[DayReport, ...]
    equity: Curve
    strategies: tuple[StrategyReport, ...]
    engine_version: str = ""


def document(report: Report) -> dict[str, Any]:
    """The report as JSON-ready values; what is not finite is None."""
    cleaned: dict[str, Any] = _finite(asdict(report))
    return cleaned


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_bytes(content: dict[str, Any]) -> bytes:
    """A report's document as the bytes of its file: keys sorted, numbers as they are."""
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()

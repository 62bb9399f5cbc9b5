"""Backtest runs as figures: what a report comes to, two of them side by side, and which is best by a metric."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from hedgerow.domain.errors import InvalidValue


class RunState(StrEnum):
    """What became of a run."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class DifferenceKind(StrEnum):
    """What a difference is in."""

    CONFIG = "CONFIG"
    DATA = "DATA"
    CODE = "CODE"
    RESULT = "RESULT"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one strategy, or all of a run together, came to; USD, None where there is nothing to measure.

    `pnl` holds the total and its parts by name, `max_drawdown` is at least 0.
    """

    hedges: int
    fills: int
    blocks: int
    pnl: Mapping[str, float]
    max_drawdown: float | None
    sharpe: float | None
    slippage_per_share: float | None
    cancel_rate: float | None


@dataclass(frozen=True, slots=True)
class StrategyFigures:
    """One strategy of a run."""

    strategy: str
    kind: str
    symbol: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `figures` None without a report. Times are wall ns, 0 = not."""

    run_id: str
    state: RunState
    created_ns: int
    ended_ns: int = 0
    error: str = ""
    config_hash: str = ""
    tape_hash: str = ""
    code_version: str = ""
    ticks: int = 0
    figures: Figures | None = None
    strategies: tuple[StrategyFigures, ...] = ()


class Difference(NamedTuple):
    """One value on both sides as JSON text, empty where a side has none."""

    kind: DifferenceKind
    key: str
    value_a: str
    value_b: str


RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
PNL_PARTS = ("total", "gamma", "theta", "vega", "hedging_cost", "slippage", "commissions")


def check_run_id(text: str, key: str = "run_id") -> str:
    """A run's name as its folder is called; raises InvalidValue."""
    if not RUN_ID.fullmatch(text):
        rule = "letters, digits, dot, dash and underscore, 1 to 100, a letter or digit first"
        raise InvalidValue(key, text, rule, "for example aig-2013")
    return text


def run_of(report: Mapping[str, Any], created_ns: int) -> Run:
    """The run a report's document tells of; raises InvalidValue where it is no report."""
    try:
        return Run(
            report["run_id"],
            RunState.DONE,
            created_ns,
            created_ns,
            "",
            report["config_hash"],
            report["tape_hash"],
            report["code_version"],
            report["ticks"],
            _figures(report),
            tuple(
                StrategyFigures(each["name"], each["kind"], each["symbol"], _figures(each))
                for each in report["strategies"]
            ),
        )
    except (KeyError, TypeError) as error:
        raise InvalidValue("report", str(error), "a JSON report of `hedgerow backtest`", "run it again") from error


def _figures(part: Mapping[str, Any]) -> Figures:
    quality = part["execution"]
    return Figures(
        part["hedges"], part["fills"], part["blocks"], {name: part["pnl"][name] for name in PNL_PARTS},
        part["max_drawdown"], part["returns"]["sharpe"], quality["decision_slippage_per_share"],
        quality["cancel_rate"],
    )  # fmt: skip


class Metric(NamedTuple):
    """Something runs and strategies are ranked by; `better` is 1 where more is better, -1 where less is."""

    better: int
    of: Callable[[Figures], float | None]


METRICS: dict[str, Metric] = {
    "pnl": Metric(1, lambda figures: figures.pnl["total"]),
    "pnl_per_hedge": Metric(1, lambda figures: figures.pnl["total"] / figures.hedges if figures.hedges else None),
    "sharpe": Metric(1, lambda figures: figures.sharpe),
    "max_drawdown": Metric(-1, lambda figures: figures.max_drawdown),
    "slippage_per_share": Metric(-1, lambda figures: figures.slippage_per_share),
    "cancel_rate": Metric(-1, lambda figures: figures.cancel_rate),
    "hedges": Metric(1, lambda figures: float(figures.hedges)),
}


def metric_of(key: str, name: str) -> Metric:
    """The metric of that name; raises InvalidValue naming those there are."""
    if name not in METRICS:
        raise InvalidValue(key, name, f"one of {', '.join(METRICS)}")
    return METRICS[name]


def rank(metric: Metric, figures: Figures | None) -> tuple[bool, float]:
    """Sorts the best first, what cannot be measured last."""
    value = metric.of(figures) if figures is not None else None
    return (value is None, 0.0 if value is None else -metric.better * value)


_RESULTS = (
    "ticks", "evaluations", "hedges", "fills", "shares", "blocks", "block_reasons", "pnl", "max_drawdown", "returns",
    "execution",
)  # fmt: skip
_ORDER = list(DifferenceKind)


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Difference]:
    """Every key that differs between two reports' documents: configuration first, then data, code and results.

    Strategies are told apart by name, whatever their order.
    """
    left, right = dict(_facts(a)), dict(_facts(b))
    keys = [*left, *(key for key in right if key not in left)]
    found = [Difference(*key, left.get(key, ""), right.get(key, "")) for key in keys if left.get(key) != right.get(key)]
    return sorted(found, key=lambda each: _ORDER.index(each.kind))


def _facts(report: Mapping[str, Any]) -> Iterator[tuple[tuple[DifferenceKind, str], str]]:
    spec = dict(report["spec"])
    spec["strategies"] = {each["name"]: each for each in spec.get("strategies", ())}
    for key, value in _flat(spec, ""):
        yield (DifferenceKind.CONFIG, key), value
    yield (DifferenceKind.DATA, "tape_hash"), json.dumps(report["tape_hash"])
    for tape in report["tapes"]:
        yield (DifferenceKind.DATA, f"{tape['symbol']} {tape['date']}"), json.dumps(tape["tape_hash"])
    for key in ("code_version", "engine_version"):
        yield (DifferenceKind.CODE, key), json.dumps(report.get(key))
    for part, prefix in [(report, ""), *((each, f"{each['name']}.") for each in report["strategies"])]:
        for key, value in _flat({name: part[name] for name in _RESULTS if name in part}, prefix):
            yield (DifferenceKind.RESULT, key), value


def _flat(value: Any, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _flat(each, f"{prefix}{name}." if isinstance(each, Mapping) and each else f"{prefix}{name}")
    elif not isinstance(value, Mapping):
        yield prefix, json.dumps(value, sort_keys=True)

"""Runs as figures: read from a report, ranked by a metric, laid side by side."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from hedgerow.domain.backtest_run import METRICS, DifferenceKind, differences, metric_of, rank, run_of
from hedgerow.domain.errors import InvalidValue


def part(total: float = 10.0, hedges: int = 4, **more: Any) -> dict[str, Any]:
    pnl = dict.fromkeys(("gamma", "theta", "vega", "hedging_cost", "slippage", "commissions"), 0.0)
    figures = {
        "ticks": 100, "evaluations": 90, "hedges": hedges, "fills": 5, "shares": 300.0, "blocks": 7,
        "block_reasons": {"COOLDOWN": 7}, "pnl": {"total": total, **pnl}, "max_drawdown": 3.0,
        "returns": {"sharpe": None}, "execution": {"decision_slippage_per_share": 0.01, "cancel_rate": 0.25},
    }  # fmt: skip
    return figures | more


def report(total: float = 10.0, **more: Any) -> dict[str, Any]:
    entry = {"name": "goog", "gates": {"cooldown_s": 60}}
    return part(
        total,
        run_id="r", config_hash="c", tape_hash="t", code_version="v",
        spec={"seed": 1, "strategies": [entry, {"name": "twx", "gates": {}}]},
        tapes=[{"symbol": "GOOG", "date": "2015-12-24", "tape_hash": "t"}],
        strategies=[part(total, name="goog", kind="gamma_scalper", symbol="GOOG")],
    ) | more  # fmt: skip


def test_a_report_becomes_a_run() -> None:
    run = run_of(report(), 7)
    assert (run.run_id, run.created_ns, run.ticks, run.config_hash) == ("r", 7, 100, "c")
    assert run.figures is not None
    assert (run.figures.pnl["total"], run.figures.cancel_rate, run.figures.sharpe) == (10.0, 0.25, None)
    assert [each.strategy for each in run.strategies] == ["goog"]
    for broken in ({}, {**report(), "pnl": {}}, {**report(), "strategies": None}):
        with pytest.raises(InvalidValue, match="a JSON report"):
            run_of(broken, 0)


def test_less_is_better_where_it_is_a_cost_and_what_cannot_be_measured_is_last() -> None:
    runs = {name: run_of(part_of, 0).figures for name, part_of in {
        "calm": report(5.0, max_drawdown=1.0), "wild": report(50.0, max_drawdown=40.0), "idle": report(0.0, hedges=0),
    }.items()}  # fmt: skip

    def best(metric: str) -> list[str]:
        return sorted(runs, key=lambda name: rank(METRICS[metric], runs[name]))

    assert best("pnl") == ["wild", "calm", "idle"]
    assert best("max_drawdown") == ["calm", "idle", "wild"]
    assert best("pnl_per_hedge") == ["wild", "calm", "idle"]
    assert rank(METRICS["pnl"], None) > rank(METRICS["pnl"], runs["idle"])
    with pytest.raises(InvalidValue, match="pnl_per_hedge"):
        metric_of("--by", "luck")


def test_every_difference_is_named_configuration_first() -> None:
    a, b = report(), report(12.5)
    assert differences(a, copy.deepcopy(a)) == []
    b["spec"] = {"strategies": list(reversed(copy.deepcopy(a["spec"]["strategies"]))), "latency": 5}
    b["spec"]["strategies"][1]["gates"]["cooldown_s"] = 30
    b["tapes"][0]["tape_hash"] = b["tape_hash"] = "u"
    b["code_version"] = "w"
    b["block_reasons"] = {}
    found = [(each.kind, each.key, each.value_a, each.value_b) for each in differences(a, b)]
    assert found == [
        (DifferenceKind.CONFIG, "seed", "1", ""),
        (DifferenceKind.CONFIG, "strategies.goog.gates.cooldown_s", "60", "30"),
        (DifferenceKind.CONFIG, "latency", "", "5"),
        (DifferenceKind.DATA, "tape_hash", '"t"', '"u"'),
        (DifferenceKind.DATA, "GOOG 2015-12-24", '"t"', '"u"'),
        (DifferenceKind.CODE, "code_version", '"v"', '"w"'),
        (DifferenceKind.RESULT, "block_reasons.COOLDOWN", "7", ""),
        (DifferenceKind.RESULT, "pnl.total", "10.0", "12.5"),
        (DifferenceKind.RESULT, "goog.pnl.total", "10.0", "12.5"),
    ]

"""Made-up outcomes of sweeps, and a sweep small enough to run."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from hedgerow.backtest.spec import Spec, make_spec
from hedgerow.backtest.sweep.moments import moments_of
from hedgerow.backtest.sweep.parameters import combinations, parse_parameter
from hedgerow.backtest.sweep.plan import Plan, plan_of
from hedgerow.backtest.sweep.rows import DayRow, Header, Row

DAYS = tuple(f"2024-01-{day:02}" for day in (16, 17, 18, 19))
HEADER = Header("tapes", "code", DAYS, 1_000)
PARAMS = ("gates.state.delta.hedge_threshold=20,40", "gates.intent.hedge.cooldown_seconds=0,60")
TREE: dict[str, Any] = {
    "scenario": {"name": "trend", "days": 2, "interval_ms": 60_000},
    "position": {"kind": "synthetic_straddle", "contracts": 20},
    "strategies": [
        {"name": "scalper", "kind": "gamma_scalper", "account": "SIM0000001", "underlying": {"symbol": "SIMX"},
         "adopt": "matching", "gates": {"intent": {"hedge": {"min_price_move_pct": 0.01}}}},
    ],
}  # fmt: skip


def spec_of(*sets: str) -> Spec:
    """Two days of a trend, a quote a minute."""
    return make_spec(deepcopy(TREE), sets)


def plan(params: tuple[str, ...] = PARAMS, spec: Spec | None = None) -> Plan:
    """A plan over those parameters, run uncompiled."""
    parameters = [parse_parameter(text) for text in params]
    return plan_of(spec or spec_of(), tuple(each.key for each in parameters), combinations(parameters), "plain")


def row(number: int, changes: list[list[float]], **more: Any) -> Row:
    """A row whose days had these changes of P&L per minute."""
    days = tuple(
        DayRow(name, sum(day), 1, moments_of(np.array(day, dtype=np.float64)))
        for name, day in zip(DAYS, changes, strict=True)
    )
    told = {
        "config_hash": "config", "tape_hash": "tapes", "code_version": "code", "ticks": 1_000, "evaluations": 1_000,
        "orders": 4, "hedges": 4, "fills": 5, "denied": 0, "blocks": 7, "block_reasons": {"COOLDOWN": 7},
        "pnl": sum(day.pnl for day in days), "commissions": 4.0, "max_drawdown": 12.5,
    }  # fmt: skip
    return Row(number=number, days=days, **{**told, **more})

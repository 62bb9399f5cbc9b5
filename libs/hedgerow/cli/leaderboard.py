"""Every strategy of every backtest run and recorded session, best first."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from hedgerow import state_dir
from hedgerow.domain.backtest_run import Figures, StrategyFigures, metric_of, rank
from hedgerow.domain.period import Period
from hedgerow.state_dir import StateDir
from hedgerow.store.backtest_runs import read_runs
from hedgerow.store.location import location_of, status_location_of
from hedgerow.store.quality import quality
from hedgerow.store.statistics import hedge_statistics


class Source(StrEnum):
    """Where rows come from."""

    ALL = "all"
    BACKTEST = "backtest"
    SESSION = "session"


def leaderboard_rows(root: Path, by: str, source: Source = Source.ALL) -> list[dict[str, Any]]:
    """One row per strategy and run, best first by the metric; raises InvalidValue for an unknown one."""
    metric = metric_of("--by", by)
    found = []
    if source is not Source.SESSION:
        found += [("backtest", run.run_id, each) for run in read_runs(root) for each in run.strategies]
    if source is not Source.BACKTEST:
        for state in state_dir.recorded():
            found += [("session", state.root.name, each) for each in _of_session(state)]
    found.sort(key=lambda each: rank(metric, each[2].figures))
    return [
        {
            "rank": place,
            "source": where,
            "run": run,
            "strategy": each.strategy,
            "kind": each.kind,
            "symbol": each.symbol,
            "value": metric.of(each.figures),
            "pnl": each.figures.pnl["total"],
            "hedges": each.figures.hedges,
            "max_drawdown": each.figures.max_drawdown,
            "sharpe": each.figures.sharpe,
            "slippage_per_share": each.figures.slippage_per_share,
            "cancel_rate": each.figures.cancel_rate,
        }
        for place, (where, run, each) in enumerate(found, 1)
    ]


def _of_session(state: StateDir) -> Iterator[StrategyFigures]:
    """What each strategy of a session came to; a session has no curve of its equity, so no drawdown and no ratio."""
    place = location_of(state)
    rows = hedge_statistics(place, period=Period.MONTH, history=status_location_of(state))
    for strategy in sorted({row["strategy"] for row in rows}):
        own = [row for row in rows if row["strategy"] == strategy]
        told = [row["daily_pnl"] for row in own if row["daily_pnl"] is not None]
        total = sum(told) if told else float(sum(row["net_pnl"] for row in own))
        executed = quality(place, strategy)
        yield StrategyFigures(
            strategy, "", "",
            Figures(
                sum(row["hedges"] for row in own), sum(row["fills"] for row in own), 0, {"total": total}, None, None,
                executed.decision.mean, executed.cancel_rate,
            ),
        )  # fmt: skip

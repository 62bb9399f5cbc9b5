"""Backtest runs as tables: a list, two side by side, the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hedgerow.cli.demo_view import number
from hedgerow.cli.output import console, print_table, wall_text
from hedgerow.domain.backtest_run import PNL_PARTS, Difference, DifferenceKind, Run

_TITLES = {
    DifferenceKind.CONFIG: "configuration",
    DifferenceKind.DATA: "market data",
    DifferenceKind.CODE: "code",
    DifferenceKind.RESULT: "results",
}


def print_runs(runs: Sequence[Run]) -> None:
    """Prints a list of runs."""
    print_table(
        "backtest runs", ["run", "written", "state", "strategies", "P&L", "drawdown", "sharpe", "hedges", "config"],
        [(run.run_id, wall_text(run.created_ns)[:16], run.state.value.lower() + (f": {run.error}" if run.error else ""),
          ", ".join(each.strategy for each in run.strategies), *_figures(run), run.config_hash[:8]) for run in runs],
    )  # fmt: skip


def _figures(run: Run) -> tuple[object, ...]:
    figures = run.figures
    if figures is None:
        return (None, None, None, None)
    return (number(figures.pnl["total"]), number(figures.max_drawdown), number(figures.sharpe), figures.hedges)


def print_comparison(a: Run, b: Run, found: Sequence[Difference]) -> None:
    """Prints both runs' figures, then every difference."""
    rows: list[tuple[object, ...]] = [("ticks", f"{a.ticks:,}", f"{b.ticks:,}", f"{b.ticks - a.ticks:+,}")]
    assert a.figures is not None
    assert b.figures is not None
    for name in PNL_PARTS:
        rows.append((f"pnl {name}".replace("_", " "), *_pair(a.figures.pnl[name], b.figures.pnl[name])))
    for name in ("max_drawdown", "sharpe", "hedges", "fills", "blocks", "slippage_per_share", "cancel_rate"):
        rows.append((name.replace("_", " "), *_pair(getattr(a.figures, name), getattr(b.figures, name))))
    print_table("", ["", a.run_id, b.run_id, "change"], rows)
    for kind, title in _TITLES.items():
        of_kind = [each for each in found if each.kind is kind]
        if of_kind:
            print_table(title, ["key", a.run_id, b.run_id],
                        [(each.key, each.value_a or "-", each.value_b or "-") for each in of_kind])  # fmt: skip
        else:
            console.print(f"{title}: the same")


def _pair(a: float | None, b: float | None) -> tuple[str, str, str]:
    change = "" if a is None or b is None else f"{b - a:+,.4g}"
    digits = 0 if isinstance(a, int) and isinstance(b, int) else 4
    return number(a, digits), number(b, digits), change


def print_leaderboard(rows: Sequence[Mapping[str, Any]], by: str) -> None:
    """Prints ranked strategies."""
    print_table(
        f"leaderboard by {by}", ["", "run", "strategy", "kind", "symbol", by, "P&L", "hedges", "drawdown"],
        [(row["rank"], row["run"], row["strategy"], row["kind"], row["symbol"], number(row["value"], 4),
          number(row["pnl"]), row["hedges"], number(row["max_drawdown"])) for row in rows],
    )  # fmt: skip

"""Hedge statistics as tables: what was done, what came of it, and how results spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hedgerow.cli.demo_view import number
from hedgerow.cli.output import print_table
from hedgerow.domain.period import Period
from hedgerow.store.read import Row

_SPREAD = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum", "mean", "standard_deviation")


def print_statistics(rows: Sequence[Row], period: Period) -> None:
    """Prints rows as `hedge_statistics` gives them."""
    print_table(
        "hedges",
        [period.value, "strategy", "hedges", "fills", "denied", "bought", "sold", "realized", "fees", "net", "P&L"],
        [(r["start_date"], r["strategy"], r["hedges"], r["fills"], r["denials"], r["bought_quantity"],
          r["sold_quantity"], number(r["realized_pnl"]), number(r["commissions"]), number(r["net_pnl"]),
          number(r["daily_pnl"])) for r in rows],
    )  # fmt: skip
    print_table(
        "results of closing fills, net of commissions",
        [period.value, "strategy", "closing", "wins", "win rate", "min", "25 %", "median", "75 %", "max", "mean",
         "std dev"],
        [(r["start_date"], r["strategy"], r["closing_fills"], r["wins"], _percent(r["win_rate"]),
          *(number((r["result_distribution"] or {}).get(name)) for name in _SPREAD)) for r in rows],
    )  # fmt: skip
    print_table(
        "execution: slippage per share and in all against the mids of decision and arrival, ms to the last fill",
        [period.value, "strategy", "decision", "in all", "arrival", "in all", "median", "p90", "p99", "canceled",
         "in part"],
        [(r["start_date"], r["strategy"], _share(r["slippage_per_share"]), number(r["total_slippage"]),
          _share(r["arrival_slippage_per_share"]), number(r["arrival_slippage"]),
          *(_whole(r["fill_ms"][name]) for name in ("median", "p90", "p99")), _percent(r["cancel_rate"]),
          _percent(r["partial_share"])) for r in rows],
    )  # fmt: skip


def _whole(ms: Any) -> str:
    return "" if ms is None else f"{ms:,.0f}"


def _percent(share: Any) -> str:
    return "" if share is None else f"{share:.0%}"


def _share(amount: Any) -> str:
    return "" if amount is None else f"{amount:+.4f}"

"""What a finished sweep leaves in its folder: every combination as Parquet, the ranking as CSV and JSON, a page."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hedgerow.backtest.html.sweep import HeatMap, Ranking, render_sweep
from hedgerow.backtest.saved import write_whole
from hedgerow.backtest.sweep.parameters import Value
from hedgerow.backtest.sweep.run import Sweep
from hedgerow.backtest.sweep.standings import Standing, Standings

MOST_CELLS = 60
"""Values per parameter a heat map shows; with more (or drawn at random) it would be mostly holes."""
MOST_RANKED = 100
"""Combinations the page lists."""


def columns(sweep: Sweep, told: Standings) -> list[str]:
    """Names of a ranking's columns: the parameters, then what came of them; walk-forward's only where it was asked."""
    of_folds = ("in_sample_sharpe", "out_of_sample_sharpe", "out_of_sample_pnl", "chosen")
    plain = [name for name in Standing._fields if name not in ("rank", "number", "values", *of_folds)]
    return ["rank", *sweep.plan.keys, *plain, *(of_folds if told.walk_forward else ())]


def cells(standing: Standing, names: list[str], keys: tuple[str, ...]) -> list[Any]:
    """One combination's values of those columns."""
    own = dict(zip(keys, standing.values, strict=True))
    return [own[name] if name in own else getattr(standing, name) for name in names]


def to_csv(sweep: Sweep, told: Standings) -> str:
    """The ranking with a line of names first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = columns(sweep, told)
    writer.writerow(names)
    writer.writerows(cells(standing, names, sweep.plan.keys) for standing in told.ranked)
    return out.getvalue()


def document(sweep: Sweep, told: Standings) -> dict[str, Any]:
    """The sweep as JSON-ready values."""
    names = columns(sweep, told)
    walked = told.walk_forward
    return {
        "parameters": list(sweep.plan.keys),
        "combinations": len(sweep.rows),
        "left_out": [
            {"values": dict(zip(sweep.plan.keys, values, strict=True)), "rule": rule}
            for values, rule in sweep.plan.left_out
        ],
        "ticks": sweep.header.ticks,
        "days": list(sweep.header.days),
        "tape_hash": sweep.header.tape_hash,
        "code_version": sweep.header.code_version,
        "ranked_by": told.by,
        "trials": told.trials,
        "expected_maximum_sharpe": told.benchmark,
        "walk_forward": None if walked is None else {
            "pnl": walked.pnl,
            "sharpe": walked.sharpe,
            "folds": [
                {"train": [str(day) for day in fold.train], "test": [str(day) for day in fold.test], "chosen": choice}
                for fold, choice in zip(walked.folds, walked.choices, strict=True)
            ],
        },
        "ranking": [
            {
                "combination": standing.number,
                **dict(zip(names, cells(standing, names, sweep.plan.keys), strict=True)),
                "block_reasons": sweep.rows[standing.number].block_reasons,
            }
            for standing in told.ranked
        ],
    }  # fmt: skip


def write_all(sweep: Sweep, told: Standings, folder: Path) -> None:
    """`results.parquet`, `ranking.csv`, `sweep.json` and `sweep.html`, each whole or not at all.

    The same sweep gives the same bytes. Raises InvalidValue where the folder cannot be written.
    """
    text = json.dumps(document(sweep, told), indent=1, allow_nan=False) + "\n"
    sink = pa.BufferOutputStream()
    pq.write_table(table(sweep), sink)
    for name, data in (
        ("results.parquet", sink.getvalue().to_pybytes()),
        ("ranking.csv", to_csv(sweep, told).encode()),
        ("sweep.json", text.encode()),
        ("sweep.html", page(sweep, told).encode()),
    ):
        write_whole(folder / name, data, "--output")


def table(sweep: Sweep) -> pa.Table:
    """Every combination in order, one row each: its parameters by key, then its totals, then its days as lists."""
    rows = sweep.rows
    totals = [name for name in rows[0]._fields if name not in ("days", "block_reasons")]
    made: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in totals}
    for place, key in enumerate(sweep.plan.keys):
        made[key] = _alike([values[place] for values in sweep.plan.combinations])
    made["block_reasons"] = [json.dumps(row.block_reasons, sort_keys=True) for row in rows]
    made["days"] = [[day.date for day in row.days] for row in rows]
    made["day_pnl"] = [[day.pnl for day in row.days] for row in rows]
    made["day_hedges"] = [[day.hedges for day in row.days] for row in rows]
    return pa.table(made)


def _alike(values: list[Value]) -> list[Any]:
    """Values as one type of column: numbers as they are, a mixture as words."""
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    if numbers:
        return values if all(isinstance(value, int) for value in values) else [float(value) for value in values]
    return values if len({type(value) for value in values}) == 1 else [str(value) for value in values]


def heat_map(sweep: Sweep, told: Standings) -> HeatMap | None:
    """The first two parameters that vary against the metric ranked by, the mean over all others.

    None with fewer than two such parameters, or with too many values to show.
    """
    varied = [
        place for place in range(len(sweep.plan.keys)) if len({values[place] for values in sweep.plan.combinations}) > 1
    ][:2]
    if len(varied) < 2:
        return None
    down, across = varied
    axes = [list(dict.fromkeys(values[place] for values in sweep.plan.combinations)) for place in varied]
    rows, names = ([*sorted(axis, key=lambda value: (isinstance(value, str), value))] for axis in axes)
    if max(len(rows), len(names)) > MOST_CELLS:
        return None
    found: dict[tuple[Value, Value], list[float]] = defaultdict(list)
    for standing in told.ranked:
        value = getattr(standing, told.by)
        if value is not None:
            found[standing.values[down], standing.values[across]].append(value)
    several = len(sweep.plan.combinations) > len(rows) * len(names)
    values = [
        [math.fsum(each) / len(each) if (each := found.get((row, name))) else None for name in names] for row in rows
    ]
    metric = told.by.replace("_", " ")
    return HeatMap(
        f"mean {metric}" if several else metric, sweep.plan.keys[down], sweep.plan.keys[across], list(map(str, rows)),
        list(map(str, names)), values, 0 if told.by in ("pnl", "max_drawdown") else 2,
    )  # fmt: skip


def page(sweep: Sweep, told: Standings) -> str:
    """The sweep as one HTML file."""
    names = columns(sweep, told)
    shown = [[word(cell) for cell in cells(each, names, sweep.plan.keys)] for each in told.ranked[:MOST_RANKED]]
    heat = heat_map(sweep, told)
    facts = {
        "combinations": str(len(sweep.rows)),
        "quotes each": f"{sweep.header.ticks:,}",
        "days": f"{sweep.header.days[0]} to {sweep.header.days[-1]} ({len(sweep.header.days)})",
        "tapes": sweep.header.tape_hash,
        "code": sweep.header.code_version,
        "ranked by": told.by,
    }
    return render_sweep(
        "Sweep", facts, Ranking(names, shown, 1 + len(sweep.plan.keys), max(0, len(told.ranked) - MOST_RANKED)),
        [] if heat is None else [heat], caution(sweep, told),
    )  # fmt: skip


def caution(sweep: Sweep, told: Standings) -> str:
    """In one or two sentences, how much of the best to believe."""
    best = told.ranked[0]
    words = (
        f"Of {told.trials} combinations without any merit the best would be expected to show a Sharpe ratio of "
        f"{told.benchmark:.2f}"
    )
    if best.deflated_sharpe is not None:
        words += f"; that the best one's is truly above that has probability {best.deflated_sharpe:.2f}"
    words += "."
    if told.walk_forward is not None:
        sharpe = told.walk_forward.sharpe
        words += f" Chosen on the days before and held over the days after, P&L was {told.walk_forward.pnl:,.2f} USD"
        words += "." if sharpe is None else f", the Sharpe ratio {sharpe:.2f}."
    if sweep.plan.left_out:
        _, rule = sweep.plan.left_out[0]
        words += f" Left out as not allowed: {len(sweep.plan.left_out)}, the first by {rule}"
    return words


def word(cell: Any) -> str:
    """A cell as a person reads it."""
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:,.0f}" if abs(cell) >= 1_000.0 else f"{cell:,.4g}"

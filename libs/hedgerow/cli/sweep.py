"""`hedgerow sweep`: one backtest per combination of parameters, ranked, with guards against overfitting."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from hedgerow.cli.output import JsonFlag, SetOption, console, messages, print_json, print_table
from hedgerow.domain.errors import InvalidValue

_NOT_SHOWN = ("commissions", "blocks")
_HEADS = {
    "deflated_sharpe": "deflated", "max_drawdown": "drawdown", "in_sample_sharpe": "train",
    "out_of_sample_sharpe": "test", "out_of_sample_pnl": "test pnl",
}  # fmt: skip
"""Shorter words for a terminal's width; train and test are Sharpe ratios."""


def sweep(
    spec: Annotated[Path, typer.Option("--spec", help="YAML specification of the backtest, see `hedgerow backtest`.")],
    param: Annotated[
        list[str],
        typer.Option(
            "--param",
            metavar="KEY=VALUES",
            help="What varies: key=FIRST:LAST:STEP (LAST included), key=v,w,x; repeat as needed.",
        ),
    ],
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Processes here; 0: one per core.")] = 0,
    scheduler: Annotated[str, typer.Option("--scheduler", help="A Dask scheduler instead: tcp://host:port.")] = "",
    random: Annotated[int, typer.Option("--random", min=0, help="Draw so many combinations; 0: all of them.")] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same combinations drawn.")] = 1,
    walk_forward: Annotated[
        str, typer.Option("--walk-forward", metavar="TRAIN:TEST", help="Days to choose on and days to hold it over.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder for the results; a sweep that was stopped goes on there.")
    ] = None,
    rank_by: Annotated[str, typer.Option("--rank-by", help="sharpe, pnl, in_sample_sharpe, ...")] = "",
    top: Annotated[int, typer.Option("--top", min=1, help="Combinations the table shows.")] = 20,
    set_: SetOption = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print the whole ranking as CSV.")] = False,
    json_: JsonFlag = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Run uncompiled: starts at once, is many times slower, gives the same.")
    ] = False,
) -> None:
    """Runs a backtest per combination of parameters on all cores or a Dask cluster, and ranks them.

    Same results whatever --jobs or --scheduler. With --output: results.parquet, ranking.csv, sweep.json, sweep.html.
    """
    from hedgerow.backtest.spec import read_spec  # noqa: PLC0415 - other commands start without it
    from hedgerow.backtest.sweep import files  # noqa: PLC0415
    from hedgerow.backtest.sweep.folds import folds, parse_walk_forward  # noqa: PLC0415
    from hedgerow.backtest.sweep.parameters import combinations, parse_parameter  # noqa: PLC0415
    from hedgerow.backtest.sweep.plan import plan_of  # noqa: PLC0415
    from hedgerow.backtest.sweep.rows import Header  # noqa: PLC0415
    from hedgerow.backtest.sweep.run import run_sweep  # noqa: PLC0415
    from hedgerow.backtest.sweep.standings import check_rank_by, standings  # noqa: PLC0415

    if scheduler and jobs:
        raise InvalidValue("--jobs", jobs, "with --scheduler the cluster's workers run", "leave out one of both")
    windows = parse_walk_forward(walk_forward) if walk_forward else None
    check_rank_by(rank_by, windows is not None)
    parameters = [parse_parameter(text) for text in param]
    keys = tuple(parameter.key for parameter in parameters)
    base = read_spec(spec, tuple(set_ or ()))
    plan = plan_of(base, keys, combinations(parameters, random, seed), "plain" if plain else "compiled")

    def check(header: Header) -> None:
        if windows is not None:
            folds([date.fromisoformat(day) for day in header.days], *windows)

    with _Watched() as watched:
        done = run_sweep(plan, jobs, scheduler, output, watched.tell, check)
    told = standings(done, windows, rank_by)
    if output is not None:
        files.write_all(done, told, output)
    if json_:
        print_json(files.document(done, told))
    elif csv:
        print(files.to_csv(done, told), end="")
    else:
        names = [name for name in files.columns(done, told) if name not in _NOT_SHOWN]
        shown = [[files.word(cell) for cell in files.cells(each, names, keys)] for each in told.ranked[:top]]
        heads = [_HEADS.get(name, name.rpartition(".")[2]) for name in names]
        print_table(f"{len(done.rows)} combinations by {told.by}", heads, shown)
        console.print(files.caution(done, told))
        if output is not None:
            console.print(f"written: {output}/results.parquet, ranking.csv, sweep.json, sweep.html")


class _Watched:
    """A bar on stderr with the time that is left; nothing where no terminal is."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("left"),
            TimeRemainingColumn(), console=messages, transient=True, disable=not messages.is_terminal,
        )  # fmt: skip
        self._task: TaskID | None = None

    def __enter__(self) -> _Watched:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def tell(self, done: int, total: int) -> None:
        """So many combinations of so many are done; the first one tells what was done before."""
        if self._task is None:
            self._task = self._bar.add_task("combinations", total=total, completed=done)
        self._bar.update(self._task, completed=done)

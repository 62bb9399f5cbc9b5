"""`hedgerow torture`: attacks on the promises of the order path, counted."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli.output import JsonFlag


def torture(
    cases: Annotated[int | None, typer.Option("--cases", help="Total over the promises; none = a release's.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="What all cases follow from.")] = 1,
    only: Annotated[int | None, typer.Option("--only", help="One promise, by its number.")] = None,
    replay: Annotated[str, typer.Option("--replay", help="One case again: FAMILY:SEED/NUMBER.")] = "",
    minutes: Annotated[float | None, typer.Option("--minutes", help="Begin nothing after so long.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Processes that run cases.")] = None,
    first: Annotated[bool, typer.Option("--first-failure", help="End at the first failure.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show families and failpoints, run nothing.")] = False,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Also write the figures here.")] = None,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", help="Keep finished groups in this file, and go on from it.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Kills, stops, cuts off and delays real processes and looks at what reached the (simulated) broker."""
    module = importlib.import_module("hedgerow.torture.main")  # the top layer: it may import what we may not
    if list_:
        print("\n".join(module.listed()))
        return
    options = module.Options(
        cases=cases, seed=seed, only=only, replay=replay, minutes=minutes, workers=workers,
        first_failure=first, as_json=as_json, markdown=markdown, ledger=ledger,
    )  # fmt: skip
    raise typer.Exit(module.main(options))

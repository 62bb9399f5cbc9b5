"""`hedgerow strategy`: start one of your own, see which there are, check that one keeps its contract."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli.output import JsonFlag, console, print_json
from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, InvalidValue
from hedgerow.strategy.hosting import code_version
from hedgerow.strategy.kinds import SHIPPED, load, sources_of
from hedgerow.strategy.template import STRATEGY, TEST
from hedgerow.strategy.trial import plain_day, same_again

app = typer.Typer(no_args_is_help=True, help="Strategies: those shipped, and your own.")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and underscores.")],
    folder: Annotated[Path, typer.Option(help="Where its two files go.")] = Path(),
) -> None:
    """Writes a strategy that works, NAME.py, and its test, test_NAME.py."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", name) or name in SHIPPED:
        raise InvalidValue("NAME", name, "small letters, digits and underscores, and none of those shipped")
    own, test = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in (own, test):
        if path.exists():
            raise AlreadyExists(f"{path} exists; choose another name, or remove it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own.write_text(STRATEGY.replace("{name}", name))
        test.write_text(TEST.format(name=name, file=test.name))
    except OSError as error:
        raise InvalidValue("--folder", str(folder), error.strerror or "a folder that can be written") from error
    console.print(f"{own}: the strategy\n{test}: its test, run it with `pytest {test}`", markup=False)
    console.print(f"check it: hedgerow strategy check {own}", markup=False)
    console.print(f"use it:   kind: {own}  in `strategies:`, or --set strategies.0.kind={own}", markup=False)


@app.command("list")
def list_(json_: JsonFlag = False) -> None:
    """Shows every strategy shipped, with what it needs."""
    rows = [
        {"kind": kind, "about": (load(kind).__doc__ or "").strip().splitlines()[0], "needs": list(load(kind).NEEDS)}
        for kind in SHIPPED
    ]
    if json_:
        print_json(rows)
        return
    for row in rows:
        console.print(f"{row['kind']}: {row['about']}", markup=False)
        console.print(f"    needs {', '.join(row['needs'])}", markup=False)


@app.command()
def check(
    kind: Annotated[str, typer.Argument(help="A file, a module's name, or a shipped kind.")],
    seed: Annotated[int, typer.Option(help="Seed of the day.")] = 7,
    plain: Annotated[bool, typer.Option("--plain", help="Leave the compiled run out.")] = False,
    json_: JsonFlag = False,
) -> None:
    """Runs a strategy over a seeded day: every decision keeps the contract, plain and compiled decide the same."""
    strategy = load(kind)
    day = plain_day(kind, seed)
    if day.broken is not None:
        where = day.observations[-1].sequence
        raise FailedPrecondition(f"{kind}: decision {where} breaks the contract: {day.broken}", "STRATEGY_CONTRACT")
    again, _ = same_again(kind, day, "plain")
    if again:
        raise FailedPrecondition(
            f"{kind}: decision {again} is another when the same observations come again; `step` depends on something "
            "besides its arguments", "STRATEGY_CONTRACT",
        )  # fmt: skip
    other, mode = (0, "plain") if plain else same_again(kind, day, "compiled")
    if other:
        raise FailedPrecondition(
            f"{kind}: decision {other} is another once compiled; write x * x for x ** 2", "STRATEGY_CONTRACT"
        )
    told = {
        "kind": kind, "needs": list(strategy.NEEDS), "decisions": len(day.decisions), "intents": day.intents,
        "compiled": mode == "compiled", "code_version": code_version(sources_of(kind)),
    }  # fmt: skip
    if json_:
        print_json(told)
        return
    how = "plain and compiled decide the same" if mode == "compiled" else "runs plain"
    words = f"{kind}: keeps its contract over {len(day.decisions)} decisions, {day.intents} intents; {how}"
    console.print(words, markup=False)

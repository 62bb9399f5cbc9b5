"""`hedgerow journal verify|show|replay`: execution's journal, offline; nothing needs to run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from hedgerow import state_dir
from hedgerow.cli import order_life
from hedgerow.cli.output import JsonFlag, SessionArgument, console, messages, print_json, print_table
from hedgerow.domain.errors import InvalidValue
from hedgerow.store.engine import open_store
from hedgerow.store.head_file import Head, known_heads, read_head
from hedgerow.store.journal import check_chain
from hedgerow.store.location import location_of

FOLD_MODULE = "services.execution.replay"
"""The fold is execution's own: a process of it is asked, nothing of it is imported here."""

app = typer.Typer(no_args_is_help=True, help="Execution's journal: its chain, one order's life, its fold.")


@app.callback()
def _group() -> None:
    """Execution's journal, offline."""


@app.command("verify")
def verify(
    session: SessionArgument = "latest",
    head: Annotated[
        list[Path] | None,
        typer.Option("--head", help="A head kept elsewhere: what `journal verify --json` printed before; repeatable."),
    ] = None,
    json_: JsonFlag = False,
) -> None:
    """Verifies the hash chain, its sequences and epochs, and that nothing was cut off; exit code 1 when it fails."""
    state = state_dir.resolve(session)
    heads: dict[Path, Head] = {}
    unreadable: list[str] = []
    try:
        heads = known_heads(state.journal_head_file)
    except InvalidValue as error:
        unreadable.append(str(error))
    heads |= {path: read_head(path) for path in head or ()}
    with open_store(location_of(state), "execution", read_only=True) as store:
        report = check_chain(store, tuple(heads.values()))
    found: dict[str, Any] = {
        "ok": report.fault is None and not unreadable,
        "events": report.events,
        "epochs": dict(report.epochs),
        "head": report.head._asdict(),
        "heads_compared": {str(path): known.sequence for path, known in heads.items()},
        "unreadable_heads": unreadable,
        "fault": None if report.fault is None else report.fault._asdict(),
    }
    if json_:
        print_json(found)
    else:
        epochs = ", ".join(str(epoch) for epoch in found["epochs"]) or "none"
        console.print(
            f"{report.events} events hold; epochs: {epochs}; head {report.head.sequence} {report.head.hash}; "
            f"kept heads compared: {len(heads)}"
        )
        for problem in unreadable:
            console.print(f"[red]{escape(problem)}[/red]")
        if report.fault is not None:
            console.print(f"[red]event {report.fault.sequence}: {escape(report.fault.problem)}[/red]")
    sys.exit(0 if found["ok"] else 1)


@app.command("show")
def show(
    order: Annotated[str, typer.Argument(help="client_order_id or intent_id.")],
    session: SessionArgument = "latest",
    json_: JsonFlag = False,
) -> None:
    """Shows one order's whole life: quote, decision, verdict per rule, frames, reports, fills, and times between."""
    life = order_life.find(state_dir.resolve(session), order)
    if json_:
        print_json(life)
    else:
        order_life.show(life)


@app.command("replay")
def replay(session: SessionArgument = "latest", json_: JsonFlag = False) -> None:
    """Rebuilds orders, fills, positions from the journal and compares with the tables; exit code 1 if they differ."""
    state = state_dir.resolve(session)
    with messages.status("folding the journal"):
        done = subprocess.run(
            [sys.executable, "-m", FOLD_MODULE, str(state.root)], stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(done.returncode or 2)
    found = json.loads(done.stdout)
    if json_:
        print_json(found)
    else:
        counts = ", ".join(f"{count} {name}" for name, count in found["counts"].items())
        console.print(
            f"{found['events']} events fold to {counts or 'nothing'}: {len(found['differences'])} differences"
        )
        if found["differences"]:
            columns = ["table", "key", "column", "journal", "row"]
            print_table("differences", columns, [[each[name] for name in columns] for each in found["differences"]])
    sys.exit(done.returncode)

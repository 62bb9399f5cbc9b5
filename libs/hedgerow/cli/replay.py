"""`hedgerow replay verify`: fold a session log through the decision code and compare bit for bit."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from hedgerow import state_dir
from hedgerow.cli.output import JsonFlag, SessionArgument, console, messages, print_json
from hedgerow.domain.errors import NotFound
from hedgerow.strategy.replay import VerifyReport, verify

app = typer.Typer(no_args_is_help=True, help="Replay of recorded decisions.")


@app.callback()
def _group() -> None:
    """Replay of recorded decisions."""


@app.command("verify")
def verify_session(
    session: SessionArgument = "latest",
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Fold with compiled code instead of plain Python.")
    ] = False,
    json_: JsonFlag = False,
) -> None:
    """Verifies every run of every strategy of a session; exit code 1 when one decision comes out otherwise."""
    state = state_dir.resolve(session)
    folders = sorted(path for path in (state.root / "session").glob("*") if path.is_dir())
    if not folders:
        raise NotFound(f"{state.root} holds no session log")
    reports: dict[str, VerifyReport] = {}
    for folder in folders:
        with messages.status(f"replaying {folder.name}"):
            reports[folder.name] = verify(folder, "compiled" if compiled else "plain")
    if json_:
        print_json({name: asdict(report) for name, report in reports.items()})
    else:
        for name, report in reports.items():
            console.print(
                f"{name}: {report.runs} runs, {report.records} decisions, {report.divergences} divergences, "
                f"{report.sequence_gaps} gaps" + (f", torn tail: {report.torn_tail}" if report.torn_tail else "")
            )
            if report.first_divergence is not None:
                console.print(str(report.first_divergence), markup=False)
    sys.exit(0 if all(report.ok for report in reports.values()) else 1)

"""`hedgerow session list`: the sessions recorded under the state root."""

from __future__ import annotations

import json

import typer

from hedgerow import state_dir
from hedgerow.cli.output import JsonFlag, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Recorded sessions.")


@app.callback()
def _group() -> None:
    """Recorded sessions."""


@app.command("list")
def list_sessions(json_: JsonFlag = False) -> None:
    """Lists sessions, oldest first."""
    rows = []
    for state in state_dir.sessions():
        report = json.loads(state.report_file.read_text()) if state.report_file.is_file() else {}
        session = report.get("session", {})
        rows.append(
            {
                "session": state.root.name,
                "path": str(state.root),
                "symbol": report.get("symbol"),
                "date": session.get("date"),
                "fills": report.get("fills"),
                "status_lamp": report.get("status_lamp"),
            }
        )
    if json_:
        print_json(rows)
    else:
        print_table("sessions", ["session", "symbol", "date", "fills", "lamp"],
                    [(r["session"], r["symbol"], r["date"], r["fills"], r["status_lamp"]) for r in rows])  # fmt: skip

"""The `check` command: list the criteria, or show them on a running system and report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hedgerow import state_dir
from hedgerow.cli.check.context import Context, find_system
from hedgerow.cli.check.criteria import CRITERIA, PHASES, parse_phase
from hedgerow.cli.check.registry import needs_system, run_criteria, run_phase
from hedgerow.cli.check.report import as_document, passes, summary, write_report
from hedgerow.cli.check.result import Row
from hedgerow.cli.output import JsonFlag, console, messages, print_json, print_table, progress
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings


def check(
    phase: Annotated[
        str, typer.Argument(help="phase1 ... phase5; none = every phase.", metavar="[PHASE]", show_default=False)
    ] = "",
    list_: Annotated[bool, typer.Option("--list", help="List the criteria and how each is checked.")] = False,
    session: Annotated[
        str, typer.Option("--session", help="Session to check; none = live where it runs, else the latest.")
    ] = "",
    skip_ib: Annotated[bool, typer.Option("--skip-ib", help="Leave out what needs a broker.")] = False,
    signal_test: Annotated[
        bool, typer.Option("--signal-test", help="Also end daemons, on a system of its own.")
    ] = False,
    tries: Annotated[int, typer.Option("--tries", help="With --signal-test: tries per way to end one.")] = 1,
    report: Annotated[Path | None, typer.Option("--report", help="Write check.json and check.md here.")] = None,
    json_: JsonFlag = False,
) -> None:
    """Shows the acceptance criteria on a running system; exit code 0 only if all of the phase hold."""
    phases = [parse_phase(phase)] if phase else list(PHASES)
    if list_:
        _list(phases, json_)
        return
    if tries < 1:
        raise InvalidValue("--tries", tries, "at least 1")
    if report is not None and report.exists() and not report.is_dir():
        raise InvalidValue("--report", str(report), "a folder", "name another one")
    rows, place = _run(phases, session, skip_ib, signal_test, tries)
    document = as_document(rows, place)
    if json_:
        print_json(document)
    else:
        for number in phases:
            of_it = [row for row in rows if row.phase == number]
            print_table(
                f"phase {number}", ["id", "result", "detail"],
                [(row.id, row.result.outcome.value, row.result.detail) for row in of_it],
            )  # fmt: skip
        console.print(summary(rows))
    if report is not None:
        for path in write_report(report, document):
            messages.print(f"written: {path}")
    sys.exit(0 if passes(rows) else 1)


def _list(phases: list[int], json_: bool) -> None:
    chosen = [criterion for criterion in CRITERIA if criterion.phase in phases]
    if json_:
        print_json([{**criterion._asdict(), "how": criterion.how.value} for criterion in chosen])
    else:
        print_table("criteria", ["id", "phase", "checked", "criterion"],
                    [(c.id, c.phase, c.how.value, c.text) for c in chosen])  # fmt: skip


def _run(phases: list[int], session: str, skip_ib: bool, signal_test: bool, tries: int) -> tuple[list[Row], str]:
    """Every row of the phases, and the session's folder; a system is only looked for where something needs one."""
    systemic = any(needs_system(number) for number in phases)
    state, settings = find_system(session) if systemic else (state_dir.live(), Settings())
    rows: list[Row] = []
    with _teller() as tell, Context(state, settings, skip_ib, signal_test, tries, tell) as ctx:
        preliminaries_due = systemic
        for number in phases:
            rows += (run_phase if preliminaries_due else run_criteria)(ctx, number)
            preliminaries_due = False
    return rows, str(state.root) if systemic else ""


@contextmanager
def _teller() -> Iterator[Callable[[str], None]]:
    """Shows on stderr what is being done: a moving line on a terminal, plain lines elsewhere."""
    with progress() as bar:
        task = bar.add_task("checking", total=None)

        def tell(text: str) -> None:
            bar.update(task, description=text)
            if not messages.is_terminal:
                messages.print(f"checking: {text}")

        yield tell

"""`hedgerow replay`: fold recorded sessions through the decision code again, compare, and step through them."""

from __future__ import annotations

import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from hedgerow import state_dir
from hedgerow.cli.output import JsonFlag, SessionArgument, console, messages, print_json
from hedgerow.cli.replay_nightly import lift
from hedgerow.cli.replay_nightly import nightly as verify_new
from hedgerow.cli.replay_steps import Break, Selection, chosen, print_tick, step_through
from hedgerow.cli.replay_verify import How, log_folders, print_session, session_document, verify_session
from hedgerow.cli.replay_words import tick_document
from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.strategy.replay import replay

LISTED = 20
"""Ticks a listing shows when it is not told how many."""

app = typer.Typer(no_args_is_help=True, help="Replay of recorded decisions.")

CompiledFlag = Annotated[
    bool | None,
    typer.Option("--compiled/--plain", help="Fold with compiled code or plain Python; by the log's length if unset."),
]
StrategyOption = Annotated[str, typer.Option("--strategy", help="Only this strategy's log.")]


@contextmanager
def _keys() -> Iterator[Callable[[], str]]:
    """Single keys from the terminal; those pressed ahead count. The terminal is as it was afterwards."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSADRAIN)
    try:
        yield lambda: os.read(terminal, 1).decode(errors="replace")
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@app.callback()
def _group() -> None:
    """Replay of recorded decisions."""


@app.command("verify")
def verify(
    session: SessionArgument = "latest",
    compiled: CompiledFlag = None,
    strategy: StrategyOption = "",
    new: Annotated[bool, typer.Option("--new", help="Every session not verified yet, as `replay nightly`.")] = False,
    json_: JsonFlag = False,
) -> None:
    """Verifies every run of every strategy of a session; exit code 1 when one decision comes out otherwise."""
    if new:
        nightly(compiled, False, json_)
    state = state_dir.resolve(session)
    with messages.status(f"replaying {state.root.name}"):
        report = verify_session(state, _how(compiled), strategy)
    if json_:
        print_json(session_document(report))
    else:
        print_session(report)
    sys.exit(0 if report.ok else 1)


@app.command("run")
def run(
    session: SessionArgument = "latest",
    start: Annotated[int, typer.Option("--from", min=1, help="Decision to begin with.", metavar="N")] = 1,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help=f"How many to show; {LISTED}, or 1 with --break.", metavar="N")
    ] = None,
    at: Annotated[Break | None, typer.Option("--break", help="Go on to the next of these.")] = None,
    strategy: StrategyOption = "",
    json_: JsonFlag = False,
) -> None:
    """Steps through a session: what was seen, decided and asked for; by keys on a terminal, else as a listing."""
    state = state_dir.resolve(session)
    folders = log_folders(state, strategy)
    if len(folders) > 1:
        raise InvalidValue("--strategy", strategy, f"one of {', '.join(folder.name for folder in folders)}")
    folder = folders[0]
    if not json_ and count is None and sys.stdin.isatty() and sys.stdout.isatty():
        with _keys() as key:
            step_through(folder.name, chosen(replay(folder), Selection(start)), key, at)
        return
    selection = Selection(start, count or (LISTED if at is None else 1), at)
    ticks = list(chosen(replay(folder), selection))
    if json_:
        print_json([{"strategy": folder.name, **tick_document(tick, whole=True)} for tick in ticks])
    for tick in () if json_ else ticks:
        print_tick(tick)
    if not ticks:
        what = f"no {at.value}" if at is not None else "no decision"
        raise NotFound(f"{state.root.name}: {what} from decision {start} on")


@app.command("nightly")
def nightly(
    compiled: CompiledFlag = None,
    again: Annotated[bool, typer.Option("--again", help="Those verified before, too.")] = False,
    json_: JsonFlag = False,
) -> None:
    """Verifies every session not verified yet; where one diverges an alert stands and the exit code is 1."""
    told = verify_new(_how(compiled), again)
    if json_:
        print_json({"ok": told.ok, "known": told.known, "verified": told.verified})
    else:
        for each in told.verified:
            why = f": {each['alert']}: {each['why']}" if each["alert"] else ""
            console.print(
                f"{each['log']}: {each['decisions']} decisions, {each['divergences']} divergences{why}", markup=False
            )
        console.print(f"{len(told.verified)} logs verified, {told.known} known from before")
    sys.exit(0 if told.ok else 1)


@app.command("lift")
def lift_alert(
    log: Annotated[str, typer.Argument(help="The log the alert names: SESSION/STRATEGY.", metavar="SESSION/STRATEGY")],
) -> None:
    """Lifts the alert over a log whose divergence somebody has looked into."""
    if not lift(state_dir.home(), log):
        raise NotFound(f"no alert stands over {log}")
    console.print(f"{log}: lifted", markup=False)


def _how(compiled: bool | None) -> How:
    return "auto" if compiled is None else "compiled" if compiled else "plain"

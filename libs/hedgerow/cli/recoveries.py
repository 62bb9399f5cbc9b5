"""`hedgerow recoveries`: how long each crash kept a session from working, computed from its logs alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import typer

from hedgerow import state_dir
from hedgerow.cli.output import JsonFlag, SessionArgument, messages, print_json, print_table
from hedgerow.cli.restarts import ENDED, GIVEN_UP, SERVES
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir

LIMIT_S = 30.0
"""What a recovery may take, wall seconds: from the crash until the process serves and its strategies run again."""
_NOTICED_S = 10.0
"""So long after a crash, or until the next, a daemon that leaves RUNNING does so because of it."""
_STATE = "[Daemon] state="


class Recovery(NamedTuple):
    """One outage of one process; wall seconds from its noticed end, None where that never came.

    `serving_s`: until it served again; `running_s`: until every strategy ran again, 0 when none had to stop.
    """

    service: str
    ended: str
    serving_s: float | None
    running_s: float | None
    given_up: bool = False

    @property
    def rto_s(self) -> float | None:
        """The later of both."""
        if self.serving_s is None or self.running_s is None:
            return None
        return max(self.serving_s, self.running_s)


class _Line(NamedTuple):
    at: float
    text: str
    event: str
    service: str


def recoveries_of(state: StateDir) -> list[Recovery]:
    """Every outage in the session's logs, oldest first."""
    log = list(_lines(state.logs_dir / "supervisor.log"))
    daemons = [list(_lines(path)) for path in sorted(state.logs_dir.glob("strategy-*.log"))]
    found: list[Recovery] = []
    down: set[str] = set()
    for index, line in enumerate(log):
        if line.event == ENDED and line.service not in down:
            down.add(line.service)
            later = [each for each in log[index + 1 :] if each.service == line.service]
            over = next((each for each in later if each.event in (SERVES, GIVEN_UP)), None)
            served = over is not None and over.event == SERVES
            ends = (each.at for each in log[index + 1 :] if each.event == ENDED)
            until = min(line.at + _NOTICED_S, next(ends, math.inf))
            running = [_running_again(each, line, until) for each in daemons]
            known = [each for each in running if each is not None]
            found.append(
                Recovery(
                    line.service, line.text, over.at - line.at if over is not None and served else None,
                    max(known, default=0.0) if len(known) == len(running) else None,
                    over is not None and not served,
                )
            )  # fmt: skip
        elif line.event in (SERVES, GIVEN_UP):
            down.discard(line.service)
    return found


def _running_again(daemon: list[_Line], ended: _Line, until: float) -> float | None:
    """Wall seconds until a strategy ran again; 0 when it did not stop before `until`, None when it never did again."""
    states = [(each.at, each.event.removeprefix(_STATE)) for each in daemon if each.event.startswith(_STATE)]
    if not daemon or daemon[0].service != ended.service:
        left = next((at for at, state in states if ended.at - 1 <= at <= until and state != "RUNNING"), None)
        if left is None:
            return 0.0
        states = [each for each in states if each[0] > left]
    again = next((at for at, state in states if at >= ended.at and state.startswith("RUNNING")), None)
    return None if again is None else max(0.0, again - ended.at)


def _lines(path: Path) -> Iterator[_Line]:
    """A log's lines; one that a crash cut short is left out."""
    for text in path.read_text(errors="replace").splitlines() if path.is_file() else ():
        try:
            row: dict[str, Any] = json.loads(text)
            at = datetime.fromisoformat(row["ts"]).timestamp()
        except (ValueError, KeyError):
            continue
        yield _Line(at, row["ts"], row.get("event", ""), row.get("service", row.get("process", "")))


def rows_of(found: list[Recovery]) -> list[dict[str, Any]]:
    """As JSON shows them."""
    return [
        {key: round(value, 3) if isinstance(value, float) else value for key, value in each._asdict().items()}
        | {"rto_s": None if each.rto_s is None else round(each.rto_s, 3)}
        for each in found
    ]


def show(found: list[Recovery]) -> None:
    """A table, and the longest of all."""

    def seconds(value: float | None) -> str:
        return "never" if value is None else f"{value:.1f} s"

    print_table(
        "recoveries", ["process", "ended", "serves again", "strategies run again", "RTO"],
        [(each.service, each.ended, "given up" if each.given_up else seconds(each.serving_s),
          seconds(each.running_s), seconds(each.rto_s)) for each in found],
    )  # fmt: skip


def within_limit(found: list[Recovery]) -> bool:
    """Whether every outage ended in time."""
    return all(each.rto_s is not None and each.rto_s <= LIMIT_S for each in found)


def recoveries(session: SessionArgument = "latest", json_: JsonFlag = False) -> None:
    """Shows every crash of a session and how long it took to recover, from logs. Exit code 1: one took above 30 s."""
    state = state_dir.resolve(session)
    Settings.read(state.settings_file)
    found = recoveries_of(state)
    if json_:
        print_json(rows_of(found))
    elif found:
        show(found)
    else:
        messages.print("no process crashed")
    raise typer.Exit(0 if within_limit(found) else 1)

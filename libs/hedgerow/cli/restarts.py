"""Starts again what crashed, as a service manager does: after a growing pause, a bounded number of times, on record."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from hedgerow.telemetry.logs import get_logger

ENDED, STARTED, SERVES, GIVEN_UP = "process ended", "process started again", "process serves again", "process given up"
"""Events of the supervisor's log; recovery times are computed from them."""


class Policy(NamedTuple):
    """Wall seconds: the first pause before a restart, doubled for each crash within `window_s` up to `longest_s`.

    The crash after `most` restarts within the window is the last: the process stays down.
    """

    first_s: float = 0.5
    longest_s: float = 8.0
    most: int = 5
    window_s: float = 120.0


USUAL = Policy()


class Ended(Protocol):
    """A child process, as far as it matters here."""

    def code(self) -> int | None:
        """Its exit code, None while it runs."""

    def failure(self) -> str | None:
        """Why it ended, in its own last words; None while it runs."""


@dataclass(slots=True)
class _History:
    crashes: deque[float] = field(default_factory=deque)
    restarts: int = 0
    ended_at: float = 0.0
    due: float | None = None
    starting: bool = False
    given_up: bool = False
    last: str = ""
    recovery_s: float | None = None

    @property
    def state(self) -> str:
        if self.given_up:
            return "given up"
        if self.due is not None:
            return "waits to be started again"
        return "starts again" if self.starting else "runs"


class Restarts:
    """Looks after children; `look` never blocks for long and is called often. Times are wall seconds, monotonic."""

    def __init__(
        self, children: Mapping[str, Ended], start: Callable[[str], None], serving: Callable[[str], bool],
        tell: Callable[[str], None], record: Path, policy: Policy = USUAL, now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._children = children
        self._start = start
        self._serving = serving
        self._tell = tell
        self._record = record
        self._policy = policy
        self._now = now
        self._known: dict[str, _History] = {}
        self._log = get_logger()
        self._write()

    @property
    def given_up(self) -> dict[str, str]:
        """Processes that stay down, with their last words."""
        return {name: each.last for name, each in self._known.items() if each.given_up}

    def mending(self, name: str) -> bool:
        """Whether a process is down, or not serving again yet, and is being seen to."""
        known = self._known.get(name)
        return known is not None and not known.given_up and (known.due is not None or known.starting)

    def look(self) -> list[str]:
        """Starts what is due, notices what crashed; names of those that ended by themselves with code 0."""
        finished = []
        for name, child in list(self._children.items()):
            code, known = child.code(), self._known.setdefault(name, _History())
            if known.due is not None or known.given_up:
                continue
            if code is None:
                if known.starting and self._serving(name):
                    self._serves(name, known)
            elif code == 0:
                finished.append(name)
            else:
                self._crashed(name, known, code, child.failure() or f"{name} ended with code {code}")
        for name, known in self._known.items():
            if known.due is not None and self._now() >= known.due:
                known.due, known.starting = None, True
                known.restarts += 1
                self._start(name)
                self._log.warning(STARTED, service=name, restarts=known.restarts)
                self._write()
        return finished

    def _crashed(self, name: str, known: _History, code: int, words: str) -> None:
        now, policy = self._now(), self._policy
        if not known.starting:
            known.ended_at = now  # a crash while it starts again prolongs the same outage
        known.starting, known.last = False, words
        known.crashes.append(now)
        while now - known.crashes[0] > policy.window_s:
            known.crashes.popleft()
        recent = len(known.crashes)
        self._log.error(ENDED, service=name, code=code, words=words, crashes=recent)
        if recent > policy.most:
            known.given_up = True
            self._log.critical(GIVEN_UP, service=name, crashes=recent, window_s=policy.window_s)
            self._tell(f"{words}; given up: {recent} crashes within {policy.window_s:.0f} s")
        else:
            pause = min(policy.first_s * 2 ** (recent - 1), policy.longest_s)
            known.due = now + pause
            self._tell(f"{words}; starting it again in {pause:g} s")
        self._write()

    def _serves(self, name: str, known: _History) -> None:
        known.starting = False
        known.recovery_s = self._now() - known.ended_at
        self._log.info(SERVES, service=name, recovery_s=round(known.recovery_s, 3), restarts=known.restarts)
        self._tell(f"{name} serves again after {known.recovery_s:.1f} s")
        self._write()

    def _write(self) -> None:
        """What others may know of it, whole or not at all: `run/supervisor.json`."""
        rows = {
            name: {"state": each.state, "restarts": each.restarts, "last": each.last, "recovery_s": each.recovery_s}
            for name, each in self._known.items()
            if each.last
        }
        part = self._record.with_name(f".{self._record.name}.{os.getpid()}.part")
        part.write_text(json.dumps(rows, indent=1) + "\n")
        os.replace(part, self._record)

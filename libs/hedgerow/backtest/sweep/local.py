"""A sweep on this machine: a process of its own holds the data and forks the workers (`host`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from hedgerow.backtest.sweep.plan import Plan
from hedgerow.backtest.sweep.rows import Header, Row
from hedgerow.domain.errors import FailedPrecondition, InvalidValue


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalSweep:
    """Runs a plan's combinations on `jobs` cores; a context, whose end ends the processes.

    Raises InvalidValue for what a combination or the data refuse, FailedPrecondition when a process is lost.
    """

    def __init__(self, plan: Plan, jobs: int = 0) -> None:
        self._jobs = jobs or cores()
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the context
        self._host = subprocess.Popen(
            [sys.executable, "-m", "hedgerow.backtest.sweep.host"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
        )  # fmt: skip
        self._tell(plan.to_json())

    def __enter__(self) -> LocalSweep:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        self._host.stdin.close()
        if kind is not None:
            self._host.terminate()
        self._host.stdout.close()
        self._host.wait()
        self._errors.close()

    def header(self) -> Header:
        """What the sweep runs over."""
        tape_hash, code_version, days, ticks = json.loads(self._line())["header"]
        return Header(tape_hash, code_version, tuple(days), ticks)

    def rows(self, indexes: list[int]) -> Iterator[Row]:
        """The outcome of each of those combinations, in the order they are done."""
        self._tell(json.dumps({"indexes": indexes, "jobs": self._jobs}))
        for _ in indexes:
            yield Row.from_json(self._line())

    def _tell(self, line: str) -> None:
        assert self._host.stdin is not None
        try:
            self._host.stdin.write(line + "\n")
            self._host.stdin.flush()
        except BrokenPipeError:
            raise self._lost() from None

    def _line(self) -> str:
        assert self._host.stdout is not None
        line = self._host.stdout.readline()
        if not line.endswith("\n"):
            raise self._lost()
        if line.startswith('{"refused"'):
            raise InvalidValue(*json.loads(line)["refused"])
        if line.startswith('{"failed"'):
            told: dict[str, Any] = json.loads(line)
            raise FailedPrecondition(told["failed"], "WORKER_LOST")
        return line

    def _lost(self) -> FailedPrecondition:
        code = self._host.wait()
        self._errors.seek(0)
        said = self._errors.read().strip().splitlines()
        why = f": {said[-1]}" if said else ""
        return FailedPrecondition(f"the sweep's process ended with code {code}{why}", "WORKER_LOST")

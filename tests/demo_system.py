"""A running `hedgerow demo` in a folder of its own, looked at from outside like any other system."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.supervisor import is_serving
from hedgerow.clock import ClockFileError, ReplayClock
from hedgerow.state_dir import StateDir
from tests.system import START_S, System, until


class Demo(System):
    """`hedgerow demo` instead of `hedgerow up`; its state is that of its session, its ports those it chose."""

    def __init__(self, home: Path, *arguments: str, sets: tuple[str, ...] = ()) -> None:
        super().__init__(home)
        self.report_file = home / "demo-report.json"
        self._words = [*arguments, *(word for pair in sets for word in ("--set", pair))]

    def start(self) -> None:
        """Starts it and waits until its market runs and every process serves."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hedgerow.cli", "demo", "--report-json", str(self.report_file), *self._words],
                cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        until(self._plays, "the demo plays", START_S)

    def _plays(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"`hedgerow demo` ended with {self.process.returncode}: {self.said()[-2000:]}")
        latest = self.home / "latest"
        if not (latest / "ports.json").is_file():
            return False
        self.state = StateDir(latest.resolve())
        ports = json.loads(self.state.ports_file.read_text())
        self.broker_port, self.admin_port = ports.pop("ibsim"), ports.pop("ibsim-admin")
        ports.pop("ibsim-metrics")
        self.ports = ports
        try:
            playing = ReplayClock(self.state.clock_file).read().speed > 0
        except ClockFileError:
            return False
        return playing and all(is_serving("127.0.0.1", port, name) for name, port in self.ports.items())

    @property
    def report(self) -> dict[str, Any]:
        """What it wrote when it ended."""
        found: dict[str, Any] = json.loads(self.report_file.read_text())
        return found

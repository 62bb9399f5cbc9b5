"""A system kept running by `hedgerow up` on free ports, with or without a simulated gateway of its own."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hedgerow.catalog import SERVICES
from hedgerow.cli.ports import free_ports, neighbouring_ports
from tests.e2e.sessions import HEDGEROW

T = TypeVar("T")
STRATEGY = "strategy-gamma-scalper"


def until(what: str, look: Callable[[], T | None], timeout_s: float = 60.0) -> T:
    """The first value of `look` that is not None or False; fails naming `what` after the time-out."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = look()
        if found is not None and found is not False:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_s:.0f} s: {what}")


class LiveSystem:
    """`hedgerow up` as a child process; its state is read from the store, as any other program would."""

    def __init__(self, home: Path, *arguments: str) -> None:
        names = [name for name in SERVICES if name != "strategy"] + [STRATEGY]
        ports = free_ports(2 * len(names))
        self.home = home
        self.broker_port, self.admin_port, _ = neighbouring_ports(3)
        self.ports = dict(zip(names, ports, strict=False))
        self.metrics = dict(zip(names, ports[len(names) :], strict=False))
        endpoints = {n: {"port": self.ports[n], "metrics_port": self.metrics[n]} for n in names}
        self._sets = ("--set", f"broker.port={self.broker_port}", "--set", f"endpoints={json.dumps(endpoints)}",
                      "--set", "broker.retry_interval_s=0.5", "--set", "status.heartbeat_interval_s=0.3")  # fmt: skip
        self.environment = {**os.environ, "HEDGEROW_HOME": str(home), "COLUMNS": "200"}
        self.log = home / "up.txt"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [str(HEDGEROW), "up", *self._sets, *arguments], env=self.environment, stdout=out, stderr=out
            )

    @property
    def root(self) -> Path:
        return self.home / "live"

    def wait_up(self) -> None:
        until("the table of processes", lambda: "is up" in self.log.read_text(), 90)

    def snapshot(self) -> dict[str, Any] | None:
        path = self.root / "store" / f"{STRATEGY}.db"
        if not path.is_file():
            return None
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            try:
                row = connection.execute("select snapshot from status_current").fetchone()
            except sqlite3.OperationalError:
                return None
        return json.loads(row[0]) if row else None

    def until_snapshot(
        self, what: str, holds: Callable[[dict[str, Any]], Any], timeout_s: float = 60.0
    ) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            snapshot = self.snapshot()
            return snapshot if snapshot is not None and holds(snapshot) else None

        return until(what, look, timeout_s)

    def pid_of(self, name: str) -> int:
        return int(json.loads((self.root / "run" / f"{name}.json").read_text())["pid"])

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

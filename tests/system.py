"""A whole system started through the command line in a folder of its own, looked at from outside and ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.rows import dict_row

from hedgerow.catalog import ENTRIES
from hedgerow.cli.ports import free_ports, neighbouring_ports
from hedgerow.cli.supervisor import is_serving
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.location import StoreLocation, location_of
from hedgerow.store.status_reader import document

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
STRATEGY = "gamma-scalper"
START_S = 120.0
END_S = 20.0


def until(condition: Callable[[], T], what: str, limit_s: float = 30.0) -> T:
    """Waits until `condition` gives something true and returns it; fails naming `what`."""
    deadline = time.monotonic() + limit_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {limit_s:.0f} s: {what}")
        time.sleep(0.05)
    return found


class System:
    """`hedgerow up` in `home`: every process on a free port; `broker_port` is where it looks for its gateway.

    `ports` and `metrics` are by process, `daemon` is the strategy's. A context manager: everything has ended when
    it exits.
    """

    def __init__(self, home: Path, *arguments: str, sets: tuple[str, ...] = ()) -> None:
        self.home = home
        self.state = StateDir(home / "live")
        self.strategy = STRATEGY
        self.daemon = f"strategy-{STRATEGY}"
        self.broker_port, self.admin_port, _ = neighbouring_ports(3)
        names = [*(name for name in ENTRIES if name not in ("ibsim", "strategy", "guard")), self.daemon]
        ports = free_ports(2 * len(names))
        self.ports = dict(zip(names, ports, strict=False))
        self.metrics = dict(zip(names, ports[len(names) :], strict=True))
        pairs = [f"broker.port={self.broker_port}"]
        for name in names:
            endpoint = {"port": self.ports[name], "metrics_port": self.metrics[name]}
            pairs.append(f"endpoints.{name}={json.dumps(endpoint)}")
        self._arguments = [*arguments, *(word for pair in (*pairs, *sets) for word in ("--set", pair))]
        self._log = home / "up.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._known: tuple[int, StoreLocation] | None = None
        # Machine code of the kernel is the same for every system: compiled once, not once per folder.
        cache = ROOT / "build" / "kernel-cache"
        cache.mkdir(parents=True, exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        (home / "cache").symlink_to(cache)

    @property
    def environment(self) -> dict[str, str]:
        """What its processes and our commands run with."""
        paths = os.pathsep.join((str(ROOT / "libs"), str(ROOT)))
        return {**os.environ, "HEDGEROW_HOME": str(self.home), "PYTHONPATH": paths, "COLUMNS": "200"}

    @property
    def settings(self) -> Settings:
        """What it runs with."""
        return Settings.read(self.state.settings_file)

    @property
    def http(self) -> str:
        """Base address of its gateway."""
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def __enter__(self) -> System:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self) -> None:
        """Starts it and waits until every process serves."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hedgerow.cli", "up", *self._arguments], cwd=self.home, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        until(self._serves, "every process serves", START_S)

    def _serves(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"`hedgerow up` ended with {self.process.returncode}: {self.said()[-2000:]}")
        if "hedgerow is up" not in self.said():
            return False
        return all(is_serving("127.0.0.1", port) for name, port in self.ports.items() if name != "gateway")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit code; kills what does not end in time, and fails."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail(f"`hedgerow up` still ran {END_S:.0f} s after {number.name}")

    def said(self) -> str:
        """What `hedgerow up` printed."""
        return self._log.read_text(errors="replace")

    def run(self, *arguments: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
        """Runs `hedgerow ARGUMENTS` beside it, on the same state root."""
        return subprocess.run(
            [sys.executable, "-m", "hedgerow.cli", *arguments], cwd=self.home, env=self.environment,
            capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts `hedgerow ARGUMENTS` beside it; the caller ends it."""
        with (self.home / "spawned.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "hedgerow.cli", *arguments], cwd=self.home, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def database(self, owner: str) -> Path:
        """The file one process writes."""
        return self.state.store_dir / f"{owner}.db"

    def query(self, owner: str, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of one database, read with nothing of ours but its address; `?` for values."""
        place = self._place()
        if place.url:
            options = f"-c search_path={place.schema(owner)}"
            with psycopg.connect(place.url, options=options, row_factory=dict_row) as server:
                return server.execute(sql.replace("?", "%s").encode(), values or None).fetchall()
        with closing(sqlite3.connect(f"file:{self.database(owner)}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def _place(self) -> StoreLocation:
        """Where it stores, read anew when the settings are: reading them takes longer than a query."""
        file = self.state.settings_file
        changed = file.stat().st_mtime_ns if file.is_file() else 0
        if self._known is None or self._known[0] != changed:
            self._known = (changed, location_of(self.state))
        return self._known[1]

    def snapshot(self) -> dict[str, Any]:
        """The strategy's current snapshot; empty before the first."""
        owner = f"strategy-{self.strategy}"
        place = self._place()
        if not place.url and not self.database(owner).is_file():
            return {}
        try:
            rows = self.query(owner, "select snapshot from status_current")
        except psycopg.errors.UndefinedTable:
            return {}
        return document(rows[0]["snapshot"], owner) if rows else {}

    def await_snapshot(
        self, what: str, holds: Callable[[dict[str, Any]], object], limit_s: float = 60.0
    ) -> dict[str, Any]:
        """The first snapshot of which `holds` is true; fails naming `what`."""

        def look() -> dict[str, Any]:
            snapshot = self.snapshot()
            return snapshot if snapshot and holds(snapshot) else {}

        return until(look, what, limit_s)

    def await_state(self, *states: str, limit_s: float = 60.0) -> dict[str, Any]:
        """The snapshot once the daemon is in one of these states."""
        return self.await_snapshot(f"the daemon in {states}", lambda s: s["daemon_state"] in states, limit_s)

    def pid(self, name: str) -> int:
        """Process id of one of its processes."""
        return int(json.loads((self.state.run_dir / f"{name}.json").read_text())["pid"])


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def keep_logs(system: System, to: Path) -> None:
    """Copies a system's logs where they outlive it."""
    shutil.copytree(system.state.logs_dir, to, dirs_exist_ok=True)

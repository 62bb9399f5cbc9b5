"""What every check is given: the running system it looks at from outside, and how to read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import grpc

from hedgerow import state_dir
from hedgerow.cli.check.result import Failed, require
from hedgerow.cli.check.web import Web
from hedgerow.cli.supervisor import is_serving
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.settings import BrokerMode, Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.location import StoreLocation, location_of, status_location_of
from hedgerow.store.read import Row, read_history, read_status

T = TypeVar("T")

POLL_S = 0.05
RPC_TIMEOUT_S = 10.0
SUBPROCESS_TIMEOUT_S = 60.0
STARTING_S = 60.0
NS_PER_S = 1_000_000_000
RUNNING = ("RUNNING", "RUNNING_SUSPENDED")


@dataclass
class Context:
    """A running system, the options of this run, and what checks share; a context manager over its channels."""

    state: StateDir
    settings: Settings
    skip_ib: bool = False
    signal_test: bool = False
    tries: int = 1
    tell: Callable[[str], None] = lambda _: None
    shared: dict[str, Any] = field(default_factory=dict)
    """Work several criteria rest on, done once, by name."""
    _channels: dict[str, grpc.Channel] = field(default_factory=dict)

    def __enter__(self) -> Context:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for channel in self._channels.values():
            channel.close()

    @property
    def store(self) -> StoreLocation:
        """Where the system's databases are."""
        return location_of(self.state, self.settings)

    @property
    def history_store(self) -> StoreLocation:
        """Where the current view and the history are, when they are in a database."""
        return status_location_of(self.state, self.settings)

    @property
    def strategies(self) -> list[str]:
        """Names of the configured strategies; raises Failed when there is none."""
        names = [strategy.name for strategy in self.settings.strategies]
        require(names, "no strategy is configured: there is no daemon to look at")
        return names

    @property
    def simulated(self) -> bool:
        """Whether only simulated accounts can be reached: the only ones probe orders are for."""
        accounts = [strategy.account for strategy in self.settings.strategies]
        return self.settings.broker.mode is BrokerMode.SIM and all(name.startswith("SIM") for name in accounts)

    def channel(self, name: str) -> grpc.Channel:
        """The channel to one process."""
        if name not in self._channels:
            endpoint = self.settings.endpoints[name]
            self._channels[name] = grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}")
        return self._channels[name]

    def once(self, name: str, work: Callable[[], T]) -> T:
        """The result of `work`, done at the first call and remembered, its failure too."""
        if name not in self.shared:
            try:
                self.shared[name] = work()
            except Failed as error:
                self.shared[name] = error
        result = self.shared[name]
        if isinstance(result, Failed):
            raise Failed(*result.args)
        return result  # type: ignore[no-any-return]

    def until(self, condition: Callable[[], T], limit_s: float, otherwise: Callable[[], str] | str) -> T:
        """Waits for `condition` to give something true and returns it; raises Failed saying `otherwise`."""
        deadline = time.monotonic() + limit_s
        while not (found := condition()):
            if time.monotonic() > deadline:
                text = otherwise if isinstance(otherwise, str) else otherwise()
                raise Failed(f"{text} (waited {limit_s:.0f} s)")
            time.sleep(POLL_S)
        return found

    @property
    def web(self) -> Web:
        """The system's gateway; raises Failed when it has none."""
        return Web(self.settings)

    @property
    def file_sink(self) -> Path | None:
        """The file the status sink writes, None when it is a database."""
        parts = urlsplit(self.settings.status.sink)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None

    def current(self, strategy: str) -> dict[str, Any]:
        """The current snapshot in the sink, empty when there is none yet."""
        if self.file_sink is not None:
            text = self.file_sink.read_text() if self.file_sink.is_file() else "{}"
            return dict(json.loads(text))
        for row in read_status(self.history_store):
            if row["strategy"] == strategy:
                return document(row["snapshot"])
        return {}

    def awaited(self, strategy: str) -> dict[str, Any]:
        """The current snapshot; raises Failed when there is none in time."""
        return self.until(lambda: self.current(strategy), STARTING_S, f"{strategy} wrote no snapshot")

    def await_running(self, strategy: str) -> None:
        """Waits until the daemon may work; raises Failed with the state it stays in."""

        def running() -> bool:
            return self.current(strategy).get("daemon_state") in RUNNING

        self.until(running, STARTING_S, lambda: f"{strategy} stays in {self.current(strategy).get('daemon_state')}")

    def history(
        self, strategy: str, since_ns: int | None = None, until_ns: int | None = None, limit: int | None = None
    ) -> list[Row]:
        """Snapshots in the sink's history, newest first, between two wall times; `snapshot` decoded."""
        rows = read_history(self.history_store, strategy, since_ns=since_ns, until_ns=until_ns, limit=limit)
        return [{**row, "snapshot": document(row["snapshot"])} for row in rows]


def document(value: Any) -> dict[str, Any]:
    """A JSON document of the store, decoded or not."""
    return dict(json.loads(value) if isinstance(value, str) else value)


def other_process(*arguments: str, expected: tuple[int, ...] = (0,)) -> str:
    """Runs Python in another process and returns what it printed; raises Failed with its last words."""
    paths = os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
        timeout=SUBPROCESS_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode not in expected:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Failed(f"`{' '.join(arguments)[:120]}` ended with {done.returncode}: {said[-1] if said else 'silence'}")
    return done.stdout if done.returncode == 0 else done.stderr


def serving(settings: Settings) -> list[str]:
    """The processes of a session that answer their health check."""
    return [name for name, e in settings.endpoints.items() if is_serving(e.host, e.port, name)]


def find_system(session: str) -> tuple[StateDir, Settings]:
    """The session to check: the one named, else `live` where it runs, else the latest one.

    Raises InvalidValue for an unknown session, FailedPrecondition when nothing of it runs.
    """
    found: list[StateDir] = []
    for name in [session] if session else ["live", "latest"]:
        try:
            found.append(state_dir.resolve(name))
        except InvalidValue:
            if session:
                raise  # a wrong name; without one, that nothing has run yet is told below
    for state in found:
        if state.settings_file.is_file():
            settings = Settings.read(state.settings_file)
            if serving(settings):
                return state, settings
    places = ", ".join(dict.fromkeys(str(state.root) for state in found)) or str(state_dir.home())
    raise FailedPrecondition(
        f"session: nothing runs in {places}; start it with `hedgerow up --sim`, or `hedgerow up` with --skip-ib here",
        "NOT_RUNNING",
    )

"""Starts the processes of one system as children, watches them, and ends them all."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hedgerow.catalog import ENTRIES, GATEWAY
from hedgerow.domain.errors import FailedPrecondition, Unavailable
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir

_POLL_S = 0.05
_GRACE_S = 8.0
# Who ends together; later ones serve earlier ones to their end.
_WAVES = (
    {"strategy", GATEWAY},
    {"control", "stats", "portfolio", "execution"},
    {"risk", "market-data", "guard"},
    {"ibsim"},
)


class Child:
    """One process: its name, the catalog's name of its kind, and where it talks to."""

    def __init__(self, name: str, entry: str, arguments: Sequence[str], state: StateDir) -> None:
        self.name = name
        self.entry = entry
        self.log = state.logs_dir / f"{name}.err"
        with self.log.open("ab") as stderr:
            self._begins = stderr.tell()  # what is before was said by others of its name
            self.process = subprocess.Popen(
                [sys.executable, "-m", ENTRIES[entry].module, *arguments, "--parent", str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
            )

    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self.process.poll()

    def failure(self) -> str | None:
        """Why it ended, in its own last words; None while it runs."""
        code = self.process.poll()
        if code is None:
            return None
        with self.log.open("rb") as said:
            said.seek(self._begins)
            lines = said.read().decode(errors="replace").strip().splitlines()
        return f"{self.name} ended with code {code}: {lines[-1] if lines else 'it said nothing'}"


class Supervisor:
    """Context manager over the children; every one has ended when it exits."""

    def __init__(self, settings: Settings, state: StateDir) -> None:
        self._settings = settings
        self._state = state
        self.children: dict[str, Child] = {}

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, arguments: Sequence[str], key: str = "") -> None:
        """Starts one catalog process; `key` names it among several of a kind."""
        child_name = key or name
        self.children[child_name] = Child(child_name, name, arguments, self._state)

    def wait_serving(
        self, names: Iterable[str], timeout_s: float = 60.0, tick: Callable[[], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Blocks until each named process answers SERVING; raises Unavailable with its last words when it cannot.

        `check` replaces the look for a child that ended by itself.
        """
        waiting = dict.fromkeys(names)
        deadline = time.monotonic() + timeout_s
        while waiting:
            (check or self.check)()
            for name in list(waiting):
                endpoint = self._settings.endpoints[name]
                if is_serving(endpoint.host, endpoint.port, name):
                    del waiting[name]
            if waiting and time.monotonic() > deadline:
                raise Unavailable(
                    f"not serving after {timeout_s:.0f} s: {', '.join(waiting)}; see {self._state.logs_dir}"
                )
            if tick:
                tick()
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Raises FailedPrecondition naming the first child that ended by itself."""
        for child in self.children.values():
            failure = child.failure()
            if failure:
                raise FailedPrecondition(failure, "PROCESS_ENDED")

    def stop(self, names: Iterable[str] | None = None) -> dict[str, int]:
        """Ends the named children (default all) and returns their exit codes by name.

        Strategies end first, while execution still takes their cancels; whoever others lean on ends after them.
        """
        wanted = set(self.children if names is None else names)
        chosen = [child for name, child in self.children.items() if name in wanted]
        codes: dict[str, int] = {}
        for wave in _WAVES:
            codes |= self._end([child for child in chosen if child.entry in wave])
        return codes

    def _end(self, chosen: Sequence[Child]) -> dict[str, int]:
        """SIGTERM to these at once, SIGKILL after a grace."""
        for child in chosen:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        codes = {}
        for child in chosen:
            try:
                codes[child.name] = child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                codes[child.name] = child.process.wait()
            self.children.pop(child.name, None)
        return codes


def is_serving(host: str, port: int, name: str = "", timeout_s: float = 1.0) -> bool:
    """Whether a Hedgerow process there answers its overall health check: over HTTP where `name` is the gateway's."""
    if name == GATEWAY:
        return _is_alive(host, port, timeout_s)
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _is_alive(host: str, port: int, timeout_s: float) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def is_listening(port: int, timeout_s: float = 1.0) -> bool:
    """Whether something accepts connections on that loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=timeout_s).close()
    except OSError:
        return False
    return True


def wait_listening(port: int, check: Callable[[], None], timeout_s: float = 30.0) -> None:
    """Blocks until something accepts connections on that loopback port; `check` may raise meanwhile."""
    deadline = time.monotonic() + timeout_s
    check()
    while not is_listening(port):
        if time.monotonic() > deadline:
            raise Unavailable(f"nothing listens on 127.0.0.1:{port} after {timeout_s:.0f} s")
        time.sleep(_POLL_S)
        check()

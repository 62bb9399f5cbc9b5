"""A fork server: service processes are copies of one that has imported everything and opened nothing.

A process of gRPC cannot be forked, so the nursery is made before any gRPC object exists and never makes one. What it
forks runs the service's own `main`, on its own files and sockets, and ends like any process of the service.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

from hedgerow import failpoints
from hedgerow.catalog import ENTRIES
from hedgerow.domain.errors import Unavailable
from hedgerow.ib.library import library

SERVICES = ("execution", "risk", "portfolio", "control", "market-data", "guard")
CONTROL_S = 10.0
"""Wall seconds a process may take to say that it is armed; one that is stopped does not."""
_LINE = 1 << 16


def preload() -> None:
    """Imports what the services need, so that a copy starts in milliseconds; opens nothing."""
    library()
    for name in SERVICES:
        importlib.import_module(ENTRIES[name].module)
    for module in ("hedgerow.ib.session", "sqlalchemy.dialects.sqlite.pysqlite"):
        importlib.import_module(module)


class Child:
    """A service process: armed, stopped, continued and killed by the rig; `status` once it has ended."""

    def __init__(self, nursery: Nursery, name: str, pid: int, control: socket.socket) -> None:
        self.name, self.pid = name, pid
        self.status: int | None = None
        self._nursery, self._control = nursery, control
        control.settimeout(CONTROL_S)
        self._descriptor = os.pidfd_open(pid)

    def arm(self, text: str) -> None:
        """Arms failpoints in the running process; empty disarms all. Raises Unavailable when it has ended."""
        try:
            self._control.sendall(text.encode() + b"\n")
            if self._control.recv(1) == b"!":
                return
        except OSError:
            pass
        raise Unavailable(f"{self.name} has ended", "ENDED")

    def passed(self, name: str, nth: int = 1) -> bool:
        """Whether the armed failpoint was passed `nth` times; one that ended the process says so by that."""
        if not self.alive:
            return True
        try:
            self._control.sendall(f"?{name}\n".encode())
            return int(self._control.recv(16)) >= nth
        except (OSError, ValueError):
            return True  # it ended just now

    @property
    def alive(self) -> bool:
        """Whether it has not ended; a stopped process is alive."""
        if self.status is None:
            self.status = self._nursery.ask({"reap": self.pid})["status"]
            if self.status is not None:
                self._close()
        return self.status is None

    @property
    def stopped(self) -> bool:
        """Whether a SIGSTOP holds it."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return self.status is None and stat.rpartition(")")[2].split()[0] == "T"

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, unless it has ended."""
        if self.status is None:
            signal.pidfd_send_signal(self._descriptor, number)

    async def ended(self, limit_s: float) -> bool:
        """Waits until it has ended; whether it did in time."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        if not self.alive:
            return True
        loop.add_reader(self._descriptor, over.set)
        try:
            async with asyncio.timeout(limit_s):
                await over.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._descriptor)
        return not self.alive

    async def kill(self) -> None:
        """SIGKILL, and waits."""
        self.signal(signal.SIGKILL)
        await self.ended(10.0)

    def _close(self) -> None:
        os.close(self._descriptor)
        self._control.close()


class Nursery:
    """The fork server, itself forked from the process that makes it: make it before any gRPC object exists."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            _tend(theirs)
        theirs.close()

    def start(self, name: str, state: Path, failpoints_text: str = "") -> Child:
        """A new process of the service on the state folder, armed from its first line on."""
        ours, theirs = socket.socketpair()
        message = json.dumps({"start": name, "state": str(state), "failpoints": failpoints_text})
        socket.send_fds(self._socket, [message.encode()], [theirs.fileno()])
        theirs.close()
        return Child(self, name, int(self._answer()["pid"]), ours)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """One question to the fork server."""
        self._socket.send(json.dumps(message).encode())
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        data = self._socket.recv(_LINE)
        if not data:
            raise Unavailable("the nursery has ended", "ENDED")
        answer: dict[str, Any] = json.loads(data)
        return answer

    def close(self) -> None:
        """Ends it; what it started ends with it."""
        self._socket.close()
        os.waitpid(self.pid, 0)


def _tend(requests: socket.socket) -> None:
    """The fork server's loop; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # pages the copies share stay shared
    children: set[int] = set()
    while True:
        data, descriptors, _, _ = socket.recv_fds(requests, _LINE, 1)
        if not data:
            break
        message = json.loads(data)
        if "reap" in message:
            pid, status = os.waitpid(message["reap"], os.WNOHANG)
            children.discard(pid)
            answer = {"status": os.waitstatus_to_exitcode(status) if pid else None}
        else:
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                requests.close()
                _become(message["start"], message["state"], message["failpoints"], descriptors[0], parent)
            os.close(descriptors[0])
            children.add(pid)
            answer = {"pid": pid}
        requests.send(json.dumps(answer).encode())
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)
    os._exit(0)


def _become(name: str, state: str, text: str, control: int, parent: int) -> None:
    """In the copy: runs the service's main on its own; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    out = os.open(Path(state) / "logs" / f"{name}.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    failpoints.arm(text)
    threading.Thread(target=_obey, args=(control,), daemon=True, name="failpoints").start()
    code = 1
    try:
        main = importlib.import_module(ENTRIES[name].module).main
        code = main(["--state", state, "--parent", str(parent)])
    finally:
        os._exit(code)


def _obey(control: int) -> None:
    """Arms what the rig says, line by line, and says how often a place was passed."""
    connection = socket.socket(fileno=control)
    pending = b""
    while data := connection.recv(_LINE):
        pending += data
        while b"\n" in pending:
            line, _, pending = pending.partition(b"\n")
            if line.startswith(b"?"):
                connection.sendall(str(failpoints.hits(line[1:].decode())).encode())
            else:
                failpoints.arm(line.decode())
                connection.sendall(b"!")


def wait_stopped(child: Child, limit_s: float) -> bool:
    """Whether a SIGSTOP came to hold it in time; blocks, for tests."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if child.stopped:
            return True
        time.sleep(0.002)
    return False

"""Two machines on one: network namespaces joined by a cable, or, where none can be made, two folders on loopback."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.system import END_S, ROOT

NAMESPACES, FOLDERS = "network-namespaces", "two-folders"
RUN_S = 120.0


@functools.cache
def way() -> str:
    """Which of the two this machine can do."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "nsenter"))):
        return FOLDERS
    trial = "ip link add left type veth peer name right && mount -t tmpfs none /mnt"
    done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", trial], capture_output=True, check=False)
    return FOLDERS if done.returncode else NAMESPACES


class Machine:
    """Runs commands with a state folder, and in its own network; sees nothing of the other machine's folder."""

    def __init__(self, name: str, address: str, home: Path, other_home: Path, namespace: str) -> None:
        self.name, self.address, self.home = name, address, home
        self._processes: list[subprocess.Popen[bytes]] = []
        self._inside: list[str] = []
        if namespace:
            hide = 'mount -t tmpfs none "$0" && exec "$@"'
            self._inside = ["nsenter", f"--net=/run/netns/{namespace}"]
            self._inside += ["unshare", "--mount", "sh", "-c", hide, str(other_home)]
        cache = ROOT / "build" / "kernel-cache"
        cache.mkdir(parents=True, exist_ok=True)
        home.mkdir()
        (home / "cache").symlink_to(cache)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a Python module or script with its arguments, to the end."""
        return subprocess.run(
            [*self._inside, sys.executable, *command], cwd=self.home, env=self._environment, capture_output=True,
            text=True, timeout=RUN_S, check=False,
        )  # fmt: skip

    def hedgerow(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `hedgerow ARGUMENTS`."""
        return self.run("-m", "hedgerow.cli", *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts `hedgerow ARGUMENTS`, which ends with the machine at the latest."""
        with (self.home / "started.log").open("ab") as log:
            process = subprocess.Popen(
                [*self._inside, sys.executable, "-m", "hedgerow.cli", *arguments], cwd=self.home,
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._processes.append(process)
        return process

    @property
    def _environment(self) -> dict[str, str]:
        paths = os.pathsep.join((str(ROOT / "libs"), str(ROOT)))
        return {**os.environ, "HEDGEROW_HOME": str(self.home), "PYTHONPATH": paths}

    def ended(self) -> list[int]:
        """Exit codes of the processes started here that have ended."""
        return [code for process in self._processes if (code := process.poll()) is not None]

    def said(self) -> str:
        """What its processes printed."""
        log = self.home / "started.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def end(self) -> None:
        """Ends everything started here."""
        alive = [process for process in self._processes if process.poll() is None]
        for process in alive:
            process.send_signal(signal.SIGTERM)
        for process in alive:
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Lan:
    """Machines `a` and `b`, and the address `database` that both reach; a context manager.

    With namespaces: a cable between the two, and one from each to this machine, where the database is.
    """

    def __init__(self, folder: Path) -> None:
        self._names: list[str] = []
        homes = folder / "machine-a", folder / "machine-b"
        if way() == FOLDERS:
            self.database = "127.0.0.1"
            addresses, names = ("127.0.0.1", "127.0.0.1"), ("", "")
        else:
            net = f"10.213.{os.getpid() % 250}"
            self.database = f"{net}.1"
            addresses, names = (f"{net}.9", f"{net}.10"), (f"hr{os.getpid()}a", f"hr{os.getpid()}b")
        self.a = Machine("A", addresses[0], homes[0], homes[1], names[0])
        self.b = Machine("B", addresses[1], homes[1], homes[0], names[1])
        if way() == NAMESPACES:
            try:
                self._lay_cables(*names, net)
            except BaseException:
                self.close()
                raise

    def _lay_cables(self, a: str, b: str, net: str) -> None:
        for name in (a, b):
            _ip("netns", "add", name)
            self._names.append(name)
            _ip("-n", name, "link", "set", "lo", "up")
        # name of this end, namespace and address of the other; a link of four addresses each
        for name, here, there in ((a, f"{net}.1", f"{net}.2"), (b, f"{net}.5", f"{net}.6")):
            _ip("link", "add", f"{name}0", "type", "veth", "peer", "name", "up0", "netns", name)
            _ip("address", "add", f"{here}/30", "dev", f"{name}0")
            _ip("link", "set", f"{name}0", "up")
            _ip("-n", name, "address", "add", f"{there}/30", "dev", "up0")
            _ip("-n", name, "link", "set", "up0", "up")
        _ip("-n", b, "route", "add", self.database, "via", f"{net}.5")
        _ip("-n", a, "link", "add", "lan0", "type", "veth", "peer", "name", "lan0", "netns", b)
        for machine, name in ((self.a, a), (self.b, b)):
            _ip("-n", name, "address", "add", f"{machine.address}/30", "dev", "lan0")
            _ip("-n", name, "link", "set", "lan0", "up")

    def __enter__(self) -> Lan:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: TracebackType | BaseException | None) -> None:
        self.close()
        if kind is not None:
            print(self.a.said()[-3000:], self.b.said()[-3000:], sep="\n--- machine B\n")

    def close(self) -> None:
        """Ends both machines and takes the cables away."""
        for machine in (self.b, self.a):
            machine.end()
        while self._names:
            _ip("netns", "delete", self._names.pop())  # its ends of the cables, and so the others, go with it


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")

"""Starts one simulated gateway as a process and talks to its admin socket; standard library only.

The clients' own environments do not have Hedgerow installed, so nothing here may import it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SYMBOL = "SIMX"
EXPIRY = "20240328"
SECOND_NS = 1_000_000_000
OPEN_NS = 1_709_562_600 * SECOND_NS  # 2024-03-04 09:30 New York, the synthetic market's first day
CLOSE_NS = 1_709_586_000 * SECOND_NS


class Gateway:
    """A simulated gateway process, paused half an hour into its first session unless told otherwise."""

    def __init__(self, python: str, folder: Path | None = None, **config: Any) -> None:
        self.python = python
        self._temporary = tempfile.TemporaryDirectory(prefix="conformance-")
        self.folder = folder or Path(self._temporary.name)
        settings = {
            "port": 0, "book_file": str(self.folder / "book.db"), "clock_file": str(self.folder / "clock"),
            "wire_log": str(self.folder / "wire.log"), "start_ns": OPEN_NS + 1800 * SECOND_NS, **config,
        }  # fmt: skip
        self.config_file = self.folder / "ibsim.json"
        self.config_file.write_text(json.dumps(settings))
        self.start()

    def start(self) -> None:
        """Start the process, again after `kill`."""
        environment = dict(os.environ)
        environment["PYTHONPATH"] = str(ROOT / "libs")
        command = [self.python, "-m", "hedgerow.ibsim.main", "--config", str(self.config_file)]
        with (self.folder / "ibsim.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--parent", str(os.getpid())], env=environment, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the simulated gateway did not start: " + (self.folder / "ibsim.log").read_text())
        ports = json.loads(line)
        self.port, self.admin_port = int(ports["listening"]), int(ports["admin"])

    def admin(self, command: str, **arguments: Any) -> dict[str, Any]:
        """One admin command; its answer."""
        with socket.create_connection(("127.0.0.1", self.admin_port), timeout=10) as connection:
            connection.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline())
        if not answer["ok"]:
            raise AssertionError(f"{command}: {answer['error']}")
        return answer

    def quote(self, instrument_id: str, bid: float | None, ask: float | None, size: int = 1000) -> None:
        """Set and publish one quote, the same size on both sides."""
        self.admin("set_quote", instrument_id=instrument_id, bid=bid, ask=ask, bid_size=size, ask_size=size)

    def kill(self) -> None:
        """End the process with SIGKILL; its files stay."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def stop(self) -> None:
        """SIGTERM, and everything removed."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self.clean()

    def clean(self) -> None:
        """Remove the folder, when it was made here."""
        self._temporary.cleanup()

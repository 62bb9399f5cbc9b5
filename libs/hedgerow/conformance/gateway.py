"""Starts simulated gateways, talks to their admin sockets and reads their wire logs.

The clients' own environments do not have Hedgerow's dependencies, so the gateway runs with Hedgerow's
own Python, in a process of its own; whatever is imported here and below needs the standard library only.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

from hedgerow.ibsim.wirelog import UNKNOWN_CLIENT, Direction, read_wire_log

SOURCES = Path(__file__).resolve().parents[2]
SYMBOL = "SIMX"
EXPIRY = "20240328"
SECOND_NS = 1_000_000_000
OPEN_NS = 1_709_562_600 * SECOND_NS  # 2024-03-04 09:30 New York, the synthetic market's first day
CLOSE_NS = 1_709_586_000 * SECOND_NS


def _start(python: str, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    with log.open("ab") as errors:
        return subprocess.Popen(
            [python, "-m", *arguments, "--parent", str(os.getpid())],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _line(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    answers: IO[bytes] | None = process.stdout
    assert answers is not None
    line = answers.readline()
    if not line:
        raise RuntimeError("the simulated gateway did not start: " + log.read_text(errors="replace"))
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise RuntimeError(f"the simulated gateway did not start: {answer['error']}")
    return answer


class GatewayHost:
    """One process that runs every scenario's gateway; started at the first one."""

    def __init__(self, python: str) -> None:
        self.python = python
        self._folder = tempfile.TemporaryDirectory(prefix="conformance-")
        self._log = Path(self._folder.name) / "host.log"
        self._process: subprocess.Popen[bytes] | None = None

    def _ask(self, command: str) -> dict[str, Any]:
        if self._process is None:
            self._process = _start(self.python, self._log, "hedgerow.conformance.host")
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        self._process.stdin.flush()
        return _line(self._process, self._log)

    def start(self, config_file: Path) -> tuple[int, int]:
        """Start a gateway; its port and its admin port."""
        ports = self._ask(f"start {config_file}")
        return int(ports["listening"]), int(ports["admin"])

    def stop(self, admin_port: int) -> None:
        """Stop that gateway."""
        self._ask(f"stop {admin_port}")

    def close(self) -> None:
        """End the process and its gateways."""
        if self._process is not None:
            _end(self._process)
            self._process = None
        self._folder.cleanup()


class Gateway:
    """One simulated gateway, paused half an hour into its first session unless told otherwise."""

    def __init__(self, host: GatewayHost, *, own_process: bool = False, **config: Any) -> None:
        self._host = host
        self._own = own_process
        self._process: subprocess.Popen[bytes] | None = None
        self._temporary = tempfile.TemporaryDirectory(prefix="conformance-")
        self.folder = Path(self._temporary.name)
        self.wire_log = self.folder / "wire.log"
        settings = {
            "port": 0, "book_file": str(self.folder / "book.db"), "clock_file": str(self.folder / "clock"),
            "wire_log": str(self.wire_log), "start_ns": OPEN_NS + 1800 * SECOND_NS, **config,
        }  # fmt: skip
        self.config_file = self.folder / "ibsim.json"
        self.config_file.write_text(json.dumps(settings))
        self.start()

    def start(self) -> None:
        """Start the gateway, again after `stop` or `kill`."""
        if not self._own:
            self.port, self.admin_port = self._host.start(self.config_file)
            return
        log = self.folder / "ibsim.log"
        self._process = _start(self._host.python, log, "hedgerow.ibsim.main", "--config", str(self.config_file))
        ports = _line(self._process, log)
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

    def fault(self, action: str, **parameters: Any) -> None:
        """Arm a scripted fault; docs/simulated-gateway.md lists them."""
        self.admin("fault", action=action, **parameters)

    def clear_faults(self) -> None:
        """End every fault."""
        self.admin("clear_faults")

    def sent(self, message_id: int) -> list[list[str]]:
        """The fields of every message of that kind it has sent so far, from its wire log."""
        return self._logged(Direction.OUT, message_id)

    def received(self, message_id: int) -> list[list[str]]:
        """The same of what clients sent."""
        return self._logged(Direction.IN, message_id)

    def sent_at(self, message_id: int) -> list[int]:
        """When it sent the messages of that kind, CLOCK_MONOTONIC ns."""
        records = read_wire_log(self.wire_log)
        return [r.monotonic_ns for r in records if r.direction is Direction.OUT and r.message_id == message_id]

    def sent_in_order(self) -> list[list[str]]:
        """The fields of everything it has sent to clients it knows, oldest first."""
        records = read_wire_log(self.wire_log)
        return [r.fields for r in records if r.client_id != UNKNOWN_CLIENT and r.direction is Direction.OUT]

    def _logged(self, direction: Direction, message_id: int) -> list[list[str]]:
        records = read_wire_log(self.wire_log)
        # before its client is known a record is part of the handshake
        known = (record for record in records if record.client_id != UNKNOWN_CLIENT)
        return [r.fields for r in known if r.direction is direction and r.message_id == message_id]

    def quote(self, instrument_id: str, bid: float | None, ask: float | None, size: int = 1000) -> None:
        """Set and publish one quote, the same size on both sides."""
        self.admin("set_quote", instrument_id=instrument_id, bid=bid, ask=ask, bid_size=size, ask_size=size)

    def kill(self) -> None:
        """End the gateway's own process with SIGKILL; its files stay."""
        assert self._process is not None, "only a gateway with a process of its own can be killed"
        self._process.kill()
        self._process.wait()
        _end(self._process)

    def stop(self) -> None:
        """Stop it; its files stay."""
        if self._process is not None:
            _end(self._process)
        else:
            self._host.stop(self.admin_port)

    def clean(self) -> None:
        """Remove its files."""
        self._temporary.cleanup()

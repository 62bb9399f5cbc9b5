"""Runs the scenarios in a client library's environment and hands their results on as they come."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from hedgerow.domain.errors import Unavailable

_ENTRY = Path(__file__).with_name("standalone.py")
FIELDS = ("scenario", "client", "server_version", "passed", "detail")


def results(
    client: str, python: Path, *, only: str = "", version: int | None = None, silence_s: float = 180.0
) -> Iterator[dict[str, Any]]:
    """Each scenario's result: FIELDS, and `seconds`.

    The runner sees the environment's own packages only (`-I`), so that it meets the client alone.
    Raises Unavailable when it breaks off, or has nothing to say for `silence_s`: a library may hang for ever.
    """
    command = [python, "-I", _ENTRY, "--client", client, "--server-python", sys.executable, "--only", only]
    if version is not None:
        command += ["--server-version", str(version)]
    last = "the start"
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as runner:
        try:
            assert runner.stdout is not None
            while line := _line(runner.stdout, runner, silence_s):
                result = json.loads(line)
                last = f"{result['scenario']} at {result['server_version']}"
                yield result
        finally:
            if runner.poll() is None and sys.exc_info()[0] is not None:
                runner.terminate()
    if runner.returncode not in (0, 1, 2) or last == "the start":
        reason = f"client {client}: the runner ended with {runner.returncode} after {last}"
        raise Unavailable(reason + f"; a scenario may take {silence_s:.0f} s", "CONFORMANCE_BROKEN")


def _line(pipe: IO[str], runner: subprocess.Popen[str], silence_s: float) -> str:
    """The next line, empty at the end; a runner that is silent for too long is killed."""
    watchdog = threading.Timer(silence_s, runner.kill)
    watchdog.start()
    try:
        return pipe.readline()
    finally:
        watchdog.cancel()

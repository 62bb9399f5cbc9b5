"""Runs the scenarios in a client library's environment and hands their results on as they come."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hedgerow.domain.errors import Unavailable

_ENTRY = Path(__file__).with_name("standalone.py")
FIELDS = ("scenario", "client", "server_version", "passed", "detail")


def results(client: str, python: Path, *, only: str = "", version: int | None = None) -> Iterator[dict[str, Any]]:
    """Each scenario's result: FIELDS, and `seconds`. Raises Unavailable when the runner breaks off.

    The runner sees the environment's own packages only (`-I`), so that it meets the client alone.
    """
    command = [python, "-I", _ENTRY, "--client", client, "--server-python", sys.executable, "--only", only]
    if version is not None:
        command += ["--server-version", str(version)]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as runner:
        try:
            assert runner.stdout is not None
            for line in runner.stdout:
                yield json.loads(line)
        finally:
            if runner.poll() is None and sys.exc_info()[0] is not None:
                runner.terminate()
    if runner.returncode not in (0, 1, 2):
        raise Unavailable(f"client {client}: the runner ended with {runner.returncode}", "CONFORMANCE_BROKEN")

"""The process a backtest runs in: started with its request, heard line by line, ended whole."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import Any

_MODULE = "services.stats.backtest_child"
LONGEST_LINE = 1 << 16
"""Bytes; as much as a pipe holds."""


class Child:
    """A process group of its own; it ends when the pipe its request came through does, however we end."""

    def __init__(self, process: subprocess.Popen[bytes], lines: asyncio.StreamReader, lifeline: int) -> None:
        self._process = process
        self._lines = lines
        self._lifeline = lifeline

    @classmethod
    async def start(cls, request: bytes) -> Child:
        """Starts it; `request` is one line, at most LONGEST_LINE. What it says of a crash goes where ours goes."""
        theirs, ours = os.pipe()
        try:
            os.write(ours, request)
            process = _spawned(theirs)
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        lines = asyncio.StreamReader(limit=LONGEST_LINE)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), process.stdout)
        return cls(process, lines, ours)

    async def line(self) -> dict[str, Any] | None:
        """What it tells next, None at its end."""
        line = await self._lines.readline()
        return json.loads(line) if line else None

    async def last_words(self) -> str:
        """How it ended that told of no result."""
        code = await asyncio.to_thread(self._process.wait)
        words = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"the process that ran it {words} and told of no result"

    def kill(self) -> None:
        """Ends it and all it started, at once."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    async def end(self) -> None:
        """Ends it and waits for that."""
        self.kill()
        await asyncio.to_thread(self._process.wait)
        os.close(self._lifeline)


def _spawned(stdin: int) -> subprocess.Popen[bytes]:
    # Not by the loop: uvloop forks this process with its threads and its gRPC, and some children die of it before
    # they begin. Popen leaves nothing to run between vfork and exec.
    return subprocess.Popen(
        [sys.executable, "-m", _MODULE], stdin=stdin, stdout=subprocess.PIPE, start_new_session=True
    )

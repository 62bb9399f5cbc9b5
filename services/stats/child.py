"""The process a backtest runs in: started with its request, heard line by line, ended whole."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

_MODULE = "services.stats.backtest_child"
LONGEST_LINE = 1 << 16
"""Bytes; as much as a pipe holds."""


class Child:
    """A process group of its own; it ends when the pipe its request came through does, however we end."""

    def __init__(self, process: asyncio.subprocess.Process, lifeline: int) -> None:
        self._process = process
        self._lifeline = lifeline

    @classmethod
    async def start(cls, request: bytes) -> Child:
        """Starts it; `request` is one line, at most LONGEST_LINE."""
        theirs, ours = os.pipe()
        try:
            os.write(ours, request)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _MODULE, stdin=theirs, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, start_new_session=True, limit=LONGEST_LINE,
            )  # fmt: skip
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(process, ours)

    async def line(self) -> dict[str, Any] | None:
        """What it tells next, None at its end."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return json.loads(line) if line else None

    async def last_words(self) -> str:
        """How it ended that told of no result."""
        code = await self._process.wait()
        words = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"the process that ran it {words} and told of no result"

    def kill(self) -> None:
        """Ends it and all it started, at once."""
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    async def end(self) -> None:
        """Ends it and waits for that."""
        self.kill()
        await self._process.wait()
        os.close(self._lifeline)

"""Inside a minimal process: a byte on standard input starts a round, a line on standard output tells its times."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import uvloop

READY = "ready"


def say(*values: object) -> None:
    """One line to whoever started this process."""
    os.write(1, (" ".join(map(str, values)) + "\n").encode())


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Runs `main` on the loop the services use, until standard input ends."""

    async def alone() -> None:
        await main()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(alone())


class Rounds:
    """Standard input as an async iterator: one item per byte, until it is closed."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[bool] | None = None
        asyncio.get_running_loop().add_reader(0, self._readable)

    def _readable(self) -> None:
        go = bool(os.read(0, 1))
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(go)

    async def next(self) -> bool:
        """Waits for the next round; False when there is none."""
        self._waiting = asyncio.get_running_loop().create_future()
        return await self._waiting

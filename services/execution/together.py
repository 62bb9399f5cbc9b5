"""A question that costs the broker much, put once for all who wait for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Calls `ask` one at a time; whoever calls before it is asked gets that answer, whoever calls later the next."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """An answer to a question put after this call. Raises what `ask` raises, for all who wait for it."""
        if self._next is None:
            self._next = asyncio.create_task(self._in_turn())
            self._next.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(self._next)  # one who goes away takes nobody's answer along

    async def _in_turn(self) -> T:
        async with self._turn:
            self._next = None
            return await self._ask()

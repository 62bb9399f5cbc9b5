"""Tasks that live and die together: what a composition root runs beside its server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def run_together(main: Coroutine[Any, Any, None], *beside: Coroutine[Any, Any, None]) -> None:
    """Runs `main` to its end with the others at its side, then cancels them.

    One beside that fails ends all, and its error is raised as it is; one that ends by itself is done.
    """
    leading = asyncio.create_task(main)
    tasks = {leading, *(asyncio.create_task(each) for each in beside)}
    try:
        pending = set(tasks)
        while not leading.done():
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

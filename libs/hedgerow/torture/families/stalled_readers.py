"""Readers that stop reading: nobody else waits for them, and what they get in the end has no gap."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.order import Side
from hedgerow.torture.checks import everything
from hedgerow.torture.registry import Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, until

GROWTH_KB = 64_000
"""What execution may grow by in a case: a few stalled readers hold references, not copies of the world."""


@family("stalled-readers", promise=16, kind=Kind.CRASH, release=300)
async def stalled_readers(seed: int, rig: Rig) -> None:
    """Some readers of execution's reports stop reading while orders fill; one reads on, and each gets all in order."""
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    start = (await world.snapshot()).sequence
    before = _resident_kb(world)
    stalled = [_open(world, start) for _ in range(draw.choice((1, 3, 8)))]
    live = _open(world, start)
    got: list[int] = []
    reading = asyncio.create_task(_read(live, got))
    began = time.monotonic()
    intents = [world.intent(draw.randrange(1, 9), draw.choice((Side.BUY, Side.SELL))) for _ in range(20)]
    await asyncio.gather(*(world.submit(intent) for intent in intents))
    await everything(world, intents)
    newest = (await world.snapshot()).sequence
    await until(lambda: got and got[-1] >= newest, "the reader that reads has everything")
    rig.samples.append(("20 orders beside stalled readers", time.monotonic() - began))
    rig.struck = True
    reading.cancel()
    require(got == list(range(start + 1, got[-1] + 1)), f"a gap or a repeat for the reader that reads: {got}")
    for call in stalled:
        await _catches_up(call, start, newest)
    live.cancel()
    grown = _resident_kb(world) - before
    require(grown < GROWTH_KB, f"execution grew by {grown} kB beside {len(stalled)} stalled readers")


def _open(world: World, start: int) -> Any:
    return world.stub.StreamExecutionReports(execution_pb2.StreamExecutionReportsRequest(start_sequence=start))


async def _read(call: Any, got: list[int]) -> None:
    async for message in call:
        got.extend(report.sequence for report in message.reports.reports)


async def _catches_up(call: Any, start: int, newest: int) -> None:
    late: list[int] = []
    task = asyncio.create_task(_read(call, late))
    await until(lambda: late and late[-1] >= newest, "a reader that stalled has caught up")
    task.cancel()
    require(late == list(range(start + 1, late[-1] + 1)), f"a gap or a repeat for one that stalled: {late}")
    call.cancel()


def _resident_kb(world: World) -> int:
    status = Path(f"/proc/{world.execution.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

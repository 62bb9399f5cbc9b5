"""Whoever follows execution's reports gets each once and in order, wherever the process that tells them died."""

from __future__ import annotations

import asyncio
import random
from functools import cache

import grpc

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.order import Side
from hedgerow.torture.checks import everything
from hedgerow.torture.points import points_of
from hedgerow.torture.registry import Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, until

TELLING = ("log", "writer", "journal", "sqlite", "feed", "stream", "rpc")
RETRY_S = 0.01


@cache
def _telling() -> tuple[str, ...]:
    return points_of(TELLING, frozenset({"log.flatten", "log.flatten_committed"}))


@family("relay", promise=10, kind=Kind.CRASH, release=1_000)
async def relay(seed: int, rig: Rig) -> None:
    """_exit or a failure at each place between the commit and the reader; the reader resumes by sequence."""
    await _case(seed, rig, ("exit", "exit", "raise"))


@family("relay-killed", promise=10, kind=Kind.PROCESS, release=300)
async def relay_killed(seed: int, rig: Rig) -> None:
    """SIGKILL at each place between the commit and the reader; the reader resumes by sequence."""
    await _case(seed, rig, ("kill",))


async def _case(seed: int, rig: Rig, actions: tuple[str, ...]) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    start = draw.choice((0, (await world.snapshot()).sequence))
    reader = Reader(world, start)
    following = asyncio.create_task(reader.follow())
    point, action, nth = draw.choice(_telling()), draw.choice(actions), draw.randrange(1, 4)
    world.note(f"{action} at {point}@{nth}")
    world.execution.arm(f"{point}={action}@{nth}")
    intents = [world.intent(draw.randrange(1, 30), draw.choice((Side.BUY, Side.SELL))) for _ in range(3)]
    await asyncio.gather(*(world.submit(intent, timeout_s=3.0) for intent in intents))
    await world.execution.ended(0.03)
    rig.struck = world.execution.passed(point, nth)
    await world.restart()
    await world.ready()
    await asyncio.gather(*(world.submit(intent) for intent in intents))
    await everything(world, intents)
    await until(lambda: following.done() or reader.last >= _newest(world), "the reader has caught up")
    following.cancel()
    journal = [
        row["client_order_id"] for row in world.rows(f"{ORDER_EVENTS} ORDER BY sequence LIMIT -1 OFFSET {start}")
    ]
    got = reader.got
    require(reader.missed is None, f"a gap or a repeat: after report {reader.last} came {reader.missed}")
    require(got == journal[: len(got)] and len(got) >= len(journal), f"{len(got)} reports of {len(journal)} events")


ORDER_EVENTS = (
    "SELECT json_extract(payload, '$.client_order_id') AS client_order_id FROM journal"
    " WHERE json_extract(payload, '$.client_order_id') IS NOT NULL"
)


def _newest(world: World) -> int:
    return len(world.rows(ORDER_EVENTS))


class Reader:
    """Follows the report stream as a service does: what breaks is opened again after the last sequence."""

    def __init__(self, world: World, start: int) -> None:
        self._world = world
        self.last = start
        self.got: list[str] = []
        self.missed: int | None = None

    async def follow(self) -> None:
        """For ever; ends at a gap."""
        while True:
            request = execution_pb2.StreamExecutionReportsRequest(start_sequence=self.last)
            call = self._world.stub.StreamExecutionReports(request)
            try:
                async for message in call:
                    for report in message.reports.reports:
                        if report.sequence != self.last + 1:
                            self.missed = report.sequence
                            return
                        self.last = report.sequence
                        self.got.append(report.client_order_id)
            except grpc.aio.AioRpcError as error:
                self._world.note(f"reader: {error.code().name}")
            finally:
                call.cancel()
            await asyncio.sleep(RETRY_S)

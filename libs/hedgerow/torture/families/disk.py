"""A disk that takes nothing more: intents are refused, cancels and kills leave all the same."""

from __future__ import annotations

import asyncio
import random
import resource
from functools import partial

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.order import Intent, Side
from hedgerow.torture.checks import everything
from hedgerow.torture.registry import Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, name_of, until

CANCEL_S = 3.0
"""Wall seconds a cancel may take to cross the tap while the disk takes nothing."""


@family("disk-full", promise=11, kind=Kind.CRASH, release=700)
async def disk_full(seed: int, rig: Rig) -> None:
    """No byte can be written any more, or the database's name is gone; then room again, and a start."""
    await _case(seed, rig, kill=False)


@family("disk-full-killed", promise=11, kind=Kind.PROCESS, release=300)
async def disk_full_killed(seed: int, rig: Rig) -> None:
    """As disk-full, and execution is killed while it is full."""
    await _case(seed, rig, kill=True)


async def _case(seed: int, rig: Rig, kill: bool) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    resting = await _resting(world, draw)
    way = draw.choice(("full", "full", "gone"))
    world.note(f"the disk: {way}")
    _break(world, way)
    intents = [world.intent(draw.randrange(1, 20), Side.BUY, strategy=world.strategy(1)) for _ in range(3)]
    answers = await asyncio.gather(*(world.submit(intent, timeout_s=3.0) for intent in intents))
    rig.struck = True
    for answer in answers:
        said = "" if answer is None else name_of(answer.order_status)
        require(said in ("", "DENIED"), f"an intent became {said} while nothing could be written")
    if kill and draw.random() < 0.5:
        await world.execution.kill()
    else:
        await _still_cancels(world, world.named(resting[0]), draw.random() < 0.5)
    _mend(world, way)
    await world.restart()
    await world.ready()
    await everything(world, [*resting, *intents])


async def _resting(world: World, draw: random.Random) -> list[Intent]:
    """Orders that rest at the broker; one that risk refused while it was behind is none."""
    found: list[Intent] = []
    while len(found) < 2:
        await world.ready()
        intent = world.intent(draw.randrange(1, 20), Side.BUY, "745.00")
        answer = await world.submit(intent)
        if answer is not None and name_of(answer.order_status) != "DENIED":
            await until(partial(world.market.orders, world.named(intent)), "it rests at the broker")
            found.append(intent)
    return found


def _break(world: World, way: str) -> None:
    database = world.state.store_dir / "execution.db"
    if way == "full":
        _, most = resource.prlimit(world.execution.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(world.execution.pid, resource.RLIMIT_FSIZE, (0, most))
    else:
        database.rename(database.with_suffix(".away"))


def _mend(world: World, way: str) -> None:
    if way == "gone":
        database = world.state.store_dir / "execution.db"
        database.with_suffix(".away").rename(database)


async def _still_cancels(world: World, name: str, by_kill: bool) -> None:
    """A cancel, or a kill, leaves within its time."""
    known = len(world.tap.cancels)
    if by_kill:
        request = execution_pb2.KillRequest(strategy=world.strategy(0))
        request.operator.request_id = f"k-{name}"
        request.operator.actor = request.operator.reason = "torture"
        call = asyncio.create_task(world.call("Kill", request, 8.0))
    else:
        call = asyncio.create_task(world.call("CancelOrder", _cancel(name), 8.0))
    await until(lambda: len(world.tap.cancels) > known, "a cancel leaves while the disk takes nothing", CANCEL_S)
    await call


def _cancel(name: str) -> execution_pb2.CancelOrderRequest:
    request = execution_pb2.CancelOrderRequest(client_order_id=name)
    request.operator.request_id, request.operator.actor, request.operator.reason = f"c-{name}", "torture", "torture"
    return request

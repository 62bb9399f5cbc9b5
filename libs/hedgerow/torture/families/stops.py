"""Stop, pause and kill at random points under load: once acknowledged, no new order leaves, whatever dies."""

from __future__ import annotations

import asyncio
import random
import time

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.command import CommandKind, NewCommand
from hedgerow.domain.order import Intent, Side
from hedgerow.store.commands import write_command
from hedgerow.torture.checks import everything
from hedgerow.torture.registry import Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, name_of, until

MESSAGES_PER_S = 50
LIMIT_S = 5.0
"""Wall seconds no acknowledgement may take, on any machine; what it takes as a rule is measured."""
GRACE_S = 0.003
"""What crossed the tap's socket before the acknowledgement is read within so long."""
POINTS = (
    "latch.set", "latch.standing", "latch.kept", "operator.latch", "operator.acknowledge", "kill.begin",
    "writer.commit", "sqlite.commit", "sqlite.committed", "submit.admitted", "submit.committed", "submit.place",
    "submit.placed",
)  # fmt: skip


@family("stops", promise=5, kind=Kind.CRASH, release=4_400)
async def stops(seed: int, rig: Rig) -> None:
    """A stop, pause or kill under 50 messages/s; then execution ends by _exit and starts again under the same load."""
    await _case(seed, rig, "exit")


@family("stops-killed", promise=5, kind=Kind.PROCESS, release=600)
async def stops_killed(seed: int, rig: Rig) -> None:
    """As stops, and execution is killed at a failpoint of the latch or the send, or right after its answer."""
    await _case(seed, rig, "kill")


async def _case(seed: int, rig: Rig, action: str) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    held, free = world.strategy(0), world.strategy(1)
    intents = [world.intent(1, Side.BUY, strategy=name) for name in (held, free)]
    await asyncio.gather(*(world.submit(intent) for intent in intents))  # both are known from here on
    before = draw.random() < 0.5
    if before:
        world.execution.arm(f"{draw.choice(POINTS)}={action}@{draw.choice((1, 1, 2))}")
    over = asyncio.Event()
    load = asyncio.create_task(_load(world, draw, (held, free), intents, over))
    await asyncio.sleep(draw.uniform(0.0, 0.25))
    kind, name = draw.choice((CommandKind.STOP, CommandKind.PAUSE, CommandKind.KILL)), f"x{world.case}-{seed}"
    world.note(f"{kind.value} {name} of {held}")
    asked = time.monotonic()
    acknowledged = await _ask(world, kind, name, held)
    if not acknowledged:  # it died over it: asked again, as one whose call broke does
        await world.restart()
        asked = time.monotonic()
        acknowledged = await _ask(world, kind, name, held)
    require(acknowledged, f"{kind.value} was not acknowledged in {LIMIT_S:g} s")
    rig.samples.append(("stop acknowledged", time.monotonic() - asked))
    await asyncio.sleep(GRACE_S)
    since = time.time_ns()
    rig.struck = True
    await asyncio.sleep(draw.choice((0.0, 0.05)))
    if draw.random() < 0.6 or not world.execution.alive:
        await world.restart()
    else:
        await world.go_on()  # what has not struck by now is not to strike what comes after
    await asyncio.sleep(0.05)
    over.set()
    await load
    await world.ready()
    more = world.intent(1, Side.BUY, strategy=held)
    intents.append(more)
    answer = await world.submit(more)
    require(answer is not None and name_of(answer.order_status) == "DENIED", f"after {kind.value}: {answer}")
    strategies = {world.named(intent): intent.strategy for intent in intents}
    late = [seen for seen in world.tap.orders if seen.at_ns > since and strategies.get(seen.client_order_id) == held]
    require(not late, f"{len(late)} orders of {held} left after {kind.value} was acknowledged")
    await everything(world, intents)


async def _load(
    world: World, draw: random.Random, strategies: tuple[str, ...], intents: list[Intent], over: asyncio.Event
) -> None:
    """Intents of all strategies, so many a second, until told that it is over."""
    calls = set()
    while not over.is_set():
        limit = draw.choice((None, None, "745.00"))
        intent = world.intent(draw.randrange(1, 5), Side.BUY, limit, strategy=draw.choice(strategies))
        intents.append(intent)
        calls.add(asyncio.create_task(world.submit(intent, timeout_s=4.0)))
        await asyncio.sleep(1 / MESSAGES_PER_S)
    await asyncio.gather(*calls)


async def _ask(world: World, kind: CommandKind, name: str, strategy: str) -> bool:
    """Asks, by call for a kill, else through the command store; whether execution acknowledged it in time."""
    if kind is CommandKind.KILL:
        request = execution_pb2.KillRequest(strategy=strategy)
        request.operator.request_id, request.operator.actor, request.operator.reason = name, "torture", "torture"
        return await world.call("Kill", request, LIMIT_S) is not None
    command = NewCommand(name, kind, strategy, actor="torture", reason="torture")
    place = world.state.store_dir
    await asyncio.to_thread(write_command, place, command, wall_ns=time.time_ns(), market_ns=world.clock.market_now())
    query = f"SELECT acked_ns FROM command_acks WHERE command_id = '{name}' AND acked_ns > 0"
    child = world.execution
    await until(lambda: world.rows(query) or not child.alive, f"{kind.value} is acknowledged", LIMIT_S)
    return bool(world.rows(query))

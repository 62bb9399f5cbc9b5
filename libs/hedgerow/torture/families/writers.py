"""A writer stopped in the middle of a send, replaced by its standby, and let go: nothing of it gets through."""

from __future__ import annotations

import asyncio
import random
import signal
import time

from hedgerow.domain.order import Intent, Side
from hedgerow.torture.checks import everything
from hedgerow.torture.registry import CaseFailed, Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.setup import LEASE_S
from hedgerow.torture.world import World, name_of, until

CLIENT = 10
TAKEOVER_S = 4.0
"""Wall seconds a takeover may take, eight leases; longer, and the writer before has to be ended."""
POINTS = (
    "submit.claim", "submit.verdict", "submit.approved", "submit.numbered", "submit.admitted", "submit.committed",
    "submit.place", "ib.order", "ib.order_frame", "ib.looked", "ib.order_sent", "submit.placed", "sqlite.commit",
    "sqlite.committed", "writer.commit",
)  # fmt: skip


@family("writers", promise=9, kind=Kind.PROCESS, release=3_000, group=10)
async def writers(seed: int, rig: Rig) -> None:
    """SIGSTOP between claim and send for 0.5 to 10 leases, a standby takes over, SIGCONT; all is brought again."""
    draw = random.Random(seed)
    world = await rig.world("guard", "risk", "execution", guarded=True)
    await world.ready()
    old = world.execution
    point, nth = draw.choice(POINTS), draw.choice((1, 1, 2))
    world.note(f"stop at {point}@{nth}")
    old.arm(f"{point}=stop@{nth}")
    intents = [_intent(world, draw) for _ in range(draw.choice((1, 2, 3)))]
    calls = asyncio.gather(*(world.submit(intent, timeout_s=1.0) for intent in intents))
    await until(lambda: old.stopped or calls.done(), "it stops, or all is answered")
    rig.struck = old.stopped
    if not old.stopped:
        old.signal(signal.SIGSTOP)
    if draw.random() < 0.3:
        # back within its time or a little later: it goes on, or notices that it may not
        await asyncio.sleep(draw.uniform(0.5, 2.0) * LEASE_S)
        old.signal(signal.SIGCONT)
        await calls
        await _goes_on(world)
    else:
        await _taken_over(world, draw, intents)
        await calls
    await asyncio.gather(*(world.submit(intent) for intent in intents))
    await everything(world, intents)


async def _goes_on(world: World) -> None:
    """The same process again, or one in its place where it has ended."""
    await world.go_on()
    world.lead_to(world.execution_port)
    try:
        await world.ready()
    except AssertionError:
        await world.restart()
        await world.ready()


async def _taken_over(world: World, draw: random.Random, intents: list[Intent]) -> None:
    """A standby replaces it; then it is let go, with intents at its own door: nothing of it may leave."""
    old, old_stub = world.execution, world.stub
    await world.run("execution", serves=False)
    try:
        await until(lambda: world.serves("execution"), "the standby serves", TAKEOVER_S)
    except CaseFailed:
        # stopped inside a transaction it holds SQLite's lock, and nobody can write before it has ended
        await old.kill()
        if not world.execution.alive:
            await world.run("execution", serves=False)
        await until(lambda: world.serves("execution"), "the standby serves once the one before has ended")
    world.lead_to(world.execution_port)
    await world.ready()
    if draw.random() < 0.5:
        await asyncio.gather(*(world.submit(intent) for intent in intents))
    await asyncio.sleep(draw.choice((0.0, 0.2, 2.0)) * LEASE_S)
    let_go, newest = time.time_ns(), world.tap.newest_connection(CLIENT)
    old.signal(signal.SIGCONT)
    stray = _intent(world, draw)
    answer = await world.submit(stray, timeout_s=1.0, stub=old_stub)
    said = "" if answer is None else name_of(answer.order_status)
    require(said in ("", "DENIED", "UNKNOWN"), f"the stale writer made {said} of an intent")
    require(not world.tap.new_orders(world.named(stray)), "an order brought to the stale writer reached the gateway")
    await asyncio.sleep(0.05)
    stale = [seen for seen in world.tap.orders if seen.at_ns > let_go and seen.connection < newest]
    require(not stale, f"{len(stale)} orders of a stale writer reached the gateway: {stale[:1]}")
    await old.kill()


def _intent(world: World, draw: random.Random) -> Intent:
    side = draw.choice((Side.BUY, Side.SELL))
    limit = draw.choice((None, "745.00" if side is Side.BUY else "754.00"))
    return world.intent(draw.randrange(1, 50), side, limit)

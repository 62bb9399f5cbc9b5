"""Order ids, whatever the gateway says they are: rolled back, lost with their orders, answered with errors."""

from __future__ import annotations

import asyncio
import random

from hedgerow.domain.order import Intent, Side
from hedgerow.torture.checks import everything
from hedgerow.torture.registry import Kind, family
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World

CLIENT = 10


@family("order-ids", promise=3, kind=Kind.CRASH, release=4_600)
async def order_ids(seed: int, rig: Rig) -> None:
    """nextValidId rolled back, gateways restarted with orders lost, fills during 1100, errors that end nothing."""
    await _case(seed, rig, kill=False)


@family("order-ids-killed", promise=3, kind=Kind.PROCESS, release=400)
async def order_ids_killed(seed: int, rig: Rig) -> None:
    """As order-ids, and execution is killed between the steps."""
    await _case(seed, rig, kill=True)


async def _case(seed: int, rig: Rig, kill: bool) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    intents: list[Intent] = []
    steps = [draw.choice(STEPS) for _ in range(draw.choice((1, 2)))]
    world.note(f"steps {steps}")
    for step in (*steps, ""):
        batch = [_intent(world, draw) for _ in range(draw.choice((1, 2)))]
        intents += batch
        await asyncio.gather(*(world.submit(intent) for intent in batch))
        if step:
            rig.struck = True
            await _take(world, step, draw)
            if kill and draw.random() < 0.7:
                await world.restart()
        await world.ready()
    await everything(world, intents)


STEPS = ("roll_back", "restart", "restart_lossy", "lose_link", "order_error", "unasked")


async def _take(world: World, step: str, draw: random.Random) -> None:
    market = world.market
    match step:
        case "roll_back":
            market.fault("roll_back_ids", client=CLIENT, by=draw.randrange(1, 30))
            if draw.random() < 0.7:
                market.fault("reset", client=CLIENT)  # the next greeting tells it
        case "restart":
            market.fault("restart", down_ms=draw.choice((20, 150)), roll_back_ids=draw.randrange(0, 30))
        case "restart_lossy":
            lost = draw.choice((1, 2))
            market.fault("restart", down_ms=50, lose_last=lost, roll_back_ids=lost + draw.randrange(3))
        case "lose_link":
            market.fault("lose_link")
            market.quote(world.intent().instrument, 744.9, 745.0)
            market.fault("restore_link", data=draw.choice(("kept", "lost")), reports=draw.choice(("kept", "lost")))
            market.restore_quotes()
        case "order_error":
            for order in market.server.simulation.desk.working(CLIENT)[:1]:
                market.fault("order_error", code=draw.choice((10349, 161, 399)), order_id=order.order_id)
        case _:
            market.fault(
                "notice", code=draw.choice((161, 10147, 10148, 10349)), req_id=draw.randrange(1, 9), client=CLIENT
            )


def _intent(world: World, draw: random.Random) -> Intent:
    side = draw.choice((Side.BUY, Side.SELL))
    limit = draw.choice((None, "745.00" if side is Side.BUY else "754.00", "745.00" if side is Side.BUY else "754.00"))
    return world.intent(draw.randrange(1, 50), side, limit, strategy=world.strategy(draw.randrange(3)))

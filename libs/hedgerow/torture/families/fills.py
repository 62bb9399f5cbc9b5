"""Fills over the socket: doubled, out of order, corrected, without their commission, cut off and told again."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from hedgerow.domain.order import Intent, Side
from hedgerow.torture.checks import attribution_agrees, everything
from hedgerow.torture.market import ASK, BID
from hedgerow.torture.registry import Kind, family
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World

CLIENT = 10


@family("fills", promise=4, kind=Kind.CRASH, release=1_600)
async def fills(seed: int, rig: Rig) -> None:
    """Partial fills while reports are doubled, reordered, omitted, corrected, late, in pieces, or cut off by RST."""
    await _case(seed, rig, kill=False)


@family("fills-killed", promise=4, kind=Kind.PROCESS, release=400)
async def fills_killed(seed: int, rig: Rig) -> None:
    """As fills, and execution is killed while they come in."""
    await _case(seed, rig, kill=True)


async def _case(seed: int, rig: Rig, kill: bool) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    faults = [_fault(draw) for _ in range(draw.choice((1, 2, 3)))]
    world.note(f"faults {faults}")
    runs = [world.market.fault(**fault) for fault in faults]
    intents = [_intent(world, draw) for _ in range(draw.choice((1, 2, 3)))]
    world.market.quote(intents[0].instrument, BID, ASK, size=draw.randrange(1, 20))
    await asyncio.gather(*(world.submit(intent) for intent in intents))
    for _ in range(draw.randrange(1, 6)):
        world.market.quote(intents[0].instrument, BID, ASK, size=draw.randrange(1, 20))
        await asyncio.sleep(draw.choice((0.0, 0.01, 0.05)))
    _correct(world, draw, intents)
    if kill:
        await world.restart()
    rig.struck = kill or any(run.applied for run in runs)
    world.market.heal()
    await world.ready()
    world.market.restore_quotes()
    await world.reconcile()  # a commission that was never told is asked for here, or after the next connect
    await everything(world, intents, corrected=True)
    await attribution_agrees(world)


def _correct(world: World, draw: random.Random, intents: list[Intent]) -> None:
    """Some executions come again with another price or quantity; the correction may itself be corrected."""
    mine = {world.named(intent) for intent in intents}
    done = [each for each in world.market.executions() if each.order_ref in mine]
    for each in done:
        for _ in range(draw.choice((0, 0, 0, 1, 2))):
            newest = next(one for one in world.market.executions() if one.perm_id == each.perm_id)
            if draw.random() < 0.5:
                world.market.fault("correct_execution", execution_id=newest.execution_id, price=str(each.price + 1))
            else:
                quantity = draw.randrange(0, int(each.quantity) + 1)
                world.market.fault("correct_execution", execution_id=newest.execution_id, quantity=quantity)


def _fault(draw: random.Random) -> dict[str, Any]:
    kinds = draw.choice(([], ["orderStatus"], ["execDetails"], ["commissionReport"], ["openOrder"]))
    common = {"client": CLIENT, "reports": kinds, "times": draw.choice((1, 2, 5, None))}
    choices: list[dict[str, Any]] = [
        {"action": "duplicate_reports", "copies": draw.choice((1, 3)), "gap_ms": draw.choice((0, 20)), **common},
        {"action": "reorder_reports", "window": draw.choice((2, 3, 5)), "wait_ms": 100, **common},
        {"action": "delay_reports", "ms": draw.choice((10, 60, 300)), **common},
        {"action": "omit_reports", **common},
        {"action": "late_commission", "client": CLIENT, "ms": draw.choice((30, 200)), "times": 5},
        {"action": "fragment", "client": CLIENT, "bytes": draw.choice((1, 7, 64)), "for_ms": 300},
        {"action": "reset", "on": {"sent": "execDetails", "client": CLIENT, "nth": draw.choice((1, 2, 3))}},
        {"action": "drop", "on": {"sent": "orderStatus", "client": CLIENT, "nth": draw.choice((1, 2, 5))}},
    ]
    return draw.choice(choices)


def _intent(world: World, draw: random.Random) -> Intent:
    side = draw.choice((Side.BUY, Side.SELL))
    limit = draw.choice((None, "755.00" if side is Side.BUY else "744.00"))
    return world.intent(draw.randrange(1, 60), side, limit, strategy=world.strategy(draw.randrange(2)))

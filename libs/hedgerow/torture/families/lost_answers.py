"""The gateway loses frames, answers, orders and itself; execution must know what it does not know."""

from __future__ import annotations

import asyncio
import random
import signal
from typing import Any

from hedgerow.domain.order import Intent, Side
from hedgerow.torture.checks import Settled, everything
from hedgerow.torture.registry import Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, name_of

CLIENT = 10
"""Execution's client id."""


@family("lost-answers", promise=2, kind=Kind.CRASH, release=4_500)
async def lost_answers(seed: int, rig: Rig) -> None:
    """Frames swallowed, answers withheld, orders hidden or lost, 1100 in the middle, the gateway restarted."""
    await _case(seed, rig, kill=False)


@family("lost-answers-killed", promise=2, kind=Kind.PROCESS, release=500)
async def lost_answers_killed(seed: int, rig: Rig) -> None:
    """As lost-answers, and execution is killed, or stopped for a while, in the middle."""
    await _case(seed, rig, kill=True)


async def _case(seed: int, rig: Rig, kill: bool) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    intents = [_intent(world, draw) for _ in range(draw.choice((1, 2, 3, 5)))]
    faults = [_fault(draw) for _ in range(draw.choice((1, 1, 2)))]
    world.note(f"faults {faults}")
    runs = [world.market.fault(**fault) for fault in faults]
    working = asyncio.gather(
        *(_work(world, intent, draw.uniform(0.0, 0.15), draw.random() < 0.2) for intent in intents)
    )
    if kill:
        await asyncio.sleep(draw.uniform(0.0, 0.2))
        if draw.random() < 0.3:
            world.execution.signal(signal.SIGSTOP)
            await asyncio.sleep(draw.choice((0.05, 0.5, 1.2)))
            world.execution.signal(signal.SIGCONT)
        else:
            await world.restart()
    await working
    await asyncio.sleep(draw.choice((0.0, 0.1, 0.6)))
    rig.struck = kill or any(run.applied for run in runs)
    if draw.random() < 0.4:
        world.market.quote(intents[0].instrument, 744.9, 745.0)  # what rests may fill while nobody hears of it
        world.market.restore_quotes()
    world.market.heal()
    await world.ready()
    settled = await everything(world, intents)
    for one in settled:
        if one.status == "UNKNOWN":
            await _blocks(world, one)
            break


def _intent(world: World, draw: random.Random) -> Intent:
    side = draw.choice((Side.BUY, Side.SELL))
    limit = draw.choice((None, "755.00" if side is Side.BUY else "744.00", "745.00" if side is Side.BUY else "754.00"))
    return world.intent(draw.randrange(1, 50), side, limit, strategy=world.strategy(draw.randrange(2)))


async def _work(world: World, intent: Intent, after_s: float, cancel: bool) -> None:
    await asyncio.sleep(after_s)
    answer = await world.submit(intent, timeout_s=4.0)
    if answer is not None and cancel:
        await world.cancel(answer.client_order_id)


def _fault(draw: random.Random) -> dict[str, Any]:
    nth = draw.choice((1, 1, 2))
    placed = {"message": "placeOrder", "client": CLIENT, "nth": nth}
    after = placed | {"when": "after"}
    choices: list[dict[str, Any]] = [
        {"action": "swallow_frame", "on": placed},
        {"action": "swallow_ack", "on": placed, "lasting": draw.random() < 0.5},
        {"action": "hide_order", "on": after, "times": draw.choice((1, 2, 3, 5))},
        {"action": "omit_reports", "client": CLIENT, "times": draw.choice((1, 2, 5))},
        {"action": "reset", "on": draw.choice((placed, after))},
        {"action": "drop", "on": draw.choice((placed, after))},
        {"action": "lose_link", "on": draw.choice((placed, after)), "for_ms": draw.choice((50, 300, 900))},
        {"action": "restart", "on": after, "down_ms": draw.choice((20, 200, 500)), "abrupt": draw.random() < 0.5,
         "lose_last": draw.choice((0, 0, 1, 2))},
        {"action": "lose_orders", "on": after, "lose_last": 1},
        {"action": "delay_requests", "on": placed, "ms": draw.choice((50, 300, 700))},
        {"action": "latency", "ms": draw.choice((5, 50, 200)), "client": CLIENT, "for_ms": 1000},
        {"action": "mute", "messages": ["orderStatus"], "for_ms": draw.choice((200, 800))},
        {"action": "half_open", "on": after, "client": CLIENT, "for_ms": draw.choice((200, 2500))},
    ]  # fmt: skip
    return draw.choice(choices)


async def _blocks(world: World, unknown: Settled) -> None:
    """While it is UNKNOWN, nothing new leaves for its strategy and symbol, whoever asks."""
    name = world.named(unknown.intent)
    events = _events(world, name)
    if not await _is_unknown(world, name):
        return  # a frame that was held up has arrived since
    more = world.intent(1, Side.BUY, strategy=unknown.intent.strategy)
    answer = await world.submit(more)
    require(answer is not None, "no answer to an intent beside an UNKNOWN order")
    assert answer is not None
    asked, since = _events(world, world.named(more)), _events(world, name)[len(events) :]
    if asked and since and since[0] < asked[0] and not await _is_unknown(world, name):
        return  # it came to light before this intent was decided
    said = (name_of(answer.order_status), answer.reason)
    require(said == ("DENIED", "UNKNOWN_ORDER"), f"beside {unknown} an intent became {said}")
    require(not world.tap.new_orders(world.named(more)), f"an order left beside {unknown}")


async def _is_unknown(world: World, name: str) -> bool:
    order = await world.order(name)
    return order is not None and name_of(order.order_status) == "UNKNOWN"


def _events(world: World, name: str) -> list[int]:
    """Sequences of what the journal says of that order."""
    told = f"SELECT sequence FROM journal WHERE json_extract(payload, '$.client_order_id') = '{name}' ORDER BY sequence"
    return [row["sequence"] for row in world.rows(told)]

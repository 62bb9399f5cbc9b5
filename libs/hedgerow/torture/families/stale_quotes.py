"""Intents decided on quotes nobody may trade on: old, delayed, from the future, without a side, no number."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from hedgerow.domain.order import Side
from hedgerow.torture.checks import everything
from hedgerow.torture.market import ASK, BID
from hedgerow.torture.registry import Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, name_of

_MINUTE_NS = 60_000_000_000


@family("stale-quotes", promise=13, kind=Kind.CRASH, release=1_700)
async def stale_quotes(seed: int, rig: Rig) -> None:
    """A batch on bad quotes, then one on a good one: only that one leaves."""
    await _case(seed, rig, kill=False)


@family("stale-quotes-killed", promise=13, kind=Kind.PROCESS, release=300)
async def stale_quotes_killed(seed: int, rig: Rig) -> None:
    """As stale-quotes, and execution is killed in between: what it forgot makes no quote fresher."""
    await _case(seed, rig, kill=True)


async def _case(seed: int, rig: Rig, kill: bool) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    await world.ready()
    bad = [world.intent(1, Side.BUY, strategy=world.strategy(1), **_bad(world, draw)) for _ in range(6)]
    calls = asyncio.gather(*(world.submit(intent, timeout_s=3.0) for intent in bad))
    if kill:
        await asyncio.sleep(draw.uniform(0.0, 0.03))
        await world.restart()
        await calls
        await world.ready()
        calls = asyncio.gather(*(world.submit(intent) for intent in bad))
    answers = await calls
    rig.struck = True
    for intent, answer in zip(bad, answers, strict=True):
        require(not world.tap.new_orders(world.named(intent)), f"an order left on {intent}")
        said = "" if answer is None else name_of(answer.order_status)
        require(said in ("", "DENIED"), f"{intent} became {said}")
    await world.ready()
    good = world.intent(1, Side.BUY)
    await world.submit(good)
    [settled] = await everything(world, [good])
    require(settled.status == "FILLED", f"the good one is {settled.status} {settled.reason}")


def _bad(world: World, draw: random.Random) -> dict[str, Any]:
    now = world.clock.market_now()
    choices: tuple[dict[str, Any], ...] = (
        {"quote_age_ms": draw.uniform(120_001, 1e9)},
        {"quote_time": now - draw.randrange(3, 10_000) * _MINUTE_NS},
        {"quote_time": now + draw.randrange(2, 10_000) * _MINUTE_NS},
        {"quote_time": 0},
        {"quote_delayed": True},
        {"bid": None, "ask": None},
        {"bid": float("nan")},
        {"ask": float("inf")},
        {"bid": -BID},
        {"ask": 0.0},
        {"quote_age_ms": float("nan")},
        {"quote_age_ms": -1.0},
        {"bid": ASK + draw.uniform(0.01, 50), "ask": BID},
    )
    return draw.choice(choices)

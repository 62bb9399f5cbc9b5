"""Execution dies, fails or is stopped anywhere between an intent's claim and its last report, and starts again."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Sequence
from functools import cache

from hedgerow.domain.order import Intent, Side
from hedgerow.torture.checks import chain_holds, everything
from hedgerow.torture.points import SENDING, STARTING, points_of
from hedgerow.torture.registry import CaseFailed, Kind, family
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, until

LAGS = ("none", "none", "short", "long")
REAL_LAG = 0.02
"""Share of cases whose long lag is five real seconds; the others' lasts until the case says so."""
REAL_LAG_S, SHORT_LAG_S = 5.0, 0.05
AT_START = 0.25
"""Share of cases that strike the process as it starts, in the middle of its recovery."""
_NOT_SENDING = frozenset({
    "log.rebuild", "log.flatten", "log.flatten_committed", "writer.rollback", "writer.settle", "sqlite.rollback",
    "sqlite.checkpoint", "sqlite.lock", "sqlite.room", "ib.connect", "ib.connected", "ib.session", "ib.lost",
    "ib.recover", "ib.recovered", "ib.request", "ib.exclusive", "follow.rejected", "feed.backlog", "feed.acknowledge",
    "risk_client.resync", "risk_client.opened", "service.recover", "service.recovered", "service.flatten",
    "service.flatten_begun", "submit.withhold", "submit.deny", "submit.denied", "submit.prepare", "submit.repeated",
})  # fmt: skip
_NOT_STARTING = frozenset({
    "log.later", "log.flush", "log.flatten", "log.flatten_committed", "ib.order", "ib.order_frame", "ib.order_sent",
    "ib.commission", "ib.cancel_frame", "ib.cancel_sent", "ib.request", "ib.lost", "service.flatten",
    "service.flatten_begun", "service.cancel", "service.cancel_record", "service.canceled", "sqlite.rollback",
    "sqlite.checkpoint", "writer.rollback", "writer.settle", "risk_client.ask", "risk_client.asked",
    "risk_client.answer",
})  # fmt: skip


@cache
def _sending() -> tuple[str, ...]:
    return points_of(SENDING, _NOT_SENDING)


@cache
def _starting() -> tuple[str, ...]:
    return points_of(STARTING, _NOT_STARTING)


@family("restart-killed", promise=1, kind=Kind.PROCESS, release=1_500)
async def killed(seed: int, rig: Rig) -> None:
    """SIGKILL, or SIGSTOP and SIGCONT, at a failpoint of the order path; restart; every intent brought again."""
    await _case(seed, rig, ("kill", "kill", "stop"))


@family("restart-crashed", promise=1, kind=Kind.CRASH, release=8_500)
async def crashed(seed: int, rig: Rig) -> None:
    """_exit or an exception at a failpoint of the order path; restart; every intent brought again."""
    await _case(seed, rig, ("exit", "exit", "raise"))


async def _case(seed: int, rig: Rig, actions: Sequence[str]) -> None:
    draw = random.Random(seed)
    world = await rig.world()
    at_start = draw.random() < AT_START
    point = draw.choice(_starting() if at_start else _sending())
    action, nth, lag = draw.choice(actions), draw.choice((1, 1, 1, 1, 2, 3)), draw.choice(LAGS)
    world.note(f"{action} at {point}@{nth}{' of the start' if at_start else ''}, lag {lag}")
    intents = [_intent(world, draw) for _ in range(draw.choice((1, 2, 2, 4)))]
    await world.ready()
    world.tap.lag_s = SHORT_LAG_S if lag == "short" else 0.0
    world.tap.hold_orders = lag == "long"
    if not at_start:
        world.execution.arm(f"{point}={action}@{nth}")
    first = asyncio.gather(*(_work(world, intent, draw.random() < 0.25) for intent in intents))
    if at_start:
        # dies somewhere in the work, by nobody's choice, and again where the failpoint says
        await asyncio.wait((first,), timeout=draw.choice((0.0, 0.005, 0.02, 0.1)))
        await world.execution.kill()
        await world.run("execution", f"{point}={action}@{nth}", serves=False)
    await _struck(world, action, draw, first, at_start)
    rig.struck = world.execution.passed(point, nth)
    if draw.random() < 0.5:
        world.tap.release()
    if action == "stop" and world.execution.alive and draw.random() < 0.7:
        await world.go_on()
    else:
        await world.restart()
    await first
    if lag == "long" and draw.random() < REAL_LAG:
        await asyncio.sleep(REAL_LAG_S)
    await _again(world, intents, draw, late=lag == "long")
    await everything(world, intents)
    if draw.random() < 0.1:
        chain_holds(world)


def _intent(world: World, draw: random.Random) -> Intent:
    side = draw.choice((Side.BUY, Side.SELL))
    limit = draw.choice((None, "755.00" if side is Side.BUY else "744.00", "745.00" if side is Side.BUY else "754.00"))
    return world.intent(draw.randrange(1, 50), side, limit, strategy=world.strategy(draw.randrange(2)))


async def _work(world: World, intent: Intent, cancel: bool) -> None:
    answer = await world.submit(intent, timeout_s=3.0)
    if answer is not None and cancel:
        await world.cancel(answer.client_order_id)


async def _struck(
    world: World, action: str, draw: random.Random, first: asyncio.Future[list[None]], at_start: bool
) -> None:
    """Waits until the failpoint has struck or there is nothing more to strike; a stopped process is let go again."""
    child = world.execution

    def over() -> bool:
        return world.serves("execution") if at_start else first.done()

    await until(lambda: over() or not child.alive or child.stopped, f"something comes of {action}")
    if at_start and child.alive and not child.stopped:
        try:
            await world.ready()
        except CaseFailed:
            if child.alive and not child.stopped and action != "raise":
                raise
    elif action in ("exit", "kill"):
        await child.ended(0.05)  # reports come after the answer
    if child.stopped:
        await asyncio.sleep(draw.choice((0.0, 0.05, 0.6)))
        child.signal(signal.SIGCONT)


async def _again(world: World, intents: Sequence[Intent], draw: random.Random, late: bool) -> None:
    """Brings every intent again, as one whose call broke must; what is still held arrives before, between or never."""
    await world.ready()
    when = draw.choice(("before", "after", "never")) if late else "before"
    if when == "before":
        world.tap.release()
    world.tap.calm()
    repeats = [intent for intent in intents for _ in range(draw.choice((1, 1, 2)))]
    await asyncio.gather(*(world.submit(intent) for intent in repeats))
    if when == "after":
        world.tap.release()
    elif when == "never":
        world.tap.held.clear()

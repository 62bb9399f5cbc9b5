"""A flatten of a strategy that trades, with a crash in the middle: closed once, never beyond zero, and held after."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from functools import cache

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.command import FLATTEN_INTENT_PREFIX
from hedgerow.domain.order import Intent, Side
from hedgerow.torture.checks import no_frame_twice, no_order_id_twice, positions_agree
from hedgerow.torture.market import ASK, BID, GOOG
from hedgerow.torture.points import points_of
from hedgerow.torture.registry import CaseFailed, Kind, family, require
from hedgerow.torture.rig import Rig
from hedgerow.torture.world import World, name_of, until

LIMIT_S = 30.0


@cache
def _points() -> tuple[str, ...]:
    return (*points_of(("flatten",), frozenset({"flatten.lift", "flatten.lifted", "flatten.legs"})),
            "log.flatten", "log.flatten_committed", "submit.committed", "submit.place", "submit.placed",
            "ib.cancel_frame", "follow.fill", "sqlite.committed", "service.flatten",
            "service.flatten_begun")  # fmt: skip


@family("flatten", promise=7, kind=Kind.CRASH, release=1_500)
async def flatten(seed: int, rig: Rig) -> None:
    """_exit or a failure at a failpoint of the saga, asked again after the restart, filled piece by piece."""
    await _case(seed, rig, ("exit", "exit", "raise"))


@family("flatten-killed", promise=7, kind=Kind.PROCESS, release=500)
async def flatten_killed(seed: int, rig: Rig) -> None:
    """SIGKILL at a failpoint of the saga, asked again after the restart, filled piece by piece."""
    await _case(seed, rig, ("kill",))


async def _case(seed: int, rig: Rig, actions: tuple[str, ...]) -> None:
    draw = random.Random(seed)
    world = await rig.world("market-data", "risk", "execution")
    await world.ready()
    name, side = world.strategy(), draw.choice((Side.BUY, Side.SELL))
    await _trade(world, draw, name, side)
    if draw.random() < 0.3:
        world.market.fault("race_fill", against="cancel", winner="fill_first", client=10)
    world.market.quote(GOOG, BID, ASK, size=draw.choice((7, 20, 1000)))
    point, action, nth = draw.choice(_points()), draw.choice(actions), draw.choice((1, 1, 2))
    world.note(f"{action} at {point}@{nth}")
    world.execution.arm(f"{point}={action}@{nth}")
    request = execution_pb2.FlattenRequest(strategy=name)
    request.operator.request_id, request.operator.actor, request.operator.reason = f"f-{seed}", "torture", "torture"
    await asyncio.gather(*(world.call("Flatten", request, 3.0) for _ in range(draw.choice((1, 2)))))
    for _ in range(draw.randrange(0, 6)):
        await asyncio.sleep(0.1)
        world.market.quote(GOOG, BID, ASK, size=draw.choice((7, 20, 1000)))
    rig.struck = world.execution.passed(point, nth)
    if action == "raise":
        await world.restart()
    await world.go_on()
    await world.ready()
    await _done(world, request)
    _never_beyond_zero(world, name)
    no_frame_twice(world)
    no_order_id_twice(world)
    await positions_agree(world)
    more = world.intent(1, side, strategy=name)
    answer = await world.submit(more)
    said = None if answer is None else (name_of(answer.order_status), answer.reason)
    require(said == ("DENIED", "FLATTENED"), f"after the flatten an intent became {said}")


async def _trade(world: World, draw: random.Random, name: str, side: Side) -> None:
    """A position, and orders that rest on both sides."""
    intents = [world.intent(draw.randrange(1, 60), side, strategy=name) for _ in range(draw.choice((0, 1, 2)))]
    away = {Side.BUY: "745.00", Side.SELL: "754.00"}
    for _ in range(draw.choice((0, 1, 2))):
        other = draw.choice((Side.BUY, Side.SELL))
        intents.append(world.intent(draw.randrange(1, 20), other, away[other], strategy=name))
    if not intents:
        intents.append(world.intent(1, side, away[side], strategy=name))
    for intent in intents:
        await world.submit(intent)
    await _taken(world, intents)


async def _taken(world: World, intents: list[Intent]) -> None:
    async def all_taken() -> bool:
        orders = [await world.order(world.named(intent)) for intent in intents]
        return all(order is not None and name_of(order.order_status) not in ("PENDING", "SENT") for order in orders)

    await until(all_taken, "every order is taken")


async def _done(world: World, request: execution_pb2.FlattenRequest) -> None:
    """Asked again and again under the same id until it is done; quotes go on."""

    async def done() -> bool:
        answer = await world.call("Flatten", request)
        world.market.quote(GOOG, BID, ASK, size=500)
        if answer is None:
            return False
        state = execution_pb2.FlattenState.Name(answer.flatten.state).removeprefix("FLATTEN_STATE_")
        world.note(f"flatten {state} {answer.flatten.reason}")
        code, _, words = answer.flatten.reason.partition(" ")
        if state == "BLOCKED" and code == "UNKNOWN_ORDER":
            name = words.partition(":")[0]
            require(not world.market.orders(name), f"{name} is at the broker, and nobody can prove what became of it")
            await world.resolve(name)  # it died between the commit and the frame: a person has to say so
        await asyncio.sleep(0.03)
        return state == "DONE"

    await until(done, "the flatten is done", LIMIT_S)
    rows = world.rows(f"SELECT quantity FROM positions WHERE strategy = '{request.strategy}'")
    require(all(Decimal(row["quantity"]) == 0 for row in rows), f"{request.strategy} holds {rows} after its flatten")


def _never_beyond_zero(world: World, name: str) -> None:
    """By the broker's executions in their order: no closing order's fill grew the position or crossed zero."""
    rows = world.rows(f"SELECT client_order_id, intent_id FROM orders WHERE strategy = '{name}'")
    closing = {row["client_order_id"]: row["intent_id"].startswith(FLATTEN_INTENT_PREFIX) for row in rows}
    held = Decimal(0)
    for each in world.market.executions():
        if each.order_ref not in closing:
            continue
        after = held + each.side.sign * each.quantity
        if closing[each.order_ref] and not (held * after >= 0 and abs(after) < abs(held)):
            raise CaseFailed(f"{each.order_ref} of the flatten took {name} from {held} to {after}")
        held = after
    require(held == 0, f"{name} holds {held} at the broker after its flatten")

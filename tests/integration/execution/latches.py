"""What the tests of stops, pauses and kills ask of an execution nobody stands beside, and see of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.command import CommandKind, NewCommand
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.wirelog import Direction, read_wire_log
from hedgerow.store.answers import read_answers
from hedgerow.store.commands import write_command
from tests.integration.execution.world import World
from tests.integration.service_process import until

FAR = "740.00"
"""A buy limit that rests."""


def ask(world: World, command_id: str, kind: CommandKind, **more: Any) -> None:
    """A command written straight into the store: no control runs."""
    command = NewCommand(command_id, kind, more.pop("strategy", world.strategy), actor="anna", reason="enough", **more)
    write_command(world.state.store_dir, command, wall_ns=time.time_ns(), market_ns=0)


def outcome(world: World, command_id: str) -> str:
    """Execution's final answer; empty while there is none."""
    given = read_answers(world.state.store_dir, "execution", [command_id]).get(command_id)
    return given.outcome if given is not None and given.acked_ns else ""


async def acknowledged(world: World, command_id: str) -> str:
    """Waits for execution's final answer."""
    found: str = await until(lambda: outcome(world, command_id), f"execution acknowledges {command_id}")
    return found


async def kill(world: World, request_id: str, **scope: str) -> execution_pb2.KillResponse:
    """The unary call; of the test's strategy when nothing else is said."""
    request = execution_pb2.KillRequest(**(scope or {"strategy": world.strategy}))
    request.operator.request_id, request.operator.actor, request.operator.reason = request_id, "anna", "enough"
    found: execution_pb2.KillResponse = await world.stub.Kill(request, timeout=10)
    return found


async def proven(world: World, request_id: str, **scope: str) -> execution_pb2.KillResponse:
    """Asks under the same id until the kill is proven."""

    async def there() -> execution_pb2.KillResponse | None:
        found = await kill(world, request_id, **scope)
        return found if found.proven else None

    found: execution_pb2.KillResponse = await until(there, f"kill {request_id} is proven")
    return found


async def lift(world: World, latch_id: str) -> Sequence[execution_pb2.Latch]:
    """Lifts it by name."""
    request = execution_pb2.LiftLatchRequest(latch_id=latch_id)
    request.operator.request_id, request.operator.actor, request.operator.reason = f"l-{latch_id}", "anna", "over"
    return list((await world.stub.LiftLatch(request, timeout=10)).latches)


async def standing(world: World) -> list[str]:
    """Ids of the latches over the test's strategy."""
    request = execution_pb2.ListLatchesRequest(strategy=world.strategy)
    return [each.latch_id for each in (await world.stub.ListLatches(request, timeout=10)).latches]


def cancels(world: World) -> list[int]:
    """Broker order ids of the cancel frames the gateway got."""
    return [
        int(record.fields[2])
        for record in read_wire_log(world.gateway.config.wire_log)
        if record.direction is Direction.IN and record.message_id == Request.CANCEL_ORDER
    ]


def truths(world: World) -> int:
    """How often the gateway was asked for what orders are over: once each time execution asks for all it knows."""
    return sum(
        record.direction is Direction.IN and record.message_id == Request.COMPLETED_ORDERS
        for record in read_wire_log(world.gateway.config.wire_log)
    )


async def resting(world: World, **changes: Any) -> str:
    """An order that rests at the gateway."""
    answer = await world.submit(world.intent(1, limit=FAR, **changes))
    await world.in_status(answer.client_order_id, "WORKING")
    return answer.client_order_id


async def latched(world: World, command_id: str) -> bool:
    """Whether execution has answered: finally, or for a kill that it has begun."""
    given = read_answers(world.state.store_dir, "execution", [command_id]).get(command_id)
    return given is not None and (given.acked_ns > 0 or "no new order leave" in given.outcome)

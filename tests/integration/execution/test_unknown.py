"""UNKNOWN ends by evidence or by a named operator; the broker's later word counts against either."""

from __future__ import annotations

import json
from decimal import Decimal

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.domain.order import Side
from hedgerow.rpc.errors import rpc_reason
from tests.integration.cli.test_commands import hedgerow
from tests.integration.execution.test_caution import configure
from tests.integration.execution.world import World, code, status_name
from tests.integration.ib.gateway import GOOG
from tests.integration.service_process import until


def word(
    name: str, becomes: str = "CANCELED", request_id: str = "r-1", reason: str = "looked at the platform"
) -> execution_pb2.ResolveOrderRequest:
    """An operator's word."""
    request = execution_pb2.ResolveOrderRequest(client_order_id=name, resolution=f"RESOLUTION_{becomes}")
    request.operator.request_id, request.operator.actor, request.operator.reason = request_id, "ann", reason
    return request


async def resolve(world: World, request: execution_pb2.ResolveOrderRequest) -> execution_pb2.Order:
    return (await world.stub.ResolveOrder(request, timeout=5)).order


async def refusal(world: World, request: execution_pb2.ResolveOrderRequest) -> tuple[str, str]:
    """Status code and reason of a refused call."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await resolve(world, request)
    return code(refused.value), rpc_reason(refused.value)


async def lost(world: World) -> str:
    """An order the gateway never took, UNKNOWN by now."""
    await world.gateway.admin("fault", action="swallow_frame", on={"message": "placeOrder"})
    answer = await world.submit(world.intent(10, limit="745"))
    await world.in_status(answer.client_order_id, "UNKNOWN")
    return answer.client_order_id


async def hidden(world: World) -> str:
    """An order that rests at the gateway, which does not tell of it, UNKNOWN by now."""
    await world.gateway.admin("fault", action="swallow_ack", on={"message": "placeOrder"}, lasting=True)
    await world.gateway.admin("fault", action="hide_order", on={"message": "placeOrder"}, times=None, name="hidden")
    answer = await world.submit(world.intent(10, limit="745"))
    await world.in_status(answer.client_order_id, "UNKNOWN")
    return answer.client_order_id


async def test_a_named_operator_frees_it_once_and_on_the_record(own_world: World) -> None:
    world = await own_world.start()
    working = (await world.submit(world.intent(1, limit="740"))).client_order_id
    await world.in_status(working, "WORKING")
    name = await lost(world)
    assert (await world.submit(world.intent(1))).reason == "UNKNOWN_ORDER"
    assert await refusal(world, word(working)) == ("FAILED_PRECONDITION", "NOT_UNKNOWN")
    assert (await refusal(world, word("hr-none")))[0] == "NOT_FOUND"
    assert (await refusal(world, word(name, reason="")))[0] == "INVALID_ARGUMENT"
    assert (await refusal(world, word(name, "UNSPECIFIED")))[0] == "INVALID_ARGUMENT"
    order = await resolve(world, word(name))
    assert (status_name(order.order_status), order.reason) == ("CANCELED", "RESOLVED_BY_OPERATOR")
    again = await resolve(world, word(name))
    assert again == order
    assert (await refusal(world, word(name, "REJECTED")))[0] == "ALREADY_EXISTS"
    assert (await refusal(world, word(name, request_id="r-2")))[0] == "FAILED_PRECONDITION"
    assert (await world.submit(world.intent(1))).reason == ""
    assert len(world.frames()) == 3
    told = world.rows(f"SELECT type, state, reason, text FROM operations WHERE client_order_id = '{name}' ORDER BY id")
    assert told[-1] == ("CANCEL", "CANCELED", "RESOLVED_BY_OPERATOR", "ann: looked at the platform")
    [(payload,)] = world.rows("SELECT payload FROM journal WHERE kind = 'CANCELED'")
    assert json.loads(payload)["resolution"] == ["r-1", "ann", "looked at the platform"]
    await world.execution.stop()
    await world.execution.start()
    assert await resolve(world, word(name)) == order
    assert not (await world.stub.ListOrders(execution_pb2.ListOrdersRequest(open_only=True), timeout=5)).orders[1:]


async def test_the_brokers_later_word_counts_and_what_lives_is_canceled(own_world: World) -> None:
    world = await own_world.start()
    name = await hidden(world)
    await resolve(world, word(name, "REJECTED"))
    assert status_name((await world.order(name)).order_status) == "REJECTED"
    await world.gateway.admin("clear_faults", fault="hidden")
    await world.reconcile("look again")
    await world.in_status(name, "CANCELED")

    async def gone() -> bool:
        return (await world.gateway.admin("status"))["open_orders"] == 0

    await until(gone, "it is canceled at the gateway")
    told = [row[0] for row in world.rows(f"SELECT reason FROM operations WHERE client_order_id = '{name}' ORDER BY id")]
    assert told[-3:-1] == ["RESOLVED_BY_OPERATOR", "SHOWN_LIVE"], told
    assert len(world.frames()) == 1


async def test_an_execution_of_what_was_never_sent_counts_and_is_told_loudly(own_world: World) -> None:
    world = await own_world.start()
    name = await hidden(world)
    await resolve(world, word(name, "NOT_SENT"))
    denied = await world.order(name)
    assert (status_name(denied.order_status), denied.reason) == ("DENIED", "RESOLVED_BY_OPERATOR")
    await world.gateway.tick(GOOG, 744.0, 744.5)
    await world.gateway.admin("clear_faults", fault="hidden")
    await world.reconcile("look again")
    await world.in_status(name, "FILLED")
    told = world.rows(f"SELECT reason FROM operations WHERE client_order_id = '{name}' AND type = 'FILL'")
    assert told == [("CONTRADICTED",)]
    assert [Decimal(row[0]) for row in world.rows("SELECT quantity FROM positions")] == [10]


async def test_it_reserves_its_exposure_whoever_restarts(own_world: World) -> None:
    world = own_world
    await world.gateway.start()
    world.prepare()
    configure(world, risk={"max_position_shares": 15})
    for process in (world.execution, world.risk):
        await process.start()
    await world.ready()
    await lost(world)
    for restarted in (None, world.risk, world.execution):
        if restarted is not None:
            await restarted.stop()
            await restarted.start()

            async def connected() -> bool:
                codes = [each.split(":")[0] for each in (await world.exec_state()).block_reasons]
                return codes == ["UNKNOWN_ORDER"]

            await until(connected, "only the unproven order is named")
        over = await world.submit(world.intent(6, strategy="another"))
        assert over.reason == "MAX_POSITION"
    within = await world.submit(world.intent(5, strategy="another"))
    await world.in_status(within.client_order_id, "FILLED")


async def test_the_command_line_lists_shows_and_resolves(own_world: World) -> None:
    world = await own_world.start()
    name = await lost(world)
    where = str(world.state.root)
    listed = await hedgerow("order", "list", where, "--open", "--json")
    assert [each["client_order_id"] for each in json.loads(listed.out)] == [name]
    missing = await hedgerow("order", "resolve", name, where, "--as", "CANCELED")
    assert (missing.code, "--reason" in missing.err) == (2, True)
    done = await hedgerow("order", "resolve", name, where, "--as", "NOT_SENT", "--reason", "no trace", "--actor", "bob")
    assert done.code == 0, done.err
    shown = json.loads((await hedgerow("order", "show", name, where, "--json")).out)
    assert (shown["order_status"], shown["reason"]) == ("ORDER_STATUS_DENIED", "RESOLVED_BY_OPERATOR")
    again = await hedgerow("order", "resolve", name, where, "--as", "NOT_SENT", "--reason", "no trace")
    assert again.code == 2
    assert "only an UNKNOWN order" in again.err
    sold = await world.submit(world.intent(1, Side.BUY))
    await world.in_status(sold.client_order_id, "FILLED")

"""What the broker does to ids, asserted at the byte tap: none is used twice, and a cancel reaches all an order has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

from hedgerow.domain.order import ApprovedOrder, OrderType, Side
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.wirelog import Direction, read_wire_log
from hedgerow.wire.execution import intent_from_wire
from tests.integration.execution.world import World, status_name
from tests.integration.ib.gateway import GOOG, ready
from tests.integration.ib.test_order_link import Desk, approved
from tests.integration.service_process import until

EXECUTION = 10


@asynccontextmanager
async def earlier_session(world: World, client_id: int = EXECUTION) -> AsyncIterator[Desk]:
    """Another program on that client id, such as an earlier version; execution is down meanwhile."""
    desk = Desk(world.gateway, client_id)
    await ready(desk.link)
    await desk.orders.prepare(GOOG)
    try:
        yield desk
    finally:
        await desk.link.close()


async def as_sent(world: World, name: str, order_id: int, **changes: object) -> ApprovedOrder:
    """The order as it was sent, under that id, with changes to its intent."""
    intent = intent_from_wire("intent", (await world.order(name)).intent)
    wanted = approved(order_id)
    intent = replace(intent, **changes)  # type: ignore[arg-type]
    return ApprovedOrder(intent, replace(wanted.verdict, intent_id=intent.intent_id), name, order_id)


def cancels(world: World) -> list[int]:
    """Order ids of the cancel frames that reached the gateway."""
    records = read_wire_log(world.gateway.config.wire_log)
    wanted = str(int(Request.CANCEL_ORDER)).encode()
    frames = [each for each in records if each.direction is Direction.IN and each.payload.split(b"\0", 1)[0] == wanted]
    return [int(each.fields[2]) for each in frames]


async def gateway_is_empty(world: World) -> bool:
    """Whether nothing rests there."""
    return (await world.gateway.admin("status"))["open_orders"] == 0


def ids_are_fresh(world: World, client_id: int = EXECUTION) -> None:
    """No order id reached the gateway twice, and each is above the one before."""
    numbers = [frame.order_id for frame in world.frames() if frame.record.client_id == client_id]
    assert numbers == sorted(set(numbers))


async def resting(world: World, limit: str = "745", quantity: int = 10) -> str:
    """A limit order that rests."""
    answer = await world.submit(world.intent(quantity, limit=limit))
    await world.in_status(answer.client_order_id, "WORKING")
    return answer.client_order_id


async def link_state(world: World, reason: str) -> None:
    """Waits until execution names that reason, or none where it is empty."""

    async def said() -> bool:
        reasons = (await world.exec_state()).block_reasons
        return any(each.startswith(reason) for each in reasons) if reason else not reasons

    await until(said, f"execution says {reason or 'nothing'}")


async def test_fills_while_the_broker_is_cut_off_are_found_once(own_world: World) -> None:
    world = await own_world.start()
    name = await resting(world)
    await world.gateway.admin("fault", action="lose_link")
    await link_state(world, "BROKER_DOWN")
    refused = await world.submit(world.intent(1))
    assert refused.reason == "BROKER_DOWN"
    await world.gateway.tick(GOOG, 744.0, 744.5)
    await world.gateway.admin("fault", action="restore_link", reports="lost")
    await world.in_status(name, "FILLED")
    await link_state(world, "")
    assert world.operations().count("FILL") == 1
    assert [Decimal(row[0]) for row in world.rows("SELECT quantity FROM positions")] == [10]
    await world.submit(world.intent(1))
    assert len(world.frames()) == 2
    ids_are_fresh(world)


async def test_a_batch_cut_in_the_middle_is_sent_once_or_never(own_world: World) -> None:
    world = await own_world.start()
    await world.gateway.admin("fault", action="lose_link", on={"message": "placeOrder", "nth": 3, "when": "before"})
    answers = [await world.submit(world.intent(1, limit="745")) for _ in range(6)]
    sent = [each.client_order_id for each in answers if status_name(each.order_status) != "DENIED"]
    held = [each for each in answers if status_name(each.order_status) == "DENIED"]
    assert {each.reason for each in held} <= {"BROKER_DOWN", "NOT_RECONCILED"}
    assert [frame.fields["orderRef"] for frame in world.frames()] == sent
    assert len(sent) >= 3
    assert held
    await world.gateway.admin("fault", action="restore_link")
    for name in sent:
        await world.in_status(name, "WORKING")
    assert [frame.fields["orderRef"] for frame in world.frames()] == sent
    ids_are_fresh(world)


async def test_an_order_lost_at_a_restart_that_gives_its_id_again(own_world: World) -> None:
    world = await own_world.start()
    kept = await resting(world)
    lost = await resting(world, "744")
    await world.gateway.admin("fault", action="restart", down_ms=200, lose_last=1, roll_back_ids=1)
    order = await world.in_status(lost, "UNKNOWN")
    assert order.reason == "LOST_AT_RESTART"
    assert status_name((await world.order(kept)).order_status) == "WORKING"
    assert world.rows(f"SELECT type, reason FROM operations WHERE client_order_id = '{lost}' AND type = 'STATE'") == [
        ("STATE", "LOST_AT_RESTART")
    ]
    assert (await world.submit(world.intent(1))).reason == "UNKNOWN_ORDER"
    other = await world.submit(world.intent(1, strategy="another"))
    await world.in_status(other.client_order_id, "FILLED")
    assert [frame.fields["orderRef"] for frame in world.frames()] == [kept, lost, other.client_order_id]
    ids_are_fresh(world)


async def test_ids_that_roll_back_while_execution_is_down(own_world: World) -> None:
    world = await own_world.start()
    for side in (Side.BUY, Side.SELL, Side.BUY):
        answer = await world.submit(world.intent(3, side))
        await world.in_status(answer.client_order_id, "FILLED")
    await world.execution.stop()
    await world.gateway.admin("fault", action="roll_back_ids", client=EXECUTION, to=1)
    await world.execution.start()
    await world.ready()
    answer = await world.submit(world.intent(3, Side.SELL))
    await world.in_status(answer.client_order_id, "FILLED")
    assert len(world.frames()) == 4
    ids_are_fresh(world)


async def test_one_modify_makes_two_live_orders_and_a_cancel_reaches_both(own_world: World) -> None:
    world = await own_world.start()
    name = await resting(world)
    number = world.frames()[0].order_id
    changed = await as_sent(world, name, number, limit_price=Decimal(744))
    await world.execution.stop()
    async with earlier_session(world) as desk:
        await world.gateway.admin("fault", action="double_perm_id")
        desk.orders.place_order(changed)

        async def doubled() -> bool:
            return (await world.gateway.admin("status"))["open_orders"] == 2

        await until(doubled, "two orders rest")
    await world.execution.start()
    await world.ready()
    assert status_name((await world.order(name)).order_status) == "WORKING"
    await world.cancel(name)
    await world.in_status(name, "CANCELED")
    assert await gateway_is_empty(world)
    assert cancels(world) == [number, number]


async def test_an_order_of_ours_under_another_id_is_adopted_and_canceled_with_it(own_world: World) -> None:
    world = await own_world.start()
    name = await resting(world)
    number = world.frames()[0].order_id
    twin = await as_sent(world, name, number + 50)
    await world.execution.stop()
    async with earlier_session(world) as desk:
        desk.orders.place_order(twin)

        async def doubled() -> bool:
            return (await world.gateway.admin("status"))["open_orders"] == 2

        await until(doubled, "two orders rest")
    await world.execution.start()
    await world.ready()
    assert status_name((await world.order(name)).order_status) == "WORKING"
    later = await resting(world, "743")
    assert world.frames()[-1].order_id > number + 50
    await world.cancel(name)
    await world.in_status(name, "CANCELED")
    assert set(cancels(world)) == {number, number + 50}
    assert status_name((await world.order(later)).order_status) == "WORKING"


async def test_a_second_live_order_of_a_filled_one_blocks_and_is_canceled(own_world: World) -> None:
    world = await own_world.start()
    answer = await world.submit(world.intent(10))
    name = answer.client_order_id
    await world.in_status(name, "FILLED")
    number = world.frames()[0].order_id
    twin = await as_sent(world, name, number + 1, order_type=OrderType.LIMIT, limit_price=Decimal(740))
    await world.execution.stop()
    async with earlier_session(world) as desk:
        desk.orders.place_order(twin)

        async def there() -> bool:
            return (await world.gateway.admin("status"))["open_orders"] == 1

        await until(there, "it rests")
    await world.execution.start()

    async def gone() -> bool:
        return await gateway_is_empty(world)

    await until(gone, "the stray order is canceled")
    await world.ready()
    assert cancels(world) == [number + 1]
    assert [Decimal(row[0]) for row in world.rows("SELECT quantity FROM positions")] == [10]


async def test_10349_ends_nothing(world: World) -> None:
    name = await resting(world, "741")
    for code in (10349, 399):
        await world.gateway.admin("fault", action="order_error", code=code, order_ref=name)
    await world.gateway.admin("fault", action="order_error", code=10148, order_ref=name)
    answer = await world.submit(world.intent(1))
    await world.in_status(answer.client_order_id, "FILLED")
    assert status_name((await world.order(name)).order_status) == "WORKING"
    assert not await gateway_is_empty(world)
    await world.cancel(name)
    await world.in_status(name, "CANCELED")


async def test_ids_of_other_clients_are_above_ours_afterwards(own_world: World) -> None:
    world = await own_world.start()
    async with earlier_session(world, client_id=77) as desk:
        desk.orders.place_order(replace(approved(4000, limit="740"), client_order_id="by-another"))

        async def there() -> bool:
            return (await world.gateway.admin("status"))["open_orders"] == 1

        await until(there, "it rests")
        assert not (await world.reconcile("see it")).differences
        answer = await world.submit(world.intent(1))
        await world.in_status(answer.client_order_id, "FILLED")
    own = [frame.order_id for frame in world.frames() if frame.record.client_id == EXECUTION]
    assert own == [4001]


async def test_not_found_three_times_and_then_live_is_adopted(own_world: World) -> None:
    world = await own_world.start()
    await world.gateway.admin("fault", action="swallow_ack", on={"message": "placeOrder"}, lasting=True)
    await world.gateway.admin("fault", action="hide_order", on={"message": "placeOrder"}, times=6)
    answer = await world.submit(world.intent(10, limit="745"))
    unknown = await world.in_status(answer.client_order_id, "UNKNOWN")
    assert unknown.reason == "NOT_FOUND_AT_BROKER"
    assert (await world.submit(world.intent(1))).reason == "UNKNOWN_ORDER"
    await world.in_status(answer.client_order_id, "WORKING")
    assert len(world.frames()) == 1

"""Restarts: lost orders, ids that come again, orders that multiply or hide."""

from __future__ import annotations

from hedgerow.conformance.client import OrderSpec
from hedgerow.conformance.gateway import SYMBOL
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import STOCK, World, wait_code, wait_status

SCENARIOS = Scenarios()
_RESTING = OrderSpec("BUY", 100, limit=50.0, tif="GTC")


@SCENARIOS.public_bug(
    "the gateway restarts every night and orders sent just before are lost, acknowledged or not",
    simulated="a restart that forgets the newest order",
    unverified="which orders a real restart loses",
)
def a_restart_loses_an_order(world: World) -> None:
    """An acknowledged order is in no list after the restart; the one before it is."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    kept = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC", order_ref="kept"))
    lost = client.place(STOCK, OrderSpec("BUY", 100, limit=51.0, tif="GTC", order_ref="lost"))
    wait_status(client, kept, "Submitted")
    wait_status(client, lost, "Submitted")
    gateway.fault("restart", down_ms=100, lose_last=1)
    client.wait(lambda: not client.is_connected(), "the restart")
    client.disconnect()
    world.until(lambda: bool(_connects(world, gateway.port)), "the gateway to be back")
    again = world.connect(gateway, 10)
    assert [order.order_ref for order in again.open_orders()] == ["kept"]
    assert (again.executions(), again.completed_orders()) == ([], [])
    world.shows("no list has the acknowledged order any more")
    world.works_around("our own record of what was sent is compared after every connect")


def _connects(world: World, port: int) -> bool:
    probe = world.unconnected()
    try:
        probe.connect(port, 99, 1.0)
    except (ConnectionError, TimeoutError, OSError):
        return False
    probe.disconnect()
    return True


@SCENARIOS.public_bug(
    "after the daily restart nextValidId rolls back: the library gives an id out that another order already had",
    simulated="nextValidId falls by one after the order of the highest id was lost",
    unverified="when a real gateway's ids roll back",
)
def next_valid_id_may_roll_back(world: World) -> None:
    """A fresh session is handed the id of an earlier order; counting from our own highest id avoids it."""
    gateway = world.gateway()
    first = world.connect(gateway, 10)
    order_id = first.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC", order_ref="first owner"))
    perm_id = wait_status(first, order_id, "Submitted").perm_id
    world.leave(gateway, first)
    gateway.fault("lose_orders", lose_last=1)
    gateway.fault("roll_back_ids", client=10, to=order_id)
    second = world.connect(gateway, 10)
    told = int(gateway.sent(9)[-1][2])
    assert told == order_id
    reused = second.place(STOCK, OrderSpec("BUY", 7, limit=50.0, order_ref="second owner"), told)
    status = wait_status(second, reused, "Submitted")
    assert status.perm_id != perm_id
    world.shows(f"id {told} was given to a second order, with another permId")
    safe = max(order_id, told) + 1
    wait_status(second, second.place(STOCK, OrderSpec("BUY", 1, limit=50.0, order_ref="safe"), safe), "Submitted")
    world.works_around("max(persisted, nextValidId, seen) + 1; orders are told apart by orderRef and permId")


@SCENARIOS.public_bug(
    "one modify produced two live orders with two permIds: a cancel by id leaves one at work",
    simulated="a modify leaves the old order working and adds another with the same id",
    unverified="reported by users of a peer; the cause at a real gateway is unknown",
)
def one_modify_makes_two_perm_ids(world: World) -> None:
    """Two permIds under one order id; as many cancels as there are permIds end them."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC", order_ref="one intent"))
    wait_status(client, order_id, "Submitted")
    gateway.fault("double_perm_id")
    client.modify(order_id, STOCK, OrderSpec("BUY", 100, limit=51.0, tif="GTC", order_ref="one intent"))
    client.wait(lambda: gateway.admin("status")["open_orders"] == 2, "the second order")
    assert client.probe(5.0)
    told = {(fields[25], fields[23]) for fields in gateway.sent(5) if fields[1] == str(order_id)}
    perm_ids = {perm_id for perm_id, _ in told}
    assert len(perm_ids) == 2, told
    world.shows("two permIds work under one order id")
    client.cancel(order_id)
    client.wait(lambda: gateway.admin("status")["open_orders"] == 1, "the first cancel")
    world.shows("after one cancel the other still works")
    client.cancel(order_id)
    client.wait(lambda: gateway.admin("status")["open_orders"] == 0, "the second cancel")
    world.works_around("a cancel per permId, until open orders show none")


@SCENARIOS.public_bug(
    "an order just sent is missing from open, completed and executed for a while: 'not found' is taken for the truth",
    simulated="two answers of each list leave the order out",
    unverified="how long a real gateway needs",
)
def not_found_then_live(world: World) -> None:
    """Not found twice, then in the open orders: one empty answer proves nothing."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.fault("hide_order", on={"message": "placeOrder"}, times=2)
    wait_status(client, client.place(STOCK, _RESTING), "Submitted")
    found = [len(client.open_orders()) for _ in range(3)]
    assert gateway.admin("status")["open_orders"] == 1
    assert found == [0, 0, 1]
    world.shows("two answers without the order, the third with it")
    world.works_around("lists are asked for repeatedly until the evidence settles")


@SCENARIOS.public_bug(
    "the connection dies between placeOrder and its acknowledgement: the order is sent again, and there are two",
    simulated="the order is taken, nothing is said, the connection is reset",
    unverified="nothing can tell this apart at a real gateway either, until it is asked",
)
def the_socket_dies_before_the_acknowledgement(world: World) -> None:
    """The client knows nothing; the next session finds the order working under its orderRef."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.fault("swallow_ack")
    gateway.fault("reset", on={"message": "placeOrder", "when": "after"})
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC", order_ref="unacknowledged"))
    client.wait(lambda: not client.is_connected(), "the reset")
    assert (order_id, "Submitted") not in client.statuses
    world.shows("no status came before the connection was lost")
    client.disconnect()
    world.until(lambda: gateway.admin("status")["clients"] == [], "the gateway to forget the client")
    [found] = world.connect(gateway, 10).open_orders()
    assert (found.order_id, found.order_ref) == (order_id, "unacknowledged")
    world.works_around("the order is found by its orderRef, and not sent again")


@SCENARIOS.public_bug(
    "resting orders fill while the gateway restarts: the fill is announced to nobody",
    simulated="a restart during which the market crosses the order",
    unverified="that a real gateway replays nothing of it unasked",
)
def fills_during_a_restart_are_found(world: World) -> None:
    """The order fills while the gateway is away; the next session has the execution and no open order."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0, tif="GTC"))
    wait_status(client, order_id, "Submitted")
    gateway.fault("restart", down_ms=200, abrupt=True)
    gateway.quote(SYMBOL, 98.8, 98.9)
    client.wait(lambda: not client.is_connected(), "the restart")
    client.disconnect()
    world.until(lambda: bool(_connects(world, gateway.port)), "the gateway to be back")
    again = world.connect(gateway, 10)
    assert again.open_orders() == []
    assert [fill.order_id for fill in again.executions()] == [order_id]
    assert again.live_fills == []
    world.shows("no live fill, the execution when asked for")


@SCENARIOS.public_bug(
    "the order's time in force is changed by a preset (10349): informational, yet it carries the order's id",
    simulated="10349 sent by the gateway for a working order, by a scripted fault",
    unverified="when a real gateway sends 10349",
)
def a_preset_notice_ends_no_order(world: World) -> None:
    """After 10349 the order fills as if nothing had been said."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("order_error", code=10349, order_id=order_id)
    wait_code(client, 10349)
    gateway.quote(SYMBOL, 98.8, 98.9)
    assert wait_status(client, order_id, "Filled").filled == 100
    client.wait(lambda: len(client.live_fills) == 1, "the live execution")
    world.shows("Cancelled in between, then Filled" if world.keeps_state else "one error, then Filled")

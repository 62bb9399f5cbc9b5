"""Evidence: what an error, a silence or an empty list does and does not say of an order."""

from __future__ import annotations

from hedgerow.conformance.client import Client, OrderSpec
from hedgerow.conformance.gateway import SYMBOL, Gateway
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import STOCK, World, wait_code, wait_status

SCENARIOS = Scenarios()
_PLACE_ORDER = 3
_RESTING = OrderSpec("BUY", 100, limit=50.0, tif="GTC")


def _error_on_a_live_order(world: World, gateway: Gateway, client: Client, code: int, text: str) -> str:
    """What the library makes of a live order after that error about it; at the gateway it goes on working."""
    order_id = client.place(STOCK, _RESTING)
    wait_status(client, order_id, "Submitted")
    gateway.admin("error", client_id=10, req_id=order_id, code=code, message=text)
    wait_code(client, code)
    shown = client.order(order_id).status
    [live] = [order for order in client.open_orders() if order.order_id == order_id]
    assert live.status == "Submitted", live
    assert wait_status(client, order_id, "Submitted").remaining == 100
    client.cancel(order_id)
    wait_status(client, order_id, "Cancelled")
    return shown


def _looks_like_a_cancel(world: World, code: int, text: str) -> None:
    gateway = world.gateway()
    shown = _error_on_a_live_order(world, gateway, world.connect(gateway, 10), code, text)
    if world.keeps_state:
        assert shown == "Cancelled", shown
        world.shows(f"{code} made the library call the working order Cancelled")
    else:
        assert shown == "Submitted", shown
        world.shows("ibapi hands the error on and keeps no state to spoil")
    world.works_around("open orders asked for again show it working: the error alone proves nothing")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: notice 10349 (time in force set by a preset) marks the live order Cancelled",
    simulated="10349 carrying a working order's id",
    unverified="when a real gateway sends 10349, and its wording",
)
def notice_10349_looks_like_a_cancel(world: World) -> None:
    """10349 is information; the asyncio libraries call the working order Cancelled."""
    _looks_like_a_cancel(world, 10349, "Order TIF was set to DAY based on order preset.")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: 10147 (order to be cancelled not found) marks the live order Cancelled",
    simulated="10147 carrying a working order's id, as after a cancel that another client sent",
)
def error_10147_looks_like_a_cancel(world: World) -> None:
    """10147 says that a cancel found no order; the asyncio libraries call the working order Cancelled."""
    _looks_like_a_cancel(world, 10147, "OrderId that needs to be cancelled is not found.")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: 10148 (order cannot be cancelled) marks the live order Cancelled",
    simulated="10148 carrying a working order's id",
)
def error_10148_looks_like_a_cancel(world: World) -> None:
    """10148 refuses a cancel; the asyncio libraries call the working order Cancelled."""
    _looks_like_a_cancel(world, 10148, "OrderId that needs to be cancelled can not be cancelled, state: Submitted.")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: 161 (cancel attempted when the order is not in a cancellable state) marks it Cancelled",
    simulated="161 carrying a working order's id",
)
def error_161_looks_like_a_cancel(world: World) -> None:
    """161 refuses a cancel; the asyncio libraries call the working order Cancelled."""
    text = "Cancel attempted when order is not in a cancellable state. Order permId = 0"
    _looks_like_a_cancel(world, 161, text)


@SCENARIOS.public_bug(
    "ib_async: any warning about a live order (399, 404, 110, 321) sets its status to ValidationError; ib_insync "
    "leaves it alone",
    simulated="warning 399 carrying a working order's id",
)
def warnings_change_a_live_orders_status(world: World) -> None:
    """A warning leaves the order working; ib_async shows ValidationError until the next status."""
    gateway = world.gateway()
    text = "Order Message:\nBUY 100 SIMX\nWarning: Your order will not be placed at the exchange until later."
    shown = _error_on_a_live_order(world, gateway, world.connect(gateway, 10), 399, text)
    assert shown == ("ValidationError" if world.library == "ib_async" else "Submitted"), shown
    world.shows(f"the working order shows as {shown}")
    world.works_around("open orders asked for again show it working")


@SCENARIOS.public_bug(
    "an empty answer to open orders is taken for 'never sent': the order is sent again, and fills twice",
    simulated="one order the gateway never got, and one that filled before its client asked",
    unverified="how long a real gateway takes until an order it has accepted is listed",
)
def empty_open_orders_prove_nothing(world: World) -> None:
    """Never received or filled long ago: open orders are empty both times; executions and completed orders differ."""
    gateway = world.gateway()
    first = world.connect(gateway, 10)
    gateway.admin("mute", ids=[_PLACE_ORDER])
    first.place(STOCK, OrderSpec("BUY", 100, order_ref="swallowed"))
    world.until(lambda: len(gateway.received(_PLACE_ORDER)) == 1, "the frame")
    gateway.admin("mute", ids=[])
    world.leave(gateway, first)
    second = world.connect(gateway, 10)
    assert second.open_orders() == []
    assert (second.executions(), second.completed_orders(), second.positions()) == ([], [], {})
    wait_status(second, second.place(STOCK, OrderSpec("BUY", 100, order_ref="filled")), "Filled")
    world.leave(gateway, second)
    third = world.connect(gateway, 10)
    assert third.open_orders() == []
    world.shows("open orders are empty for the order that never arrived and for the one that filled")
    assert [fill.order_ref for fill in third.executions()] == ["filled"]
    assert [order.order_ref for order in third.completed_orders()] == ["filled"]
    assert list(third.positions().values()) == [(100.0, 100.01)]
    world.works_around("executions, completed orders and positions tell them apart")


@SCENARIOS.public_bug(
    "an order whose acknowledgement is lost shows as PendingSubmit for ever: neither proof that it was sent nor that "
    "it was not",
    simulated="a gateway that takes a placeOrder and says nothing",
    unverified="that a real gateway loses acknowledgements in this way",
)
def a_swallowed_order_is_unknown(world: World) -> None:
    """No answer to placeOrder: no status comes, and the connection is in order."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.admin("mute", ids=[_PLACE_ORDER])
    order_id = client.place(STOCK, OrderSpec("BUY", 100, order_ref="unknown"))
    world.until(lambda: len(gateway.received(_PLACE_ORDER)) == 1, "the frame")
    assert client.probe(5.0)
    assert client.order(order_id).status == ("PendingSubmit" if world.keeps_state else "")
    assert client.is_connected()
    world.shows(f"status {client.order(order_id).status!r}, with a connection that answers")
    gateway.admin("mute", ids=[])
    assert client.open_orders() == [] or client.open_orders()[0].perm_id == 0
    world.works_around("the order stays UNKNOWN: it is asked about, never sent again")


@SCENARIOS.public_bug(
    "orders of an earlier session come back in open orders with their old ids, and a client that counts from 1 again "
    "collides with them",
    simulated="an order left resting, and a new session",
)
def orders_of_an_earlier_session_keep_their_ids(world: World) -> None:
    """A resting order is listed to the next session under its id, permId and orderRef; new ids lie above."""
    gateway = world.gateway()
    first = world.connect(gateway, 10)
    order_id = first.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC", order_ref="yesterday"))
    perm_id = wait_status(first, order_id, "Submitted").perm_id
    world.leave(gateway, first)
    second = world.connect(gateway, 10)
    [found] = second.open_orders()
    assert (found.order_id, found.perm_id, found.order_ref) == (order_id, perm_id, "yesterday")
    later = second.place(STOCK, OrderSpec("BUY", 1, limit=50.0))
    assert later > order_id
    wait_status(second, later, "Submitted")
    second.cancel(order_id)
    second.wait(lambda: [order.order_id for order in second.open_orders()] == [later], "the old order to be cancelled")
    world.shows("the order is listed and can be cancelled by the session that has its client id")


@SCENARIOS.public_bug(
    "a cancel and a fill cross: libraries that believe their own cancel count the fill as lost",
    simulated="the order fills before its cancel arrives; 10148 answers the cancel",
    unverified="the code a real gateway answers with: 10148, 161 or 202 are all reported",
)
def a_fill_may_win_against_a_cancel(world: World) -> None:
    """The fill stands, the cancel is refused, and the execution is there."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    # both before the client has read anything of the fill
    gateway.quote(SYMBOL, 98.8, 98.9)
    client.cancel(order_id)
    wait_code(client, 10148)
    assert wait_status(client, order_id, "Filled").filled == 100
    assert [fill.order_id for fill in client.executions()] == [order_id]
    world.shows("Filled, with the cancel refused by 10148")
    world.works_around("the execution decides, not the cancel that was sent")

"""Groups and strangers: stops, brackets, one-cancels-all, and positions that change without an order of ours."""

from __future__ import annotations

from hedgerow.conformance.client import OrderSpec
from hedgerow.conformance.gateway import SYMBOL
from hedgerow.conformance.raw import RawClient
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import CALL, CALL_ID, STOCK, World, wait_status

SCENARIOS = Scenarios()


@SCENARIOS.conduct
def stop_orders_wait_for_their_price(world: World) -> None:
    """STP and STP LMT rest until the market reaches the stop, then act as MKT and LMT."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    stop = client.place(STOCK, OrderSpec("SELL", 50, more={"orderType": "STP", "auxPrice": 99.0}))
    limited = client.place(
        STOCK, OrderSpec("SELL", 50, limit=98.9, more={"orderType": "STP LMT", "auxPrice": 99.0})
    )  # fmt: skip
    client.wait(lambda: len(client.open_orders()) == 2, "both to rest")
    assert len(client.executions()) == 1
    gateway.quote(SYMBOL, 98.95, 98.97)
    assert wait_status(client, stop, "Filled").average_price == 98.95
    assert wait_status(client, limited, "Filled").average_price == 98.95


@SCENARIOS.public_bug(
    "a bracket whose parent is transmitted before its children, or a child alone, trades without protection: the last "
    "child carries the transmit flag for all",
    simulated="orders with transmit off wait; the last one releases its parent and siblings",
    unverified="how a real gateway treats a child whose parent is not there",
)
def a_bracket_waits_for_its_last_child(world: World) -> None:
    """Untransmitted parent and first child do nothing; the last child releases all, and one exit ends the other."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    parent = client.place(STOCK, OrderSpec("BUY", 100, transmit=False))
    profit = client.place(STOCK, OrderSpec("SELL", 100, limit=101.0, transmit=False, more={"parentId": parent}))
    assert client.probe(5.0)
    assert client.executions() == []
    stop = client.place(
        STOCK, OrderSpec("SELL", 100, more={"parentId": parent, "orderType": "STP", "auxPrice": 98.0})
    )  # fmt: skip
    wait_status(client, parent, "Filled")
    wait_status(client, profit, "Submitted")
    gateway.quote(SYMBOL, 101.2, 101.22)
    wait_status(client, profit, "Filled")
    wait_status(client, stop, "Cancelled")
    assert client.positions() == {}
    world.shows("nothing traded before the last child, and the stop was cancelled by the profit's fill")


@SCENARIOS.conduct
def one_cancels_all(world: World) -> None:
    """Of two orders in a group the fill of one cancels the other."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    group = {"ocaGroup": "pair", "ocaType": 1}
    low = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0, more=group))
    lower = client.place(STOCK, OrderSpec("BUY", 100, limit=98.0, more=group))
    wait_status(client, lower, "Submitted")
    gateway.quote(SYMBOL, 98.8, 98.9)
    wait_status(client, low, "Filled")
    wait_status(client, lower, "Cancelled")


@SCENARIOS.public_bug(
    "manual trades confuse the engine: the net position changes and no execution of ours explains it",
    simulated="a person's order on client 0, filled; the strategy's client is no master client",
    unverified="trades entered in TWS itself, which have no API client id",
)
def manual_trades_show_only_in_the_position(world: World) -> None:
    """The strategy's executions do not have the person's fill; its positions do."""
    gateway = world.gateway()
    strategy, person = world.connect(gateway, 10), world.connect(gateway, 0)
    wait_status(strategy, strategy.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    wait_status(person, person.place(STOCK, OrderSpec("SELL", 30)), "Filled")
    assert [fill.quantity for fill in strategy.executions()] == [100]
    assert [position[0] for position in strategy.positions().values()] == [70.0]
    world.shows("position 70, executions 100")
    world.works_around("position minus own executions is somebody else's: MANUAL, by name")


@SCENARIOS.public_bug(
    "an assignment changes two positions overnight, with no order and no execution anyone asked for",
    simulated="a short call is assigned: the option goes, stock is delivered at the strike",
    unverified="which executions a real gateway reports of an assignment, and when",
)
def an_assignment_moves_two_positions(world: World) -> None:
    """The option position ends and stock comes, and the order's client has placed nothing."""
    gateway = world.gateway(positions=[{"instrument_id": CALL_ID, "quantity": -3, "average_price": 1.5}])
    client = world.connect(gateway, 10)
    call, stock = client.details(CALL)[0].con_id, client.details(STOCK)[0].con_id
    assert client.positions() == {call: (-3.0, 150.0)}
    gateway.admin("assign", instrument_id=CALL_ID, quantity=3)
    client.wait(lambda: client.positions().get(stock, (0.0, 0.0))[0] == -300.0, "the delivered stock")
    assert call not in client.positions()
    assert client.open_orders() == []
    assert client.completed_orders() == []
    world.shows("300 shares short, and no order of ours")
    world.works_around("option positions and stock are compared with our own record; the difference is a transfer")


@SCENARIOS.public_bug(
    "a client that does not read makes the gateway's buffer grow; in the end its connection is cut, and everyone waits",
    simulated="a reader of nothing, with a buffer of 4 kB",
    unverified="the size of a real gateway's buffer",
)
def a_slow_reader_is_dropped_alone(world: World) -> None:
    """The reader of nothing is disconnected; the other client trades on."""
    gateway = world.gateway(write_buffer_bytes=4096)
    client = world.connect(gateway, 10)
    with RawClient(gateway.port, world.version_max, world.version_max) as slow:
        slow.read(9)
        world.until(lambda: len(gateway.admin("status")["clients"]) == 2, "both clients")
        for _ in range(200):
            slow.send(9, 8, 7, 0, SYMBOL, "OPT", "", 0.0, "", "", "SMART", "", "USD", "", "", 0, "", "", *(
                [""] if world.version_max >= 176 else []
            ))  # fmt: skip
            if len(gateway.admin("status")["clients"]) == 1:
                break
        world.until(lambda: len(gateway.admin("status")["clients"]) == 1, "the slow reader to be dropped")
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    world.shows("the other client's order filled")


@SCENARIOS.public_bug(
    "frames of any length are believed: a wrong length takes the gateway or the client down",
    simulated="a length of 1 GB, and bytes that are no frame",
    unverified="what a real gateway does with them",
)
def malformed_frames_end_one_connection_only(world: World) -> None:
    """An oversized and a meaningless frame end their own connection; the other client trades on."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    for bad in (b"\x40\x00\x00\x00", b"\x00\x00\x00\x04\xff\xfe\xff\xfe"):
        with RawClient(gateway.port, world.version_max, world.version_max) as raw:
            raw.read(9)
            raw.send_bytes(bad)
            world.until(lambda: len(gateway.admin("status")["clients"]) == 1, "the connection to be ended")
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    world.shows("the other client's order filled")

"""Sessions: connecting, staying connected, and what a library believes when the other side is silent."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

from hedgerow.conformance.client import Client, OrderSpec
from hedgerow.conformance.gateway import SYMBOL, Gateway
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import STOCK, World, error_codes, wait_code, wait_status

SCENARIOS = Scenarios()
_OPEN, _EXECUTIONS, _POSITIONS, _COMPLETED, _TIME = 5, 7, 61, 99, 49


def _connect_within(client: Client, gateway: Gateway, client_id: int, timeout_s: float) -> tuple[bool, float]:
    """Whether the library connected, and after how many seconds it said so."""
    began = time.monotonic()
    try:
        client.connect(gateway.port, client_id, timeout_s)
    except (ConnectionError, TimeoutError):
        return False, time.monotonic() - began
    return True, time.monotonic() - began


@SCENARIOS.public_bug(
    "ib_insync, ib_async: error 326 (client id in use) makes connectAsync wait out its whole time-out",
    simulated="326, then the gateway closes the connection",
    unverified="how soon a real gateway closes after 326",
)
def busy_client_id_is_told_at_once_but_raised_late(world: World) -> None:
    """A busy client id is refused with 326 and the first client goes on; the error callback knows it before connect."""
    gateway = world.gateway()
    first = world.connect(gateway, 7)
    second = world.unconnected()
    limit = 1.5
    connected, waited = _connect_within(second, gateway, 7, limit)
    assert not connected, "a busy client id was accepted"
    assert 326 in error_codes(second)
    if world.keeps_state:
        assert waited >= limit * 0.9, f"connectAsync raised after {waited:.2f} s of {limit} s"
        world.shows(f"connectAsync raised after {waited:.1f} s, its whole time-out of {limit:.0f} s")
    world.works_around("the error callback had 326 while connect was still waiting")
    assert first.current_time() > 0
    world.leave(gateway, first)
    assert world.connect(gateway, 7).is_connected()


@SCENARIOS.public_bug(
    "ib_insync: with no answer to reqExecutions the whole connect fails, though everything else was answered",
    simulated="a gateway that ignores message 7",
    unverified="that a real gateway ever leaves reqExecutions unanswered",
)
def connect_fails_without_the_executions_answer(world: World) -> None:
    """The last request of a connect decides: ignored, ib_insync gives the connection up, the others do not."""
    gateway = world.gateway()
    gateway.admin("mute", ids=[_EXECUTIONS])
    client = world.unconnected()
    connected, _ = _connect_within(client, gateway, 10, 1.5 if world.keeps_state else 10.0)
    assert connected == (world.library != "ib_insync")
    assert client.is_connected() == connected
    world.shows("connected without the answer" if connected else "connect failed and the socket was closed")
    gateway.admin("mute", ids=[])
    again = world.connect(gateway, 11)
    assert again.executions() == []
    world.works_around("every request has a time-out, and a failed connect begins again with a new object")


@SCENARIOS.public_bug(
    "missing answers to positions, open or completed orders cost a connect only its time-out: the library then says "
    "it is connected, and shows no orders and no positions",
    simulated="a gateway that ignores messages 5, 61 and 99 while a client connects",
    unverified="when a real gateway leaves them unanswered",
)
def a_silent_connect_looks_like_an_empty_account(world: World) -> None:
    """Connected with nothing answered: the library's lists are empty although the account is not."""
    gateway = world.gateway()
    gateway.admin("seed_position", instrument_id=SYMBOL, quantity=50, average_price=99.5)
    gateway.admin("mute", ids=[_OPEN, _POSITIONS, _COMPLETED])
    client = world.unconnected()
    connected, waited = _connect_within(client, gateway, 10, 1.5 if world.keeps_state else 10.0)
    assert connected
    assert client.is_connected()
    assert client.library_positions() == {}
    gateway.admin("mute", ids=[])
    assert list(client.positions().values()) == [(50.0, 99.5)]
    world.shows(f"connected after {waited:.1f} s, with no position of the account's one")
    world.works_around("positions asked for again under our own time-out are there")


@SCENARIOS.public_bug(
    "a gateway that has stopped answering still looks connected: isConnected() is True, nothing raises",
    simulated="the gateway ignores everything the client sends; the socket stays open",
    unverified="how long a real half-open connection stays so; TCP keep-alive is not simulated",
)
def a_mute_gateway_still_looks_connected(world: World) -> None:
    """isConnected() stays True at a mute gateway; a request for the time under a time-out finds out."""
    gateway = world.gateway()
    client = world.connect(gateway)
    assert client.probe(5.0)
    gateway.admin("mute", ids=list(range(1, 120)))
    assert not client.probe(0.5)
    assert client.is_connected()
    world.shows("isConnected() is True")
    gateway.admin("mute", ids=[])
    assert client.probe(5.0)
    world.works_around("reqCurrentTime under a time-out tells a mute gateway from a quiet one")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: two concurrent reqPositions (also open and completed orders, account updates, current time) "
    "hang the first for ever",
    simulated="nothing: both requests are answered by the gateway",
)
def two_concurrent_requests_hang_the_first(world: World) -> None:
    """Of two concurrent requests for positions the first is never answered to its caller."""
    client = world.connect(world.gateway())
    answered = client.ask_positions_twice(0.5 if world.keeps_state else 10.0)
    if world.keeps_state:
        assert answered == [False, True], answered
        world.shows("the first caller waits for ever")
    else:
        assert answered == [True, True], answered
        world.shows("ibapi has no callers to answer: both ends are told")
    assert client.positions() == {}
    world.works_around("one request of a kind at a time is answered")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: an exception in a callback is swallowed by eventkit; ibapi: it ends the reading thread",
    simulated="nothing: our own callback for errors raises",
)
def exceptions_in_callbacks_are_swallowed(world: World) -> None:
    """A callback that raises stops nothing and tells nobody who has not connected error_event."""
    gateway = world.gateway()
    client = world.connect(gateway)
    client.fail_in_error_callback()
    gateway.admin("error", req_id=-1, code=2105, message="HMDS data farm connection is broken:ushmds")
    client.wait(lambda: bool(client.handler_failures), "the failure to be told")
    assert "a mistake in our callback" in client.handler_failures[0]
    if world.keeps_state:
        assert client.probe(5.0)
        world.shows("the library goes on as if nothing had happened")
        world.works_around("error_event was told of the exception")
    else:
        client.wait(lambda: not client.is_connected(), "the connection to end")
        world.shows("ibapi's loop ended and the connection with it")
        world.works_around("the exception comes out of run(), on the thread that called it")


@SCENARIOS.public_bug(
    "ib_insync and ib_async both own the top-level module `eventkit`: installed together they break each other",
    simulated="nothing: this environment is looked at",
)
def one_eventkit_per_environment(world: World) -> None:
    """The environment has one of the two libraries, so `eventkit` is that one's."""
    import importlib.util  # noqa: PLC0415

    asyncio_libraries = [name for name in ("ib_insync", "ib_async") if importlib.util.find_spec(name)]
    assert len(asyncio_libraries) <= 1, f"both own eventkit, so install one of them: {asyncio_libraries}"
    client = world.connect(world.gateway())
    assert client.current_time() > 0
    if world.keeps_state:
        assert "eventkit" in sys.modules
    world.works_around("one environment per library")


@SCENARIOS.public_bug(
    "ib_insync: after disconnect and connect on one IB object, an order filled while away stays Submitted and closed "
    "positions remain; a trade kept from before is stale in every library",
    simulated="a fill and a closed position while nobody is connected",
    unverified="nothing: this is the library's own doing",
)
def one_object_for_two_sessions_keeps_stale_orders(world: World) -> None:
    """Reconnecting the same object shows the order open; a new object and the executions tell the truth."""
    gateway = world.gateway()
    gateway.admin("seed_position", instrument_id=SYMBOL, quantity=100, average_price=99.5)
    client = world.connect(gateway, 10)
    stock = client.details(STOCK)[0].con_id
    order_id = client.place(STOCK, OrderSpec("SELL", 100, limit=101.0, order_ref="away"))
    wait_status(client, order_id, "Submitted")
    world.go_away(gateway, client)
    gateway.quote(SYMBOL, 101.5, 101.6)
    client.connect(gateway.port, 10)
    if world.library == "ib_insync":
        assert client.library_orders()[order_id] == "Submitted"
        assert client.library_positions().get(stock) == 100.0
        world.shows("the filled order is Submitted, the closed position 100")
    elif world.library == "ib_async":
        assert order_id not in client.library_orders()
        assert client.library_positions() == {}
        world.shows("ib_async 2.1 forgets everything at a disconnect: the order is unknown rather than filled")
    else:
        assert client.order(order_id).status == "Submitted"
        world.shows("ibapi keeps nothing, and no callback told of the fill")
    world.go_away(gateway, client)
    fresh = world.connect(gateway, 10)
    assert fresh.positions() == {}
    assert [(fill.order_id, fill.order_ref) for fill in fresh.executions()] == [(order_id, "away")]
    assert fresh.library_orders().get(order_id) != "Submitted"
    world.works_around("a new object per session, and executions compared with our own record")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: fills replayed after a reconnect do not fire execDetailsEvent",
    simulated="a fill while nobody is connected",
    unverified="nothing: this is the library's own doing",
)
def replayed_fills_are_not_announced(world: World) -> None:
    """A fill that happened while away is in the executions, and no live event told of it."""
    gateway = world.gateway()
    first = world.connect(gateway, 10)
    wait_status(first, first.place(STOCK, OrderSpec("BUY", 100, limit=99.0)), "Submitted")
    world.leave(gateway, first)
    gateway.quote(SYMBOL, 98.8, 98.9)
    second = world.connect(gateway, 10)
    [fill] = second.executions()
    assert second.live_fills == []
    world.shows("no live event, the execution only when asked for")
    assert fill.execution_id in {each.execution_id for each in second.executions()}
    world.works_around("after every connect the executions are compared by execId")


@SCENARIOS.public_bug(
    "a reset or closed connection: requests under way never end in ibapi, and raise in the asyncio libraries",
    simulated="the gateway closes the connection, then resets it",
    unverified="when a real gateway resets",
)
def a_lost_connection_is_noticed(world: World) -> None:
    """After a close, and after a reset, the client knows; a new session finds the order."""
    gateway = world.gateway()
    for abort in (False, True):
        client = world.connect(gateway, 10)
        client.place(STOCK, OrderSpec("BUY", 1, limit=50.0, tif="GTC"))
        world.until(lambda: gateway.admin("status")["open_orders"] > 0, "the order")
        gateway.admin("drop", client_id=10, abort=abort)
        client.wait(lambda client=client: not client.is_connected(), "the lost connection")  # type: ignore[misc]
        with contextlib.suppress(ConnectionError):
            client.disconnect()
        world.until(lambda: gateway.admin("status")["clients"] == [], "the gateway to forget the client")
    assert len(world.connect(gateway, 10).open_orders()) == 2
    world.shows("isConnected() is False after both")


@SCENARIOS.public_bug(
    "another client id cannot cancel an order (10147); only reqGlobalCancel crosses ids, and it takes manual orders "
    "along",
    simulated="a strategy's order, a person's order of client 0, and a kill switch on a third client id",
    unverified="that a real gateway's global cancel takes orders entered in TWS itself",
)
def only_a_global_cancel_crosses_client_ids(world: World) -> None:
    """A cancel from a third connection is refused; a global cancel takes everybody's orders."""
    gateway = world.gateway()
    strategy, person, kill = (world.connect(gateway, client_id) for client_id in (10, 0, 9))
    ours = strategy.place(STOCK, OrderSpec("BUY", 100, limit=50.0))
    theirs = person.place(STOCK, OrderSpec("BUY", 7, limit=51.0))
    wait_status(strategy, ours, "Submitted")
    wait_status(person, theirs, "Submitted")
    kill.cancel(ours)
    wait_code(kill, 10147)
    assert strategy.order(ours).status == "Submitted"
    world.shows("10147 for a cancel by another client id")
    kill.cancel_everything()
    wait_status(strategy, ours, "Cancelled")
    wait_status(person, theirs, "Cancelled")
    world.shows("the global cancel took the person's order along")


@SCENARIOS.public_bug(
    "nextValidId and managedAccounts without their version field leave every library waiting for a connect that never "
    "ends: the id is read as the version",
    simulated="both messages with the field, then nextValidId without it, by a proxy",
    unverified="nothing: what the clients' decoders read",
)
def the_greeting_needs_its_version_fields(world: World) -> None:
    """With version fields the client connects; without them it never learns its first order id."""
    gateway = world.gateway()
    world.connect(gateway, 10)
    assert [len(gateway.sent(message_id)[0]) for message_id in (15, 9)] == [3, 3]
    proxy = world.tampered(gateway, lambda fields: [[fields[0], fields[2]] if fields[0] == "9" else fields])
    client = world.unconnected()
    try:
        client.connect(proxy.port, 11, 1.0)
    except (ConnectionError, TimeoutError):
        world.shows("no connect without the version field")
    else:
        raise AssertionError("the client made an order id of a message without its version")


_PATCH = """
import asyncio, importlib, sys
try:
    import uvloop
except ImportError:
    sys.exit(3)
loop = uvloop.new_event_loop()
asyncio.set_event_loop(loop)
library = importlib.import_module(sys.argv[1])
try:
    library.util.patchAsyncio()
except ValueError as error:
    print(error)
    sys.exit(4)
"""


@SCENARIOS.public_bug(
    "ib_insync, ib_async: patchAsyncio raises under uvloop, and is not needed where only the *Async calls are used",
    simulated="nothing: a process of its own with a uvloop, where uvloop is installed",
)
def asyncio_needs_no_patch(world: World) -> None:
    """Every scenario runs on the *Async calls and an unpatched loop; patchAsyncio refuses a uvloop."""
    assert world.connect(world.gateway()).current_time() > 0
    if world.keeps_state:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _PATCH, world.library], capture_output=True, text=True, check=False
        )
        assert done.returncode in (3, 4), done.stdout + done.stderr
        told = done.stdout.strip() or "uvloop is not installed here, so it was not tried"
        world.shows(f"patchAsyncio under uvloop: {told}")
    world.works_around("the *Async calls on a plain loop, unpatched")

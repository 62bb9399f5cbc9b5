"""Outages: the broker's link, the data farms, a half-open socket, slow and cut bytes, and too many messages."""

from __future__ import annotations

from hedgerow.conformance.client import Client, OrderSpec
from hedgerow.conformance.gateway import SYMBOL, Gateway
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import STOCK, World, error_codes, wait_code, wait_status

SCENARIOS = Scenarios()
_PACING = "a real gateway's exact counting window; that it disconnects after some violations is reported, not seen here"


def _streaming(world: World, gateway: Gateway) -> tuple[Client, int]:
    client = world.connect(gateway, 10)
    handle = client.subscribe(STOCK)
    client.wait(lambda: client.quote(handle).bid == 99.99, "the first bid")
    return client, handle


def _dead_until_requested_again(world: World, gateway: Gateway, client: Client, handle: int) -> None:
    """The subscription shows its old bid whatever is quoted now; a new request of the same contract gets quotes."""
    gateway.quote(SYMBOL, 92.0, 92.02)
    assert client.probe(5.0)
    assert client.quote(handle).bid == 99.99
    world.shows("the old bid stands, during and after")
    if world.keeps_state:
        client.unsubscribe(handle)
    again = client.subscribe(STOCK)
    client.wait(lambda: client.quote(again).bid == 92.0, "a quote of the new request")


def _codes(client: Client) -> list[int]:
    return [error.code for error in client.errors]


@SCENARIOS.public_bug(
    "after 1100 isConnected() stays True and the last bid remains; nothing says that it is old",
    simulated="1100, no data while the link is down, then 1102 and the subscription as before",
    unverified="how long a real gateway takes to notice, and whether every 1102 keeps subscriptions",
)
def after_1100_old_quotes_remain(world: World) -> None:
    """The link is lost: connected, and the old bid; after 1102 quotes move again."""
    gateway = world.gateway()
    client, handle = _streaming(world, gateway)
    gateway.fault("lose_link")
    wait_code(client, 1100)
    updates = client.quote(handle).updates
    gateway.quote(SYMBOL, 90.0, 90.02)
    assert client.probe(5.0)
    assert client.is_connected()
    assert client.quote(handle).bid == 99.99
    assert client.quote(handle).updates == updates
    world.shows("isConnected() is True and the bid is the old one")
    gateway.fault("restore_link", data="kept")
    wait_code(client, 1102)
    gateway.quote(SYMBOL, 91.0, 91.02)
    client.wait(lambda: client.quote(handle).bid == 91.0, "a quote after 1102")
    world.works_around("an age per quote tells; after 1102 the flow is checked before it is trusted")


@SCENARIOS.public_bug(
    "after 1101 tickers are dead until they are requested again; no library does so by itself",
    simulated="1100, then 1101: subscriptions are gone",
    unverified="whether a real gateway ends every subscription at 1101",
)
def after_1101_tickers_are_dead(world: World) -> None:
    """Data lost: the old ticker stays as it was, a new request brings quotes."""
    gateway = world.gateway()
    client, handle = _streaming(world, gateway)
    gateway.fault("lose_link")
    wait_code(client, 1100)
    gateway.fault("restore_link", data="lost")
    wait_code(client, 1101)
    gateway.quote(SYMBOL, 91.0, 91.02)
    assert client.probe(5.0)
    assert client.quote(handle).bid == 99.99
    world.shows("the ticker stands still though the market moved")
    if world.keeps_state:
        client.unsubscribe(handle)  # the libraries give one contract's ticker out once
    again = client.subscribe(STOCK)
    client.wait(lambda: client.quote(again).bid == 91.0, "a quote of the new request")
    world.works_around("market data is requested again after 1101")


@SCENARIOS.public_bug(
    "fills while the broker's link is down are never announced after it is back",
    simulated="a fill between 1100 and 1101; its reports are lost",
    unverified="which reports a real gateway sends after an outage",
)
def fills_during_an_outage_are_lost(world: World) -> None:
    """The order fills during the outage: no status, no live execution; the executions have it."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("lose_link")
    wait_code(client, 1100)
    gateway.quote(SYMBOL, 98.8, 98.9)
    gateway.fault("restore_link", data="lost", reports="lost")
    wait_code(client, 1101)
    assert client.probe(5.0)
    assert client.order(order_id).status == "Submitted"
    assert client.live_fills == []
    world.shows("the filled order is Submitted and no fill was announced")
    assert client.open_orders() == []
    [fill] = client.executions()
    assert (fill.order_id, fill.quantity) == (order_id, 100)
    world.works_around("after every 1101 and 1102 the executions are compared by execId")


@SCENARIOS.public_bug(
    "10197 (a competing session has the data): quotes stop, the last bid stays, and nothing resubscribes afterwards",
    simulated="10197 for the subscription, no data until it clears, and the subscription gone with it",
    unverified="whether a real gateway resumes by itself when the other session ends",
)
def a_competing_session_stops_quotes(world: World) -> None:
    """10197 carries the request's id; quotes stop, and only a new request brings them back."""
    gateway = world.gateway()
    client, handle = _streaming(world, gateway)
    gateway.fault("competing_session", data="lost", name="other")
    wait_code(client, 10197)
    gateway.quote(SYMBOL, 91.0, 91.02)
    assert client.probe(5.0)
    assert client.quote(handle).bid == 99.99
    gateway.admin("clear_faults", fault="other")
    _dead_until_requested_again(world, gateway, client, handle)
    world.works_around("market data is requested again once 10197 has cleared")


@SCENARIOS.public_bug(
    "2103 (data farm broken) looks like any notice; after 2104 some subscriptions never come back",
    simulated="2103, no data, 2104 with the subscription gone",
    unverified="whether a real farm's return keeps subscriptions",
)
def a_broken_data_farm_stops_quotes(world: World) -> None:
    """2103 and 2104 are told as notices; quotes come back by a new request."""
    gateway = world.gateway()
    client, handle = _streaming(world, gateway)
    gateway.fault("break_farm", data="lost", name="farm")
    client.wait(lambda: 2103 in _codes(client), "notice 2103")
    gateway.quote(SYMBOL, 91.0, 91.02)
    assert client.probe(5.0)
    assert client.quote(handle).bid == 99.99
    ready = _codes(client).count(2104)
    gateway.admin("clear_faults", fault="farm")
    client.wait(lambda: _codes(client).count(2104) == ready + 1, "notice 2104")
    _dead_until_requested_again(world, gateway, client, handle)
    world.works_around("market data is requested again after 2103 and 2104")


@SCENARIOS.public_bug(
    "354 (no subscription): the ticker exists and never gets a price",
    simulated="354 for every request for market data",
    unverified="which subscriptions a real account lacks",
)
def a_missing_data_subscription_is_an_empty_ticker(world: World) -> None:
    """354 carries the request's id and ends it; the quote stays empty."""
    gateway = world.gateway()
    gateway.fault("no_market_data")
    client = world.connect(gateway, 10)
    handle = client.subscribe(STOCK)
    wait_code(client, 354)
    gateway.quote(SYMBOL, 91.0, 91.02)
    assert client.probe(5.0)
    assert client.quote(handle).bid is None
    world.shows("an empty quote and one error")


@SCENARIOS.public_bug(
    "a subscription may turn into delayed data: prices go on and look live",
    simulated="10167, marketDataType 3 and delayed ticks in the middle of a stream",
    unverified="when a real gateway falls back to delayed data",
)
def delayed_data_looks_live(world: World) -> None:
    """After 10167 the bid goes on moving; only marketDataType 3 tells."""
    gateway = world.gateway()
    client, handle = _streaming(world, gateway)
    gateway.fault("delayed_data")
    wait_code(client, 10167)
    gateway.quote(SYMBOL, 91.0, 91.02)
    client.wait(lambda: client.quote(handle).bid == 91.0, "a delayed bid")
    assert client.quote(handle).market_data_type == 3
    world.shows("the delayed bid stands where the live one stood")
    world.works_around("marketDataType is read, and delayed data blocks trading")


@SCENARIOS.public_bug(
    "a half-open socket still looks connected, and an order sent into it is lost or filled, unseen",
    simulated="the gateway obeys what arrives and says nothing",
    unverified="when a real connection becomes half-open",
)
def a_half_open_socket_swallows_the_fill(world: World) -> None:
    """isConnected() is True, the order shows nothing, and it has filled; a new session finds it."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.fault("half_open", client=10, deliver=True)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, order_ref="unseen"))
    world.until(lambda: gateway.admin("status")["executions"] == 1, "the unseen fill")
    assert not client.probe(0.3)
    assert client.is_connected()
    assert client.order(order_id).status == ("PendingSubmit" if world.keeps_state else "")
    world.shows("connected, and no word of the fill")
    gateway.clear_faults()
    world.leave(gateway, client)
    assert [fill.order_ref for fill in world.connect(gateway, 10).executions()] == ["unseen"]
    world.works_around("reqCurrentTime under a time-out, then a new session and its executions")


@SCENARIOS.public_bug(
    "frames arrive in any pieces: readers that take one recv for one message lose or merge them",
    simulated="everything the gateway sends after the handshake arrives a byte at a time",
)
def fragmented_frames_are_put_together(world: World) -> None:
    """Quotes, a fill and lists, byte by byte."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.fault("fragment", bytes=1)
    handle = client.subscribe(STOCK)
    client.wait(lambda: client.quote(handle).bid == 99.99, "the first bid")
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    assert [fill.commission for fill in client.executions()] == [1.0]
    world.shows("everything was put together")


@SCENARIOS.public_bug(
    "ibapi: connect() throws the pieces of the gateway's first answer away and waits for ever; it has no time-out",
    simulated="the version answer in pieces of 12 bytes, 10 ms apart",
    unverified="that a real gateway's first answer is ever cut",
)
def a_handshake_in_pieces_hangs_ibapi(world: World) -> None:
    """The first answer cut in two: the asyncio libraries connect, ibapi waits until its socket is closed."""
    gateway = world.gateway()
    gateway.fault("fragment", bytes=12, gap_ms=10, for_ms=1000)
    client = world.unconnected()
    try:
        client.connect(gateway.port, 10, 10.0 if world.keeps_state else 1.0)
    except TimeoutError:
        assert not world.keeps_state
        world.shows("connect() waited for ever")
        gateway.clear_faults()
        assert world.connect(gateway, 11).is_connected()
        world.works_around("connect runs under a time-out of our own, and begins again with a new object")
    else:
        assert world.keeps_state
        world.shows("connected")


@SCENARIOS.public_bug(
    "after a crash the old session's client id is still in use (326); peers rotate the id and lose their orders",
    simulated="326 for a free id, then it is accepted",
    unverified="how long a real gateway holds a dead client's id",
)
def a_ghost_session_holds_the_client_id(world: World) -> None:
    """326 for an id nobody uses, then it connects; another id would not own the order."""
    gateway = world.gateway()
    first = world.connect(gateway, 10)
    order_id = first.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC"))
    wait_status(first, order_id, "Submitted")
    world.leave(gateway, first)
    gateway.fault("refuse_client_id", client=10)
    refused = world.unconnected()
    try:
        refused.connect(gateway.port, 10, 1.5)
    except (ConnectionError, TimeoutError):
        pass
    else:
        raise AssertionError("the ghost's id was accepted")
    assert 326 in error_codes(refused)
    other = world.connect(gateway, 11)
    assert other.open_orders() == []
    world.shows("326 for an id nobody uses; another id sees none of its orders")
    again = world.connect(gateway, 10)
    assert [order.order_id for order in again.open_orders()] == [order_id]
    world.works_around("the same id after a short wait; never another one for orders")


@SCENARIOS.public_bug(
    "50 messages a second are shared by orders and cancels: a burst of orders keeps the cancel from being obeyed",
    simulated="a limit of 20 messages in 10 s; what is over it is answered with 100 and not obeyed",
    unverified=_PACING,
)
def a_burst_starves_the_cancel(world: World) -> None:
    """Over the limit a cancel is answered with 100 and the order goes on working; with a reserve it is obeyed."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0))
    wait_status(client, order_id, "Submitted")
    limit = 20
    gateway.fault("pacing_limit", limit=limit, window_ms=10_000, client=10, name="budget")
    before = gateway.admin("status")["open_orders"]
    for _ in range(limit):
        client.place(STOCK, OrderSpec("BUY", 1, limit=50.0))
    client.cancel(order_id)
    wait_code(client, 100)
    assert gateway.admin("status")["open_orders"] == before + limit
    world.shows("the cancel was answered with 100 and the order still works")
    gateway.admin("clear_faults", fault="budget")
    gateway.fault("pacing_limit", limit=limit, window_ms=10_000, client=10)
    for _ in range(limit - 1):
        client.place(STOCK, OrderSpec("BUY", 1, limit=50.0))
    client.cancel(order_id)
    # the asyncio libraries keep a queue of their own, 45 messages a second, and must run to empty it
    client.wait(lambda: gateway.admin("status")["open_orders"] == before + 2 * limit - 2, "the cancel")
    world.works_around("one message kept in reserve: the cancel is obeyed")


@SCENARIOS.public_bug(
    "420 (pacing violation) is addressed to the request: libraries end the request with no answer and no exception",
    simulated="a second request for contract details within 10 s is answered with 420",
    unverified=_PACING,
)
def pacing_violations_end_the_request(world: World) -> None:
    """420 ends the request: an empty list, as if there were no such contract."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.fault("pacing_limit", limit=1, window_ms=10_000, code=420, messages=["reqContractDetails"])
    assert len(client.details(STOCK)) == 1
    assert client.details(STOCK) == []
    wait_code(client, 420)
    world.shows("an empty answer, told from 'no such contract' by the error's code alone")

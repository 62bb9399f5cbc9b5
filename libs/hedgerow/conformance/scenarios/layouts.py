"""Layout traps: what the libraries' decoders and encoders demand of every field, per server version."""

from __future__ import annotations

from hedgerow.conformance.client import OrderSpec
from hedgerow.conformance.gateway import SYMBOL, Gateway
from hedgerow.conformance.raw import RawClient
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import CALL, CALL_ID, STOCK, World, error_codes, wait_code, wait_status

SCENARIOS = Scenarios()
_REAL = "which fields a real gateway sends at these versions was taken from the clients' decoders, not from a gateway"
_REQ_OPEN, _REQ_DETAILS = 16, 9


@SCENARIOS.public_bug(
    "all three libraries unpack exact field counts: one field too many or too few loses the whole message, silently",
    simulated="tickPrice 7 fields, updatePortfolio 20, error 5 and from 166 on 6",
    unverified=_REAL,
)
def replies_have_exactly_the_fields_unpacked(world: World) -> None:
    """A price, a position's value and an error reach the client, and have the counts its decoder unpacks."""
    gateway = world.gateway(positions=[{"instrument_id": CALL_ID, "quantity": 2, "average_price": 1.5}])
    client = world.connect(gateway)
    handle = client.subscribe(STOCK)
    client.wait(lambda: client.quote(handle).bid == 99.99, "a bid")
    assert [item[:2] for item in client.portfolio().values()] == [(2.0, 2.05)]
    client.place(STOCK, OrderSpec("BUY", 0))
    wait_code(client, 434)
    errors = 5 if world.version_max < 166 else 6
    for message_id, count in ((1, 7), (7, 20), (4, errors)):
        counts = {len(fields) for fields in gateway.sent(message_id)}
        assert counts == {count}, f"message {message_id} has {counts} fields, {count} are unpacked"
    world.shows("every message was decoded")


@SCENARIOS.public_bug(
    "contractDetails changed its layout at 163 and 164; a decoder off by one field shows shifted values or nothing",
    simulated="below 164 a leading version and mdSizeMultiplier; 163 adds one field; from 164 on three size rules",
    unverified=_REAL,
)
def contract_details_follow_the_version(world: World) -> None:
    """The layout at 157, 163, 164 and 178 by count, and the client reads its own to the last field."""
    gateway = world.gateway(server_version_max=178)
    counts = {}
    for version in (157, 163, 164, 178):
        with RawClient(gateway.port, version, version) as raw:
            raw.send(_REQ_DETAILS, 8, 1, 0, SYMBOL, "STK", "", 0.0, "", "", "SMART", "", "USD", "", "", 0, "", "", *(
                [""] if version >= 176 else []
            ))  # fmt: skip
            counts[version] = len(raw.read(10))
    assert counts[163] == counts[157] + 1
    assert counts[164] == counts[157] - 2 + 3
    assert counts[178] == counts[164]
    own = world.gateway()
    [found] = world.connect(own).details(STOCK)
    assert (found.min_tick, found.long_name, found.time_zone) == (0.01, "SIMULATED SIMX", "US/Eastern")
    world.shows("the client reads details at its own version")


@SCENARIOS.public_bug(
    "ibapi at 157 parses sizes with int(): '100.0' raises in the reader and the message is lost",
    simulated="sizes of ticks are sent as whole numbers at every version",
    unverified="from 163 on a real gateway may send fractional sizes; none are simulated",
)
def sizes_are_whole_numbers(world: World) -> None:
    """Sizes of ticks are whole numbers on the wire, and the client shows them."""
    gateway = world.gateway()
    client = world.connect(gateway)
    handle = client.subscribe(STOCK)
    gateway.quote(SYMBOL, 99.98, 100.02, size=700)
    client.wait(lambda: client.quote(handle).ask_size == 700, "the size")
    sizes = [fields[5] for fields in gateway.sent(1)] + [fields[4] for fields in gateway.sent(2)]
    assert sizes
    assert all(size.isdigit() for size in sizes), sizes
    world.shows("the client parses every size")


def _rich_order(world: World) -> OrderSpec:
    """An order with every repeating part a library writes by itself: scale, hedge, conditions apart."""
    more: dict[str, object] = {
        "goodAfterTime": "", "minQty": 1, "discretionaryAmt": 0.02, "triggerMethod": 2, "displaySize": 50,
        "ocaGroup": "rich", "ocaType": 1, "modelCode": "M", "clearingIntent": "IB", "settlingFirm": "",
        "scaleInitLevelSize": 10, "scaleSubsLevelSize": 5, "scalePriceIncrement": 0.5,
        "deltaNeutralOrderType": "MKT", "deltaNeutralConId": 0, "extOperator": "desk", "cashQty": 0.0,
        "mifid2DecisionMaker": "someone", "conditionsIgnoreRth": True,
    }  # fmt: skip
    if world.version_max >= 170:
        more |= {"minTradeQty": 1, "minCompeteSize": 1}
    return OrderSpec("BUY", 100, limit=50.0, tif="GTC", order_ref="rich", more=more)


@SCENARIOS.public_bug(
    "placeOrder has about 120 fields that move with the server version; a gateway half a version off takes the "
    "wrong field for the price or the account",
    simulated="placeOrder is consumed to its last field; one more or one less is refused with 320",
    unverified="a real gateway may ignore what is left over instead",
)
def place_order_is_consumed_to_its_last_field(world: World) -> None:
    """A plain and a rich order are understood; the same frame with a field more, or without its last, is refused."""
    gateway = world.gateway()
    client = world.connect(gateway)
    plain = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0, order_ref="plain"))
    wait_status(client, plain, "Submitted")
    client.place(STOCK, _rich_order(world))
    world.until(lambda: len(gateway.received(3)) == 2, "the rich order to arrive")
    client.current_time()
    assert 320 not in error_codes(client), client.errors
    sent = gateway.received(3)[0]
    for order_id, wrong in ((5001, [*sent, "7"]), (5002, sent[:-1])):
        with RawClient(gateway.port, world.version_max, world.version_max) as raw:
            raw.send(3, order_id, *wrong[2:])
            # the farm notices come first
            while (refused := raw.read(4))[2] == "-1":
                pass
            assert refused[2:4] == [str(order_id), "320"], refused
    world.shows(f"the client's placeOrder has {len(sent)} fields at {world.version_max} and all are consumed")


def _open_order_length(gateway: Gateway, version: int) -> int:
    with RawClient(gateway.port, 157, version) as raw:
        assert raw.server_version == version
        raw.send(_REQ_OPEN, 1)
        return len(raw.read(5))


@SCENARIOS.public_bug(
    "openOrder gained five fields at 170 and lost faProfile at 177; `duration` sent from 158 on, read from 159 on",
    simulated="openOrder by version; the client shows the order's last fields unshifted",
    unverified=_REAL,
)
def open_order_follows_the_version(world: World) -> None:
    """openOrder's length at the versions where it changes, and the client reads its own whole."""
    gateway = world.gateway(server_version_max=178)
    client = world.connect(world.gateway())
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC", order_ref="layout"))
    wait_status(client, order_id, "Submitted")
    [found] = client.open_orders()
    assert (found.limit, found.quantity, found.order_ref, found.status) == (50.0, 100, "layout", "Submitted")
    other = world.connect(gateway)
    wait_status(other, other.place(STOCK, OrderSpec("BUY", 100, limit=50.0, tif="GTC")), "Submitted")
    lengths = {version: _open_order_length(gateway, version) for version in (157, 159, 169, 170, 176, 177)}
    assert lengths[159] == lengths[157] + 1
    assert lengths[170] == lengths[169] + 5
    assert lengths[177] == lengths[176] - 1
    world.shows("the client reads openOrder at its own version")


@SCENARIOS.public_bug(
    "execDetails gained pendingPriceRevision at 178; a live one whose reqId is not -1 is taken for an answer nobody "
    "asked for",
    simulated="reqId -1 for live executions, the request's id in an answer",
    unverified=_REAL,
)
def live_executions_carry_request_minus_one(world: World) -> None:
    """Live execDetails carry -1, answers the request's id; the client announces the live one once."""
    gateway = world.gateway()
    client = world.connect(gateway)
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    client.wait(lambda: len(client.live_fills) == 1, "the live execution")
    client.executions()
    live, asked = gateway.sent(11)
    assert live[1] == "-1"
    assert asked[1] != "-1"
    assert len(live) == len(asked) == (32 if world.version_max >= 178 else 31)
    world.shows("one live announcement, and an answer when asked")


@SCENARIOS.public_bug(
    "a real TWS sends the literal 'None' as openOrder's deltaNeutralOrderType, and then eight more fields: a decoder "
    "that tests for empty shifts everything after it",
    simulated="a proxy puts 'None' and eight fields into the gateway's openOrder",
    unverified="that a real TWS sends 'None' is reported, not seen here",
)
def delta_neutral_none_is_followed_by_eight_fields(world: World) -> None:
    """openOrder with deltaNeutralOrderType 'None' and its eight fields is read to the end."""
    gateway = world.gateway()
    place = _delta_neutral_place(gateway, world)

    def rewrite(fields: list[str]) -> list[list[str]]:
        if fields[0] != "5":
            return [fields]
        assert fields[place] == ""
        return [[*fields[:place], "None", *fields[place + 1 : place + 2], "0", "", "", "", "", "0", "0", "",
                 *fields[place + 2 :]]]  # fmt: skip

    proxy = world.tampered(gateway, rewrite)
    client = world.unconnected()
    client.connect(proxy.port, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0, order_ref="none"))
    wait_status(client, order_id, "Submitted")
    [found] = client.open_orders()
    assert (found.limit, found.order_ref, found.status) == (50.0, "none", "Submitted"), found
    assert found.perm_id > 0
    world.shows("the fields after the eight are read unshifted")


def _delta_neutral_place(gateway: Gateway, world: World) -> int:
    """Where openOrder has deltaNeutralOrderType: after `volatilityType=0`, found by a plain order's own layout."""
    from hedgerow.ibsim.messages.order_out import OPEN_ORDER  # noqa: PLC0415 (standard library only, like ours)

    marked = OPEN_ORDER.encode(world.version_max, {"deltaNeutralOrderType": "HERE"})
    return marked[4:].decode().split("\0").index("HERE")


@SCENARIOS.public_bug(
    "greeks that are not computed come as -1 or -2, never empty; ib_insync and ib_async clear delta but leak "
    "vega = theta = -2.0 into modelGreeks",
    simulated="an option without an ask: implied volatility -1, greeks -2",
    unverified="when a real gateway sends which of the two",
)
def greeks_not_computed_are_minus_one_or_two(world: World) -> None:
    """Without an ask delta is unknown; whoever reads vega or theta alone reads -2."""
    gateway = world.gateway()
    client = world.connect(gateway)
    handle = client.subscribe(CALL)
    client.wait(lambda: client.quote(handle).delta is not None, "greeks")
    gateway.quote(CALL_ID, 2.00, None)
    client.wait(lambda: client.quote(handle).delta is None, "delta not computed")
    _, _, _, _, volatility, delta, _, _, gamma, vega, theta, _ = gateway.sent(21)[-1]
    assert float(volatility) == -1
    assert {float(each) for each in (delta, gamma, vega, theta)} == {-2.0}
    view = client.quote(handle)
    if world.keeps_state:
        assert (view.vega, view.theta) == (-2.0, -2.0), (view.vega, view.theta)
        world.shows("vega and theta leak as -2.0")
    else:
        assert (view.vega, view.theta) == (None, None), (view.vega, view.theta)
        world.shows("ibapi makes None of all of them")
    world.works_around("greeks are taken only when delta is there")


@SCENARIOS.public_bug(
    "ib_async asserts on tick types it does not know, and the tick is lost; ib_insync and ibapi ignore or pass them",
    simulated="a proxy adds ticks of type 999 to the stream",
    unverified="which new tick types a real gateway sends",
)
def unknown_tick_types_cost_no_more_than_the_tick(world: World) -> None:
    """A tick of an unknown type ends neither the connection nor the quotes after it."""
    gateway = world.gateway()
    proxy = world.tampered(gateway)
    client = world.unconnected()
    client.connect(proxy.port, 10)
    handle = client.subscribe(STOCK)
    client.wait(lambda: client.quote(handle).bid == 99.99, "the first bid")
    req_id = gateway.sent(1)[-1][2]
    for fields in (
        (1, 6, req_id, 999, 12.5, 100, 1), (2, 6, req_id, 999, 100), (46, 6, req_id, 999, "new"),
        (45, 6, req_id, 999, 1.5),
    ):  # fmt: skip
        proxy.inject(*fields)
    gateway.quote(SYMBOL, 101.0, 101.02)
    client.wait(lambda: client.quote(handle).bid == 101.0, "the quote after the unknown ticks")
    assert client.probe(5.0)
    world.shows("the unknown ticks are lost, nothing else")


@SCENARIOS.public_bug(
    "peers booked fills twice or missed commissions because they assumed another order of the messages of a fill",
    simulated="openOrder, orderStatus, execDetails, openOrder (Filled), orderStatus (Filled), commissionReport; of a "
    "cancel orderStatus (Cancelled), then error 202",
    unverified="the order was seen in reports, not measured at a real gateway",
)
def messages_of_an_order_come_in_the_wire_order(world: World) -> None:
    """The gateway's messages of a fill and of a cancel, in the documented order."""
    gateway = world.gateway()
    client = world.connect(gateway)
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    client.wait(lambda: len(client.commissions) == 1, "the commission report")
    about = [fields for fields in gateway.sent_in_order() if fields[0] in ("3", "5", "11", "59")]
    assert [fields[0] for fields in about] == ["5", "3", "11", "5", "3", "59"], about
    assert [fields[2] for fields in about if fields[0] == "3"] == ["Submitted", "Filled"]
    resting = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0))
    wait_status(client, resting, "Submitted")
    client.cancel(resting)
    wait_code(client, 202)
    last = [fields for fields in gateway.sent_in_order() if fields[0] in ("3", "4")][-2:]
    assert (last[0][0], last[0][2], last[1][3]) == ("3", "Cancelled", "202"), last
    world.shows("the client follows: Filled, one commission, Cancelled")


@SCENARIOS.public_bug(
    "completedOrder carries neither orderId nor clientId: libraries show 0, and completed orders of several clients "
    "collide",
    simulated="completedOrder without ids, as a real gateway sends it",
    unverified=_REAL,
)
def completed_orders_have_no_ids(world: World) -> None:
    """A completed order shows no order id; permId and orderRef tell whose it was."""
    gateway = world.gateway()
    first = world.connect(gateway, 10)
    order_id = first.place(STOCK, OrderSpec("BUY", 100, order_ref="mine"))
    perm_id = wait_status(first, order_id, "Filled").perm_id
    world.leave(gateway, first)
    [done] = world.connect(gateway, 10).completed_orders()
    assert done.order_id != order_id
    assert (done.perm_id, done.order_ref) == (perm_id, "mine")
    world.shows(f"order id {done.order_id} instead of {order_id}")
    world.works_around("orderRef and permId identify it")


@SCENARIOS.public_bug(
    "order ids and request ids are one sequence in ib_insync and ib_async, two in ibapi: an error's id may mean either",
    simulated="an error about a request and one about an order",
)
def request_ids_and_order_ids_meet(world: World) -> None:
    """Errors about a request and about an order both arrive under the id they are about."""
    client = world.connect(world.gateway())
    assert client.details(STOCK)
    order_id = client.place(STOCK, OrderSpec("BUY", 1, limit=50.0))
    wait_status(client, order_id, "Submitted")
    refused = client.place(STOCK, OrderSpec("BUY", 1, limit=50.005))
    wait_code(client, 110)
    assert [error.req_id for error in client.errors if error.code == 110] == [refused]
    assert refused > order_id
    assert client.order(order_id).status == "Submitted"
    world.shows("ids are one sequence" if world.keeps_state else "order ids are a space of their own")


@SCENARIOS.public_bug(
    "ib_insync and ib_async send `duration` from 158 on but read it from 159 on: 158 shifts every openOrder",
    simulated="a client that offers up to 158 is served 157, one that offers 158 alone nothing",
    unverified="whether a real gateway ever negotiates 158",
)
def version_158_is_never_served(world: World) -> None:
    """158 is left out of the negotiation."""
    gateway = world.gateway(server_version_max=178)
    with RawClient(gateway.port, 157, 158) as raw:
        assert raw.server_version == 157
    try:
        with RawClient(gateway.port, 158, 158) as raw:
            raise AssertionError(f"version {raw.server_version} was served")
    except ConnectionError:
        pass
    assert world.connect(world.gateway()).server_version() == world.version_max
    world.works_around("no client meets 158")

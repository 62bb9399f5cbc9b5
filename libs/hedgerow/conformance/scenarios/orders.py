"""Scenarios of orders: fills, refusals, lists, and what survives a reconnect or a restart."""

from __future__ import annotations

from hedgerow.conformance.client import ContractSpec, OrderSpec
from hedgerow.conformance.gateway import CLOSE_NS, OPEN_NS, SECOND_NS, SYMBOL
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import CALL, CALL_ID, STOCK, World, error_codes, wait_code, wait_status

SCENARIOS = Scenarios()


@SCENARIOS.conduct
def market_order_fills(world: World) -> None:
    """A buy at the ask, with commission, execution and position."""
    client = world.connect(world.gateway())
    order_id = client.place(STOCK, OrderSpec("BUY", 300, order_ref="ref-1"))
    done = wait_status(client, order_id, "Filled")
    assert (done.filled, done.remaining, done.average_price) == (300, 0, 100.01)
    [fill] = client.executions()
    assert (fill.side, fill.quantity, fill.price, fill.order_ref) == ("BOT", 300, 100.01, "ref-1")
    assert fill.order_id == order_id
    assert fill.commission == 1.5
    assert list(client.positions().values()) == [(300.0, 100.01)]


@SCENARIOS.conduct
def option_order_fills(world: World) -> None:
    """An option: commission per contract, cost with the multiplier."""
    client = world.connect(world.gateway())
    order_id = client.place(CALL, OrderSpec("SELL", 4))
    assert wait_status(client, order_id, "Filled").average_price == 2.0
    [fill] = client.executions()
    assert (fill.side, fill.commission) == ("SLD", 2.6)
    assert list(client.positions().values()) == [(-4.0, 200.0)]


@SCENARIOS.conduct
def closing_realizes_profit(world: World) -> None:
    """Realized P&L is on closing executions only."""
    gateway = world.gateway()
    client = world.connect(gateway)
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    gateway.quote(SYMBOL, 102.01, 102.03)
    wait_status(client, client.place(STOCK, OrderSpec("SELL", 60)), "Filled")
    opening, closing = sorted(client.executions(), key=lambda fill: fill.execution_id)
    assert opening.realized_pnl == 0
    assert abs(closing.realized_pnl - 120) < 1e-9


@SCENARIOS.conduct
def displayed_size_limits_fills(world: World) -> None:
    """One quote fills what it shows; the rest waits for the next."""
    gateway = world.gateway()
    client = world.connect(gateway)
    gateway.quote(SYMBOL, 99.99, 100.01, size=120)
    order_id = client.place(STOCK, OrderSpec("BUY", 300))
    client.wait(lambda: client.order(order_id).filled == 120, "the first partial fill")
    assert client.order(order_id).remaining == 180
    gateway.quote(SYMBOL, 100.03, 100.05, size=1000)
    done = wait_status(client, order_id, "Filled")
    assert abs(done.average_price - (120 * 100.01 + 180 * 100.05) / 300) < 1e-6
    fills = sorted(client.executions(), key=lambda fill: fill.cum_qty)
    assert [fill.cum_qty for fill in fills] == [120, 300]
    assert sum(fill.commission for fill in fills) == 1.5


@SCENARIOS.conduct
def limit_order_rests_changes_and_fills(world: World) -> None:
    """A resting limit order, modified, fills at its own price when crossed."""
    gateway = world.gateway()
    client = world.connect(gateway)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0, tif="GTC"))
    first = wait_status(client, order_id, "Submitted")
    client.modify(order_id, STOCK, OrderSpec("BUY", 150, limit=99.5, tif="GTC"))
    client.wait(lambda: client.open_orders()[0].quantity == 150, "the new size")
    changed = client.open_orders()[0]
    assert (changed.limit, changed.perm_id) == (99.5, first.perm_id)
    gateway.quote(SYMBOL, 99.3, 99.4)
    assert wait_status(client, order_id, "Filled").average_price == 99.5


@SCENARIOS.conduct
def absent_side_fills_nothing(world: World) -> None:
    """A market order waits while nobody is on the other side."""
    gateway = world.gateway()
    client = world.connect(gateway)
    gateway.quote(SYMBOL, 99.99, None)
    order_id = client.place(STOCK, OrderSpec("BUY", 10))
    wait_status(client, order_id, "Submitted")
    gateway.quote(SYMBOL, 99.98, None)
    assert client.executions() == []
    gateway.quote(SYMBOL, 99.98, 100.05)
    assert wait_status(client, order_id, "Filled").average_price == 100.05


@SCENARIOS.conduct
def immediate_or_cancel(world: World) -> None:
    """IOC: what does not fill at once is canceled."""
    gateway = world.gateway()
    client = world.connect(gateway)
    gateway.quote(SYMBOL, 99.99, 100.01, size=40)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=100.01, tif="IOC"))
    wait_status(client, order_id, "Cancelled")
    assert client.order(order_id).filled == 40
    wait_code(client, 202)


@SCENARIOS.conduct
def cancel_is_confirmed(world: World) -> None:
    """Cancelled with notice 202; 10148 when it is too late, 10147 for another's order."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=50.0))
    wait_status(client, order_id, "Submitted")
    client.cancel(order_id)
    wait_status(client, order_id, "Cancelled")
    wait_code(client, 202)
    filled = client.place(STOCK, OrderSpec("BUY", 10))
    wait_status(client, filled, "Filled")
    client.cancel(filled)
    if type(client).__name__ == "IbapiClient":  # the others refuse to send a cancel of a done order
        wait_code(client, 10148)
    other = world.connect(gateway, 11)
    other.cancel(4711)
    wait_code(other, 10147)


@SCENARIOS.conduct
def global_cancel_crosses_clients(world: World) -> None:
    """reqGlobalCancel takes every client's orders along; a plain cancel cannot."""
    gateway = world.gateway()
    one, two = world.connect(gateway, 10), world.connect(gateway, 9)
    order_id = one.place(STOCK, OrderSpec("BUY", 100, limit=50.0))
    wait_status(one, order_id, "Submitted")
    assert [order.status for order in two.open_orders(everyone=True)] == ["Submitted"]
    assert two.open_orders() == []
    two.cancel_everything()
    wait_status(one, order_id, "Cancelled")


@SCENARIOS.conduct
def orders_are_refused(world: World) -> None:
    """201 without funds, 110 off the tick, 200 unknown, 434 without size."""
    client = world.connect(world.gateway(cash_usd=1000))
    for spec, order, code in (
        (STOCK, OrderSpec("BUY", 1000), 201),
        (STOCK, OrderSpec("BUY", 1, limit=50.005), 110),
        (ContractSpec(symbol="NOSUCH"), OrderSpec("BUY", 1), 200),
        (STOCK, OrderSpec("BUY", 0), 434),
        (STOCK, OrderSpec("BUY", 1, limit=50.0, tif="OPG"), 10052),
        (STOCK, OrderSpec("BUY", 1, account="DU1234567"), 321),
    ):
        client.errors.clear()
        client.place(spec, order)
        wait_code(client, code)
    assert client.open_orders() == []
    assert client.executions() == []


@SCENARIOS.public_bug(
    "399 (order held until the session opens) is taken for a rejection",
    simulated="an order before the open, the open, and the close",
    unverified="the wording of a real 399",
)
def closed_session_holds_orders(world: World) -> None:
    """Before the open an order rests with warning 399; at the open it fills; at the close a DAY order expires."""
    gateway = world.gateway(start_ns=OPEN_NS - 60 * SECOND_NS)
    client = world.connect(gateway)
    order_id = client.place(STOCK, OrderSpec("BUY", 10))
    wait_status(client, order_id, "PreSubmitted")
    wait_code(client, 399)
    resting = client.place(STOCK, OrderSpec("BUY", 10, limit=50.0))
    wait_status(client, resting, "PreSubmitted")
    gateway.admin("resume", speed=600)
    wait_status(client, order_id, "Filled")
    wait_status(client, resting, "Submitted")
    gateway.admin("pause")
    gateway.admin("seek", market_time=CLOSE_NS - 30 * SECOND_NS)
    gateway.admin("resume", speed=600)
    wait_status(client, resting, "Cancelled")


@SCENARIOS.conduct
def lists_survive_a_reconnect(world: World) -> None:
    """Filled while away: the next connection finds the execution, the position and the completed order."""
    gateway = world.gateway()
    first = world.connect(gateway, 10)
    order_id = first.place(STOCK, OrderSpec("BUY", 100, limit=99.0, order_ref="away"))
    wait_status(first, order_id, "Submitted")
    world.leave(gateway, first)
    gateway.quote(SYMBOL, 98.8, 98.9)
    second = world.connect(gateway, 10)
    [fill] = second.executions()
    assert (fill.order_id, fill.price, fill.order_ref) == (order_id, 99.0, "away")
    assert second.open_orders() == []
    [done] = second.completed_orders()
    assert (done.status, done.filled, done.order_ref) == ("Filled", 100, "away")
    assert list(second.positions().values()) == [(100.0, 99.0)]
    later = second.place(STOCK, OrderSpec("BUY", 1))
    assert later > order_id
    wait_status(second, later, "Filled")


@SCENARIOS.conduct
def book_survives_a_killed_gateway(world: World) -> None:
    """SIGKILL and restart: the resting order, the position, the ids and the cash are all there."""
    gateway = world.gateway(own_process=True, cash_usd=1_000_000)
    first = world.connect(gateway, 10)
    filled = first.place(STOCK, OrderSpec("BUY", 100, order_ref="before"))
    wait_status(first, filled, "Filled")
    resting = first.place(CALL, OrderSpec("SELL", 2, limit=9.0, tif="GTC", order_ref="resting"))
    perm_id = wait_status(first, resting, "Submitted").perm_id
    world.leave(gateway, first)
    gateway.kill()
    gateway.start()
    gateway.quote(CALL_ID, 2.00, 2.10)
    second = world.connect(gateway, 10)
    [order] = second.open_orders()
    assert (order.order_id, order.perm_id, order.order_ref) == (resting, perm_id, "resting")
    assert [fill.order_ref for fill in second.executions()] == ["before"]
    assert list(second.positions().values()) == [(100.0, 100.01)]
    assert float(second.account_values()["TotalCashValue"]) == 1_000_000 - 100 * 100.01 - 1
    assert second.place(STOCK, OrderSpec("SELL", 100, limit=500.0)) > resting
    gateway.quote(CALL_ID, 9.5, 9.6)
    second.wait(lambda: len(second.executions()) == 2, "the resting order to fill")


@SCENARIOS.conduct
def what_if_tells_and_does_nothing(world: World) -> None:
    """Commission and margin of an order that is not placed."""
    client = world.connect(world.gateway())
    answer = client.what_if(STOCK, OrderSpec("BUY", 1000))
    assert answer.commission == 5.0
    assert abs(answer.init_margin_change - 25_002.5) < 1e-6
    assert client.open_orders() == []
    assert client.executions() == []


@SCENARIOS.public_bug(
    "reqExecutions shows a client its own executions only; what other ids traded is missing without any word of it",
    simulated="fills of client 10 asked for by 11 and by the master client 12",
    unverified="which ids a real gateway lets a master client see",
)
def clients_see_their_own_executions(world: World) -> None:
    """Only the master client is shown everyone's fills."""
    gateway = world.gateway(master_client_id=12)
    owner, stranger, master = (world.connect(gateway, client_id) for client_id in (10, 11, 12))
    wait_status(owner, owner.place(STOCK, OrderSpec("BUY", 10)), "Filled")
    assert len(owner.executions()) == 1
    assert stranger.executions() == []
    assert [fill.client_id for fill in master.executions()] == [10]
    assert list(stranger.positions().values()) == [(10.0, 100.01)]


@SCENARIOS.public_bug(
    "103 (duplicate order id) after an id was used twice; 104 for a change of a filled order",
    simulated="an id below the last used, and a filled order's",
)
def duplicate_order_ids_are_refused(world: World) -> None:
    """103 for an id below the last used, 104 for a change after the fill."""
    client = world.connect(world.gateway())
    order_id = client.place(STOCK, OrderSpec("BUY", 10))
    wait_status(client, order_id, "Filled")
    assert 104 not in error_codes(client)
    if type(client).__name__ != "IbapiClient":
        return  # the asyncio libraries assert before they would send either
    client.modify(order_id, STOCK, OrderSpec("BUY", 20))
    wait_code(client, 104)
    client.modify(0, STOCK, OrderSpec("BUY", 20))
    wait_code(client, 103)

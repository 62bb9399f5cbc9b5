"""Reports: order statuses, executions and commissions that are missing, doubled, late, reordered or corrected."""

from __future__ import annotations

from hedgerow.conformance.client import OrderSpec
from hedgerow.conformance.gateway import SYMBOL
from hedgerow.conformance.scenario import Scenarios
from hedgerow.conformance.world import STOCK, World, wait_code, wait_status

SCENARIOS = Scenarios()
_EXECUTION, _COMMISSION = 11, 59


@SCENARIOS.public_bug(
    "orderStatus is not guaranteed per change: an order that has filled stays Submitted",
    simulated="every orderStatus of the fill is left out, the execution is sent",
    unverified="which statuses a real gateway leaves out, and when",
)
def a_fill_without_its_status(world: World) -> None:
    """The execution comes, the status does not: fills are driven from executions."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("omit_reports", reports=["orderStatus"], times=None)
    gateway.quote(SYMBOL, 98.8, 98.9)
    client.wait(lambda: len(client.live_fills) == 1, "the live execution")
    client.wait(lambda: len(client.commissions) == 1, "the commission report")
    shown = client.order(order_id)
    assert shown.filled == 0
    assert shown.status == ("Submitted" if world.keeps_state else "Filled")
    told = "openOrder alone says Filled" if shown.status == "Filled" else "the library shows Submitted, filled 0"
    world.shows(f"no orderStatus: {told}")
    [fill] = client.executions()
    assert (fill.order_id, fill.quantity) == (order_id, 100)
    assert client.open_orders() == []
    world.works_around("the execution tells of the fill, open orders that it is over")


@SCENARIOS.public_bug(
    "orderStatus and execDetails come twice: a client that counts messages books the fill twice",
    simulated="every report of the order is sent twice",
    unverified="which messages a real gateway repeats",
)
def doubled_reports_are_one_fill(world: World) -> None:
    """The same execution twice: ib_insync and ib_async announce it once, ibapi twice; the execId is one."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.fault("duplicate_reports", times=None)
    order_id = client.place(STOCK, OrderSpec("BUY", 100))
    wait_status(client, order_id, "Filled")
    world.until(lambda: len(gateway.sent(_EXECUTION)) == 2, "the doubled execution")
    assert client.probe(5.0)
    gateway.clear_faults()
    assert len(client.live_fills) == (1 if world.keeps_state else 2)
    assert len(client.commissions) == 2
    world.shows(f"{len(client.live_fills)} live fills and {len(client.commissions)} commission reports for one trade")
    assert len(set(client.live_fills)) == 1
    assert client.order(order_id).filled == 100
    assert len(client.executions()) == 1
    world.works_around("fills are counted by execId")


@SCENARIOS.public_bug(
    "reports overtake each other: Filled before the execution, or an older status after it",
    simulated="the reports of a fill come in the opposite order",
    unverified="which orders of messages a real gateway produces",
)
def reordered_reports_end_in_the_same_fill(world: World) -> None:
    """execDetails, openOrder, orderStatus and commissionReport backwards: one fill, whatever came first."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("reorder_reports", window=4, times=1)
    gateway.quote(SYMBOL, 98.8, 98.9)
    assert wait_status(client, order_id, "Filled").filled == 100
    client.wait(lambda: len(client.live_fills) == 1, "the live execution")
    about = [fields[0] for fields in gateway.sent_in_order() if fields[0] in ("3", "5", "11", "59")]
    assert about[-4:] == ["59", "3", "5", "11"], about
    world.shows("the commission report came first and the execution last")
    [fill] = client.executions()
    assert (fill.quantity, fill.commission) == (100, 1.0)
    world.works_around("executions asked for again bring the fill with its commission")


@SCENARIOS.public_bug(
    "ib_insync, ib_async: a commission report that precedes its execution is dropped; the fill keeps commission 0",
    simulated="commissionReport before execDetails",
    unverified="that a real gateway sends them in this order",
)
def a_commission_before_its_execution_is_dropped(world: World) -> None:
    """The asyncio libraries never announce it; asking for executions again brings it."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("reorder_reports", reports=["execDetails", "commissionReport"], window=2, times=1)
    gateway.quote(SYMBOL, 98.8, 98.9)
    client.wait(lambda: len(client.live_fills) == 1, "the live execution")
    assert client.probe(5.0)
    assert len(client.commissions) == (0 if world.keeps_state else 1)
    world.shows("the report was dropped" if world.keeps_state else "ibapi hands it on, before its execution")
    assert [fill.commission for fill in client.executions()] == [1.0]
    world.works_around("executions asked for again bring it")


@SCENARIOS.public_bug(
    "commission reports come late: P&L booked at the fill is too high by the commission",
    simulated="the commission report 300 ms after its execution",
    unverified="how late a real gateway's are",
)
def commissions_come_late(world: World) -> None:
    """The fill is there first, its commission later, by the same execId."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    gateway.fault("late_commission", ms=300, times=None)
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    client.wait(lambda: len(client.commissions) == 1, "the late commission")
    assert client.commissions == client.live_fills
    late_ms = (gateway.sent_at(_COMMISSION)[0] - gateway.sent_at(_EXECUTION)[0]) / 1e6
    assert late_ms >= 300
    world.shows(f"Filled, and its commission {late_ms:.0f} ms later")
    world.works_around("the commission is joined by execId when it comes")


@SCENARIOS.public_bug(
    "an execution is corrected under a new suffix (.01 becomes .02): libraries list both, and the position counts "
    "the trade twice",
    simulated="the fill's price is corrected after it",
    unverified="which fields a real correction changes, and whether the old one stays listed",
)
def corrections_come_under_a_new_suffix(world: World) -> None:
    """The correction is announced as one more live fill; execIds without their suffix are one trade."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    wait_status(client, client.place(STOCK, OrderSpec("BUY", 100)), "Filled")
    client.wait(lambda: len(client.live_fills) == 1, "the live execution")
    gateway.fault("correct_execution", price=99.5)
    client.wait(lambda: len(client.live_fills) == 2, "the correction")
    first, second = client.live_fills
    assert (first.rpartition(".")[0], first[-3:], second[-3:]) == (second.rpartition(".")[0], ".01", ".02")
    world.shows("two live fills of 100 for one trade of 100")
    latest = max(client.executions(), key=lambda fill: fill.execution_id)
    assert (latest.execution_id, latest.price, latest.quantity) == (second, 99.5, 100)
    assert [position[0] for position in client.positions().values()] == [100.0]
    world.works_around("the latest revision of each execId counts; the broker's position agrees")


@SCENARIOS.public_bug(
    "the fill comes after the cancel was confirmed: libraries have ended the order and book nothing, or go negative",
    simulated="a fill right after orderStatus Cancelled and 202",
    unverified="how a real gateway reports it",
)
def a_fill_after_the_confirmed_cancel(world: World) -> None:
    """Cancelled, then an execution: the trade is real."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("race_fill", against="cancel", winner="fill_last")
    client.cancel(order_id)
    client.wait(lambda: (order_id, "Cancelled") in client.statuses, "the confirmed cancel")
    client.wait(lambda: len(client.live_fills) == 1, "the fill after it")
    assert [fill.order_id for fill in client.executions()] == [order_id]
    assert [position[0] for position in client.positions().values()] == [100.0]
    world.shows("Cancelled was announced before the fill")
    world.works_around("an execution counts whatever the order's status is")


@SCENARIOS.public_bug(
    "a modify crosses a fill: the change is refused with 104 or 161, and ib_insync and ib_async call the order "
    "cancelled",
    simulated="the order fills just before its change is handled",
    unverified="the code a real gateway answers with",
)
def a_fill_may_win_against_a_modify(world: World) -> None:
    """The order fills at its old terms; the change is refused."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("race_fill", against="modify")
    client.modify(order_id, STOCK, OrderSpec("BUY", 200, limit=99.0))
    wait_code(client, 104)
    assert client.probe(5.0)
    [fill] = client.executions()
    assert (fill.order_id, fill.quantity) == (order_id, 100)
    assert [position[0] for position in client.positions().values()] == [100.0]
    world.shows(f"the change was refused, and the order shows as {client.order(order_id).status}")
    world.works_around("the execution says 100, whatever the change asked for")


@SCENARIOS.public_bug(
    "a cancel takes its time: PendingCancel is taken for the end, and fills of meanwhile are not expected",
    simulated="PendingCancel for 10 s, and a fill meanwhile",
    unverified="how long a real exchange takes",
)
def fills_go_on_while_a_cancel_is_pending(world: World) -> None:
    """PendingCancel is no end: the order fills before the cancel takes effect."""
    gateway = world.gateway()
    client = world.connect(gateway, 10)
    order_id = client.place(STOCK, OrderSpec("BUY", 100, limit=99.0))
    wait_status(client, order_id, "Submitted")
    gateway.fault("late_cancel", ms=10_000)
    client.cancel(order_id)
    client.wait(lambda: client.order(order_id).status == "PendingCancel", "PendingCancel")
    gateway.quote(SYMBOL, 98.8, 98.9)
    assert wait_status(client, order_id, "Filled").filled == 100
    world.shows("PendingCancel, then Filled")

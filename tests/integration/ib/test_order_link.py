"""Orders through the real client library: what is sent, and what comes back as plain values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.domain.errors import BrokerAccountRefused, FailedPrecondition, Unavailable
from hedgerow.domain.instrument import Instrument, stock
from hedgerow.domain.order import ApprovedOrder, Intent, OrderStatus, OrderType, Side, TimeInForce, Verdict
from hedgerow.ib.codes import ErrorMeaning
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.events import BrokerError, CommissionUpdate, ExecutionUpdate, OrderEvent, OrderUpdate
from hedgerow.ib.link import IbLink
from hedgerow.ib.orders import OrderLink
from tests.integration.ib.gateway import CALL, GOOG, Gateway, ready, until


def approved(
    order_id: int, side: Side = Side.BUY, quantity: str = "50", limit: str | None = None, instrument: Instrument = GOOG
) -> ApprovedOrder:
    """An order that risk allowed."""
    name = f"intent-{order_id}"
    intent = Intent(
        name, "goog", "SIM0000001", instrument, side, Decimal(quantity),
        OrderType.MARKET if limit is None else OrderType.LIMIT, None if limit is None else Decimal(limit),
        TimeInForce.DAY, False, 1, "HEDGE_NEEDED", 749.0, 749.2, 0, 0.0, 0,
    )  # fmt: skip
    verdict = Verdict(name, True, "", (), 1, "hash", 1, 0)
    return ApprovedOrder(intent, verdict, f"hg-{order_id}", order_id)


class Desk:
    """An order link and everything it said."""

    def __init__(self, gateway: Gateway, client_id: int = 10) -> None:
        self.link = IbLink(gateway.broker(), client_id, "execution", gateway.clock)
        self.events: list[OrderEvent] = []
        self.orders = OrderLink(self.link, ContractBook(self.link), self.events.append)

    def statuses(self, order_id: int) -> list[OrderStatus]:
        """The states an order went through."""
        return [e.status for e in self.events if isinstance(e, OrderUpdate) and e.broker_order_id == order_id]

    def errors(self) -> list[BrokerError]:
        """Errors that carry an order's id."""
        return [e for e in self.events if isinstance(e, BrokerError) and e.broker_order_id]


@pytest.fixture
async def desk(gateway: Gateway) -> AsyncIterator[Desk]:
    desk = Desk(gateway)
    await ready(desk.link)
    yield desk
    await desk.link.close()


async def test_a_market_order_is_acknowledged_filled_and_charged(desk: Desk) -> None:
    await desk.orders.prepare(GOOG)
    order_id = desk.orders.next_order_id
    desk.orders.place_order(approved(order_id))
    await until(lambda: any(isinstance(e, CommissionUpdate) for e in desk.events), "the commission")
    assert desk.statuses(order_id)[-1] is OrderStatus.FILLED
    execution = next(e for e in desk.events if isinstance(e, ExecutionUpdate))
    assert (execution.client_order_id, execution.broker_order_id) == (f"hg-{order_id}", order_id)
    assert (execution.side, execution.fill.quantity, execution.fill.price) == (Side.BUY, 50, Decimal("749.2"))
    assert (execution.cum_qty, execution.instrument, execution.account) == (50, GOOG, "SIM0000001")
    assert not execution.replayed
    commission = next(e for e in desk.events if isinstance(e, CommissionUpdate))
    assert commission.execution_id == execution.fill.execution_id
    assert commission.commission > 0
    assert commission.realized_pnl is None
    assert desk.orders.next_order_id > order_id


async def test_a_resting_limit_order_is_seen_and_canceled(desk: Desk) -> None:
    order_id = desk.orders.next_order_id
    desk.orders.place_order(approved(order_id, limit="700.01"))
    await until(lambda: OrderStatus.WORKING in desk.statuses(order_id), "working")
    (resting,) = await desk.orders.open_orders()
    assert (resting.client_order_id, resting.status, resting.limit_price) == (
        f"hg-{order_id}", OrderStatus.WORKING, Decimal("700.01"),
    )  # fmt: skip
    assert (resting.filled, resting.quantity) == (0, 50)
    desk.orders.cancel(order_id)
    await until(lambda: OrderStatus.CANCELED in desk.statuses(order_id), "canceled")
    assert await desk.orders.open_orders() == []
    await until(lambda: desk.errors(), "error 202")
    assert [e.meaning for e in desk.errors()] == [ErrorMeaning.ORDER_CANCELED]


async def test_a_price_off_the_tick_is_a_reject_by_code_110(desk: Desk) -> None:
    order_id = desk.orders.next_order_id
    desk.orders.place_order(approved(order_id, limit="700.001"))
    await until(lambda: desk.errors(), "error 110")
    assert (desk.errors()[0].code, desk.errors()[0].meaning) == (110, ErrorMeaning.ORDER_REJECTED)
    assert desk.errors()[0].broker_order_id == order_id


async def test_an_unknown_instrument_is_error_200_on_the_order(desk: Desk) -> None:
    order_id = desk.orders.next_order_id
    desk.orders.place_order(approved(order_id, instrument=stock("XYZ")))
    await until(lambda: desk.errors(), "error 200")
    assert desk.errors()[0].meaning is ErrorMeaning.NO_SUCH_INSTRUMENT


async def test_canceling_what_is_not_there_is_not_a_cancel(desk: Desk) -> None:
    desk.orders.cancel(4711)
    await until(lambda: desk.errors(), "error 10147")
    assert desk.errors()[0].meaning is ErrorMeaning.ORDER_NOT_FOUND
    assert desk.statuses(4711) == []


async def test_what_was_filled_while_away_is_found_by_asking(gateway: Gateway) -> None:
    desk = Desk(gateway)
    await ready(desk.link)
    await desk.orders.prepare(GOOG)
    order_id = desk.orders.next_order_id
    desk.orders.place_order(approved(order_id, limit="748.00"))
    await until(lambda: OrderStatus.WORKING in desk.statuses(order_id), "working")
    await desk.link.close()
    await gateway.tick(GOOG, 747.0, 747.5)

    back = Desk(gateway)
    await ready(back.link)
    executions = await back.orders.executions()
    assert [(e.client_order_id, e.fill.quantity, e.replayed) for e in executions] == [(f"hg-{order_id}", 50, True)]
    assert executions[0].fill.commission is not None
    assert not [e for e in back.events if isinstance(e, ExecutionUpdate)]
    assert await back.orders.open_orders() == []
    (done,) = await back.orders.completed_orders()
    assert (done.client_order_id, done.status, done.filled) == (f"hg-{order_id}", OrderStatus.FILLED, 50)
    positions = {p.instrument.instrument_id: p.quantity for p in await back.orders.positions()}
    assert positions == {CALL.instrument_id: 20, "GOOG": 50}
    assert back.orders.next_order_id > order_id
    await back.link.close()


async def test_only_an_approved_order_of_a_fitting_account_leaves(desk: Desk) -> None:
    order = approved(desk.orders.next_order_id)
    denied = replace(order, verdict=replace(order.verdict, allowed=False))
    foreign = replace(order, verdict=replace(order.verdict, intent_id="another"))
    for refused in (denied, foreign):
        with pytest.raises(FailedPrecondition) as error:
            desk.orders.place_order(refused)
        assert error.value.reason == "NOT_APPROVED"
    for account in ("DU1234567", "U1234567", "SIM9999999"):
        with pytest.raises(BrokerAccountRefused):
            desk.orders.place_order(replace(order, intent=replace(order.intent, account=account)))
    assert await desk.orders.open_orders() == []


async def test_nothing_leaves_without_a_connection(desk: Desk, gateway: Gateway) -> None:
    order = approved(desk.orders.next_order_id)
    await gateway.admin("error", code=1100, message="lost")
    await until(lambda: not desk.link.ready, "1100")
    with pytest.raises(Unavailable, match="CONNECTIVITY_LOST"):
        desk.orders.place_order(order)
    await gateway.stop()
    await until(lambda: desk.link.state.next_retry_time, "down")
    with pytest.raises(Unavailable):
        desk.orders.place_order(order)
    with pytest.raises(Unavailable):
        desk.orders.cancel(order.broker_order_id)


async def test_the_message_budget_refuses_before_a_byte_leaves_and_keeps_some_for_cancels(desk: Desk) -> None:
    first = desk.orders.next_order_id
    sent = 0

    def send_many() -> None:
        nonlocal sent
        for order_id in range(first, first + 100):
            desk.orders.place_order(approved(order_id, limit="700.00"))
            sent += 1

    with pytest.raises(Unavailable) as refused:
        send_many()
    assert refused.value.reason == "PACING"
    desk.orders.cancel(first)
    await until(lambda: OrderStatus.CANCELED in desk.statuses(first), "canceled")
    assert len(await desk.orders.open_orders()) == sent - 1


async def test_another_connection_does_not_own_our_orders(desk: Desk, gateway: Gateway) -> None:
    order_id = desk.orders.next_order_id
    desk.orders.place_order(approved(order_id, limit="700.00"))
    await until(lambda: OrderStatus.WORKING in desk.statuses(order_id), "working")
    kill = Desk(gateway, client_id=9)
    await ready(kill.link)
    assert await kill.orders.open_orders() == []
    (seen,) = await kill.orders.open_orders(all_clients=True)
    assert (seen.client_id, seen.client_order_id) == (10, f"hg-{order_id}")
    kill.orders.cancel_everything()
    await until(lambda: OrderStatus.CANCELED in desk.statuses(order_id), "canceled")
    await kill.link.close()

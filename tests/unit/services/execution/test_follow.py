"""What the broker says as it happens: fills from executions only, errors as reasons to ask, never as states."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from hedgerow.clock import WallClock
from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import OrderStatus
from hedgerow.store.engine import open_store
from hedgerow.store.journal import JournalWriter
from services.execution.barrier import Barrier
from services.execution.domain import commands as c
from services.execution.domain.intents import client_order_id_of
from services.execution.domain.ledger import Ledger
from services.execution.domain.orders import Order
from services.execution.follow import Follower
from services.execution.order_log import OrderLog
from services.execution.ports import Broker, CommissionSeen, ExecutionSeen, OrderSeen, OrderTrouble
from tests.unit.services.execution.samples import allow, intent


class Heard:
    """One order of 10 that was sent as number 7, and the follower of what is said about it."""

    def __init__(self, writer: JournalWriter) -> None:
        self.log = OrderLog(writer, Ledger(), lambda _: None, lambda: None)
        self.barrier = Barrier(self.log, cast(Broker, None), WallClock(), 60.0)
        self.unplaced: list[str] = []
        self.canceled: list[str] = []
        self.follower = Follower(self.log, self.barrier, WallClock(), self.unplaced.append, self.canceled.append)
        wanted = intent(1, 10)
        self.name = client_order_id_of(wanted)
        self.log.record(c.Admit(wanted, allow(wanted), 7, 1, 1, 1), c.MarkSent(self.name, 1, 1))

    @property
    def order(self) -> Order:
        return self.log.book.orders[self.name]

    def status(self, status: OrderStatus, filled: int = 0, perm_id: int = 99) -> None:
        self.follower.on_event(OrderSeen(self.name, 7, perm_id, status, Decimal(filled), ""))

    def execution(self, execution_id: str, quantity: int, client_order_id: str | None = None) -> None:
        made = Fill(execution_id, Decimal(quantity), Decimal(100), None, None, 5)
        name = self.name if client_order_id is None else client_order_id
        self.follower.on_event(ExecutionSeen(name, 7, 99, made))


@pytest.fixture
async def heard(tmp_path: Path) -> AsyncIterator[Heard]:
    with open_store(tmp_path, "execution") as store:
        writer = JournalWriter(store, 1)
        yield Heard(writer)
        await writer.close()


async def test_a_status_that_says_filled_fills_nothing_and_is_asked_about(heard: Heard) -> None:
    heard.status(OrderStatus.FILLED, 10)
    assert (heard.order.cum_qty, heard.order.status) == (0, OrderStatus.WORKING)
    assert heard.barrier.claims(heard.order)
    heard.execution("e.1.01", 10)
    assert (heard.order.cum_qty, heard.order.status) == (10, OrderStatus.FILLED)
    assert not heard.barrier.claims(heard.order)


async def test_an_execution_told_twice_counts_once_and_its_correction_replaces_it(heard: Heard) -> None:
    for _ in range(2):
        heard.execution("e.1.01", 4)
    assert heard.order.cum_qty == 4
    heard.execution("e.1.02", 3)
    heard.execution("e.1.01", 4)
    assert heard.order.cum_qty == 3


async def test_an_execution_without_our_reference_is_ours_by_its_permanent_id(heard: Heard) -> None:
    heard.status(OrderStatus.WORKING)
    heard.execution("e.1.01", 4, client_order_id="")
    assert heard.order.cum_qty == 4
    heard.execution("e.2.01", 4, client_order_id="hr-unknown")
    assert (heard.order.cum_qty, len(heard.unplaced)) == (4, 1)


@pytest.mark.parametrize(("rejects", "cancel_refused"), [(True, False), (False, True), (False, False)])
async def test_an_error_with_the_orders_number_ends_nothing(heard: Heard, rejects: bool, cancel_refused: bool) -> None:
    heard.status(OrderStatus.WORKING)
    heard.follower.on_event(OrderTrouble(7, 201, "no", rejects, cancel_refused))
    assert heard.order.status is OrderStatus.WORKING
    assert await heard.barrier.wait_for_cause(0.0)


async def test_a_fill_after_the_cancel_counts(heard: Heard) -> None:
    heard.status(OrderStatus.WORKING)
    heard.status(OrderStatus.CANCELED)
    assert heard.order.status is OrderStatus.CANCELED
    heard.execution("e.1.01", 4)
    assert (heard.order.cum_qty, heard.order.status) == (4, OrderStatus.CANCELED)


async def test_a_commission_before_its_execution_is_kept_for_it(heard: Heard) -> None:
    heard.follower.on_event(CommissionSeen("e.1.01", Decimal("1.25"), None))
    heard.execution("e.1.01", 4)
    assert [fill.commission for fill in heard.order.fills] == [Decimal("1.25")]


async def test_an_order_that_lives_twice_at_the_broker_ends_with_the_second(heard: Heard) -> None:
    heard.status(OrderStatus.WORKING, perm_id=98)
    heard.status(OrderStatus.WORKING, perm_id=99)
    assert heard.order.perm_ids == (98, 99)
    heard.status(OrderStatus.CANCELED, perm_id=98)
    assert heard.order.status is OrderStatus.WORKING
    heard.status(OrderStatus.CANCELED, perm_id=99)
    assert heard.order.status is OrderStatus.CANCELED


async def test_a_canceled_order_that_lives_on_under_another_id_is_taken_back(heard: Heard) -> None:
    heard.status(OrderStatus.WORKING, perm_id=98)
    heard.status(OrderStatus.CANCELED, perm_id=98)
    assert heard.canceled == []
    heard.status(OrderStatus.WORKING, perm_id=99)
    assert (heard.order.status, heard.canceled) == (OrderStatus.PENDING_CANCEL, [heard.name])


async def test_an_order_said_never_to_be_sent_is_taken_back_at_its_first_execution(heard: Heard) -> None:
    heard.log.record(c.MarkUnknown(heard.name, "ACK_TIMEOUT", "", 2, 2), c.ProveNotSent(heard.name, "guard", 3, 3))
    heard.execution("e.1.01", 4)
    assert (heard.order.status, heard.canceled) == (OrderStatus.PENDING_CANCEL, [heard.name])
    heard.execution("e.2.01", 6)
    assert (heard.order.status, heard.canceled) == (OrderStatus.FILLED, [heard.name])

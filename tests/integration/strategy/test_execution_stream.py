"""What a daemon makes of orders and executions that are not as its own run would have left them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import grpc
import pytest

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.clock import WallClock
from hedgerow.domain.execution_report import ExecutionReport, Fill, ReportKind
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderStatus, OrderType, Side, TimeInForce
from hedgerow.strategy.gamma_scalper.config import Earnings
from hedgerow.strategy.observation import ObservationCause
from hedgerow.wire.common import decimal_to_wire
from hedgerow.wire.enums import order_status_to_wire
from hedgerow.wire.execution import fill_to_wire, intent_to_wire, report_to_wire
from services.strategy.domain.latch import Latch
from services.strategy.domain.own_order import submitted
from services.strategy.execution_stream import ExecutionStream
from services.strategy.inputs import Inputs
from services.strategy.observe import Observer
from tests.integration.service_process import until
from tests.integration.strategy.intents_feed import IntentsFeed

ZERO = Decimal(0)


class Daemon:
    """The daemon's side of the stream: inputs, and what each evaluation would have seen of the links."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        clock = WallClock()
        self.inputs = Inputs("SIMX", positions_complete=True)
        self.observer = Observer(clock, False, Earnings(), 5000.0, True, 0)
        self.seen: list[tuple[bool, float]] = []
        self.stream = ExecutionStream(channel, "s", self.inputs, self._evaluate, clock.market_now, 5.0, 30.0)

    def _evaluate(self, cause: ObservationCause) -> None:
        observation = self.observer.observe(self.inputs, cause)
        self.seen.append((observation.links.reconciled, observation.stock_quantity))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Its stream is open, or being opened."""
        run = asyncio.create_task(self.stream.run())
        try:
            yield
        finally:
            run.cancel()

    @property
    def reconciled(self) -> bool:
        """Whether the newest evaluation might have hedged."""
        return bool(self.seen) and self.seen[-1][0]

    def shows(self, quantity: float) -> bool:
        """Whether the newest evaluation might have hedged, from that position."""
        return bool(self.seen) and self.seen[-1] == (True, quantity)


@pytest.fixture
async def feed() -> AsyncIterator[IntentsFeed]:
    """Execution with nothing done yet and nothing that blocks."""
    served = await IntentsFeed().start()
    served.snapshot.state.reconciled = served.snapshot.state.journal_ok = served.snapshot.state.lease_ok = True
    yield served
    await served.stop()


@pytest.fixture
async def daemon(feed: IntentsFeed) -> AsyncIterator[Daemon]:
    """A daemon whose stream is not open yet."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{feed.port}") as channel:
        made = Daemon(channel)
        yield made


def order(intent_id: str, name: str) -> execution_pb2.Order:
    """An order of the strategy that rests at the broker."""
    intent = Intent(
        intent_id, "s", "SIM1", stock("SIMX"), Side.BUY, Decimal(100), OrderType.LIMIT, Decimal(5), TimeInForce.DAY,
        False, 1, "HEDGE_NEEDED", 4.9, 5.0, 1, 0.0, 1,
    )  # fmt: skip
    return execution_pb2.Order(
        client_order_id=name, intent=intent_to_wire(intent), cum_qty=decimal_to_wire(ZERO),
        average_price=decimal_to_wire(ZERO), order_status=order_status_to_wire(OrderStatus.WORKING), sequence=3,
    )  # fmt: skip


def report(sequence: int, kind: ReportKind, status: OrderStatus, **changes: Any) -> execution_pb2.ExecutionReport:
    """A report of the order `hr-1` of intent `old-1`."""
    fields: dict[str, Any] = {"fill": None, "cum_qty": ZERO} | changes
    return report_to_wire(
        ExecutionReport(
            sequence, kind, "old-1", "hr-1", 1, 1, "s", "SIM1", "SIMX", Side.BUY, OrderType.LIMIT, status,
            Decimal(100), Decimal(5), fields["cum_qty"], ZERO, ZERO, fields["fill"], "", "", 1, 1,
        )
    )  # fmt: skip


async def test_an_order_a_former_run_left_resting_is_taken_back_before_anything_else(
    feed: IntentsFeed, daemon: Daemon
) -> None:
    feed.snapshot.sequence = 3
    feed.snapshot.open_orders.append(order("old-1", "hr-1"))
    async with daemon.running():
        await until(lambda: feed.cancels == ["hr-1"], "the order is canceled")
        assert not any(reconciled for reconciled, _ in daemon.seen)
        feed.say(report(4, ReportKind.CANCEL_SENT, OrderStatus.PENDING_CANCEL))
        feed.say(report(5, ReportKind.CANCELED, OrderStatus.CANCELED))
        await until(lambda: daemon.reconciled, "hedging may go on")
        assert feed.cancels == ["hr-1"]


async def test_a_fill_found_in_a_snapshot_has_the_time_it_happened_in_the_market(
    feed: IntentsFeed, daemon: Daemon
) -> None:
    daemon.inputs.order = submitted("mine-1", 1, 100.0, 50, 0)
    mine = order("mine-1", "hr-1")
    mine.cum_qty.value, mine.average_price.value = "40", "5"
    mine.fills.append(fill_to_wire(Fill("e.1.01", Decimal(40), Decimal(5), None, None, 77)))
    mine.update_time.FromNanoseconds(10**18)  # wall time: in a replay some other year
    feed.snapshot.open_orders.append(mine)
    async with daemon.running():
        await until(lambda: daemon.reconciled, "the stream is open")
        view = daemon.inputs.order.view
        assert (view.intent_number, view.cum_qty, view.event_time) == (1, 40.0, 77)


async def test_an_intent_a_former_run_left_on_its_way_is_taken_back_too(feed: IntentsFeed, daemon: Daemon) -> None:
    async with daemon.running():
        await until(lambda: daemon.reconciled, "the stream is open")
        feed.say(report(1, ReportKind.INTENT, OrderStatus.PENDING))
        await until(lambda: feed.cancels == ["hr-1"], "the order is canceled")
        assert not daemon.reconciled
        fill = Fill("e.1.01", Decimal(100), Decimal(5), None, None, 1)
        feed.say(report(2, ReportKind.FILL, OrderStatus.FILLED, fill=fill, cum_qty=Decimal(100)))
        await until(lambda: daemon.reconciled, "it filled before the cancel came")
        assert daemon.seen[-1] == (True, 100.0)


async def test_what_a_flatten_works_is_left_to_execution_and_pauses_the_daemon(
    feed: IntentsFeed, daemon: Daemon
) -> None:
    feed.snapshot.sequence = 3
    feed.snapshot.state.block_reasons.append("FLATTENING: s, CLOSING")
    feed.snapshot.open_orders.append(order("fl-0123456789abcdef-1", "hr-1"))
    feed.snapshot.open_orders.append(order("old-2", "hr-2"))
    async with daemon.running():
        await until(lambda: feed.cancels, "the other run's order is canceled")
        assert feed.cancels == ["hr-2"]
        assert daemon.inputs.pause is Latch.FLATTENED
        assert daemon.observer.observe(daemon.inputs, ObservationCause.TIMER).commands.paused
        feed.say_state("FLATTENED: s, BLOCKED UNKNOWN_ORDER hr-9")
        await until(lambda: daemon.inputs.flattened, "the flatten is blocked")
        assert daemon.inputs.flatten_blocked == "UNKNOWN_ORDER hr-9"
        feed.say_state("FLATTENED: another, DONE")  # ours was given up: what it left resting is nobody's
        await until(lambda: "hr-1" in feed.cancels, "it is taken back")
        assert not daemon.observer.observe(daemon.inputs, ObservationCause.TIMER).commands.paused


async def test_a_flatten_s_own_order_is_no_disagreement_until_it_is_nobody_s(feed: IntentsFeed, daemon: Daemon) -> None:
    feed.snapshot.sequence = 3
    feed.snapshot.state.block_reasons.append("FLATTENING: s, CLOSING")
    feed.snapshot.open_orders.append(order("fl-0123456789abcdef-1", "hr-1"))
    async with daemon.running():
        await until(lambda: daemon.reconciled, "journal and broker agree: the order is known")
        feed.say_state("FLATTENED: another, DONE")
        await until(lambda: feed.cancels == ["hr-1"], "it is taken back")
        await until(lambda: not daemon.reconciled, "nothing new leaves before it is over")
        feed.say(report(4, ReportKind.CANCELED, OrderStatus.CANCELED))
        await until(lambda: daemon.reconciled, "it is over")


async def test_a_corrected_execution_replaces_what_it_corrects(feed: IntentsFeed, daemon: Daemon) -> None:
    async with daemon.running():
        await until(lambda: daemon.reconciled, "the stream is open")
        for number, quantity in ((1, 100), (2, 60)):
            fill = Fill(f"e.1.0{number}", Decimal(quantity), Decimal(5), Decimal(1), None, 1)
            feed.snapshot.sequence = number
            held = execution_pb2.AttributedPosition(
                strategy="s", account="SIM1", instrument_id="SIMX", quantity=decimal_to_wire(Decimal(quantity)),
                average_price=decimal_to_wire(Decimal(5)), realized_pnl=decimal_to_wire(ZERO), fills=1,
                commissions=decimal_to_wire(Decimal(1)), last_fill_price=decimal_to_wire(Decimal(5)),
            )  # fmt: skip
            del feed.snapshot.positions[:]
            feed.snapshot.positions.append(held)
            status = OrderStatus.FILLED if number == 1 else OrderStatus.PARTIALLY_FILLED
            feed.say(report(number, ReportKind.FILL, status, fill=fill, cum_qty=Decimal(quantity)))
            await until(partial(daemon.shows, float(quantity)), f"{quantity} shares")
        assert {quantity for reconciled, quantity in daemon.seen if reconciled} == {0.0, 100.0, 60.0}
        assert daemon.inputs.position.commissions == 1

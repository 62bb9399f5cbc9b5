"""Execution's async shell: intents, cancels and questions in; the book, the broker and the feed behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hedgerow.api.execution.v1 import execution_pb2
from hedgerow.api.risk.v1 import risk_pb2
from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import HedgerowError, InvalidValue, JournalUnavailable, NotFound, Unavailable
from hedgerow.domain.order import Intent, OrderStatus
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.failpoints import failpoint
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.common import broker_link_to_wire
from services.execution import messages
from services.execution.barrier import Barrier
from services.execution.caution import Caution
from services.execution.config import ExecutionConfig
from services.execution.domain import commands as c
from services.execution.domain.flatten import Flatten, FlattenEvent
from services.execution.domain.orders import Order
from services.execution.domain.positions import AttributedPosition
from services.execution.feed import Feed
from services.execution.flatten import Flattener
from services.execution.order_log import OrderLog
from services.execution.ports import Broker
from services.execution.submit import Acknowledgement, Submitter

LOOK_S = 0.5
JOURNAL_SILENT_S = 1.0
"""Wall seconds a commit may take before everybody is told that the journal does not answer."""


class ExecutionService:
    """What the servicer calls; wiring is in main, decisions are in the domain."""

    def __init__(
        self, config: ExecutionConfig, clock: Clock, log: OrderLog, broker: Broker, submitter: Submitter,
        barrier: Barrier, feed: Feed, epoch: int, flattener: Flattener, caution: Caution,
    ) -> None:  # fmt: skip
        self._config = config
        self._clock = clock
        self._log = log
        self._broker = broker
        self._submitter = submitter
        self._barrier = barrier
        self._logger = get_logger()
        self._told: execution_pb2.ExecutionState | None = None
        self._comparisons: dict[str, asyncio.Task[tuple[int, list[str]]]] = {}
        self._stopping: asyncio.Task[None] | None = None
        self._flattener = flattener
        self._caution = caution
        self.feed = feed
        self.epoch = epoch
        self.risk_connected = False
        self.latches: Callable[[], Sequence[execution_pb2.Latch]] = tuple

    def claim(self, intent: Intent) -> asyncio.Task[Acknowledgement] | Acknowledgement:
        """As Submitter.claim."""
        return self._submitter.claim(intent)

    async def submit(self, intent: Intent) -> Acknowledgement:
        """As Submitter.submit."""
        return await self._submitter.submit(intent)

    async def cancel(self, client_order_id: str, reason: str) -> Order:
        """Writes the cancel frame, then journals the wish; idempotent. Raises NotFound.

        Risk is not asked, and a journal that fails does not stop it.
        """
        order = self.order(client_order_id)
        if order.status.is_terminal:
            return order
        failpoint("service.cancel")
        self._submitter.cancel_now(client_order_id)
        if not self._log.failed:
            wish = c.RequestCancel(client_order_id, reason, self._clock.market_now(), wall_now())
            failpoint("service.cancel_record")
            committed = self._log.record(wish)
            if committed is not None:
                try:
                    await asyncio.shield(committed)  # a caller that goes away must not cancel the commit
                except JournalUnavailable as error:
                    self._logger.error("cancel not journaled", order=client_order_id, cause=str(error))
        failpoint("service.canceled")
        return self._log.book.orders[client_order_id]

    def order(self, client_order_id: str) -> Order:
        """One order; raises NotFound."""
        order = self._log.book.orders.get(client_order_id)
        if order is None:
            raise NotFound(f"order {client_order_id} does not exist")
        return order

    async def durable_order(self, client_order_id: str) -> Order:
        """One order, once what is known of it is on disk; raises NotFound."""
        order = self.order(client_order_id)
        await self.feed.durable(order.sequence)
        return order

    async def page(self, strategy: str, open_only: bool, after: str, size: int) -> tuple[list[Order], bool]:
        """At most `size` orders, newest first, that follow the order `after` (all when empty); whether more follow.

        What they say is on disk, and what is not among them was not claimed before the question: intents under
        way are waited for. Raises InvalidValue when `after` is no order.
        """
        await self._submitter.settled(strategy)
        orders = self._log.book.orders
        if after and after not in orders:
            raise InvalidValue("page_token", after, "the next_page_token of an earlier answer")
        found: list[Order] = []
        begun, sequence = not after, self._log.book.sequence
        for name, order in reversed(orders.items()):
            wanted = strategy in ("", order.intent.strategy) and not (open_only and order.status.is_terminal)
            if begun and wanted:
                found.append(order)
                if len(found) > size:
                    break
            begun = begun or name == after
        await self.feed.durable(sequence)
        return found[:size], len(found) > size

    async def reconcile(self, request_id: str) -> tuple[int, list[str]]:
        """Compares now: fills recovered and differences in words; the same request id gets the first result.

        Raises Unavailable when the broker cannot be asked.
        """
        task = self._comparisons.get(request_id)
        if task is None:
            task = asyncio.create_task(self._compare_now())
            self._comparisons[request_id] = task
            if len(self._comparisons) > 1000:
                del self._comparisons[next(iter(self._comparisons))]
        return await asyncio.shield(task)

    async def _compare_now(self) -> tuple[int, list[str]]:
        if not self._broker.up:
            raise Unavailable(f"the broker cannot be asked: {self._broker.link.reason}", "BROKER_DOWN")
        await self._barrier.compare(everything=True)
        self.tell_state()
        return self._barrier.fills_recovered, [*self._barrier.blocking, *self._barrier.remarks]

    async def retry_link(self) -> BrokerLink:
        """Tries the broker connection now; how the attempt begins. Raises FailedPrecondition when latched down."""
        return await self._broker.retry_link()

    async def flatten(self, ask: FlattenEvent) -> tuple[Flatten, list[AttributedPosition]]:
        """Begins a flatten, or finds the one of that id: as far as it has come, and the strategy's positions now.

        Raises AlreadyExists, FailedPrecondition, JournalUnavailable, NotFound for a strategy that is not configured and
        never traded.
        """
        self.require_known(ask.strategy)
        failpoint("service.flatten")
        flatten = await self._flattener.begin(ask)
        failpoint("service.flatten_begun")
        sequence = self._log.book.sequence
        await self.feed.durable(sequence)
        positions = [held for key, held in self._log.book.positions.items() if key.strategy == flatten.strategy]
        return flatten, positions

    def require_known(self, strategy: str) -> None:
        """Raises NotFound for a strategy that is not configured and never traded."""
        book = self._log.book
        owners = {key.strategy for key in book.positions} | {each.intent.strategy for each in book.orders.values()}
        if strategy not in self._config.quote_limits_ms and strategy not in owners:
            known = ", ".join(sorted({*self._config.quote_limits_ms, *owners})) or "none"
            raise NotFound(f"strategy {strategy!r} is not configured and never traded; there are: {known}")

    @property
    def reconciled(self) -> bool:
        """Whether broker and journal agree now, on a connection that stands."""
        return self._barrier.clean and self._broker.ready

    async def recover(self) -> None:
        """The barrier after a connect: nothing that adds risk leaves before it is done."""
        failpoint("service.recover")
        self._barrier.lost()
        await self._barrier.compare(everything=True)
        failpoint("service.recovered")
        # A cancel may have been lost with the connection, or with the process that wanted it: it is asked for again.
        asked = {order.client_order_id for order in self._log.book.open_orders() if order.cancel_sent}
        for name in sorted(asked | self._submitter.cancel_wishes):
            self._submitter.cancel_now(name)

    def on_link(self, link: BrokerLink) -> None:
        """The broker connection changed."""
        if link.state is not LinkState.READY:
            self._barrier.lost()
        self.tell_state()

    def unplaced(self, difference: str) -> None:
        """The broker told of something with our name that the journal does not know."""
        self._logger.error("not reconciled", difference=difference)
        self._barrier.blocking.append(difference)
        self._barrier.clean = False
        self.tell_state()

    async def watch(self) -> None:
        """Asks the broker about what is overdue, suspected, UNKNOWN or blocks; sends cancels that wait, for ever."""
        interval_s = min(LOOK_S, self._config.ack_timeout_s / 4)
        while True:
            due = await self._barrier.wait_for_cause(interval_s)
            self._submitter.cancel_wished()
            if due and self._broker.ready and not self._log.failed:
                try:
                    await self._barrier.compare(everything=not self._barrier.clean)
                except HedgerowError as error:
                    self._logger.warning("the broker did not say", cause=str(error))
            self.tell_state()

    def state(self) -> execution_pb2.ExecutionState:
        """Whether execution can send, and why not."""
        ready = self._submitter.readiness()
        reasons: list[str] = []
        why = ready.surroundings()
        if why is not None:
            reasons.append(f"{why.reason}: {why.text}")
        answering = self._log.failed or self._log.silent_s < JOURNAL_SILENT_S
        if why is None and not answering:  # nothing can leave before it does
            reasons.append("JOURNAL_UNAVAILABLE: the journal does not answer")
        reasons += [f"NOT_RECONCILED: {difference}" for difference in self._barrier.blocking]
        reasons += self._caution.reasons()
        if not self.risk_connected:
            reasons.append("RISK_UNAVAILABLE: risk is not connected")
        reasons += [
            f"UNKNOWN_ORDER: {order.client_order_id} of {order.intent.strategy} in {order.intent.instrument.symbol}"
            for order in self._log.book.open_orders()
            if order.status is OrderStatus.UNKNOWN
        ]
        for strategy in self._log.flattens.latched():
            latch = self._log.flattens.latch(strategy)
            if latch is not None:
                code = "FLATTENING" if latch.under_way else "FLATTENED"
                reasons.append(f"{code}: {strategy}, {latch.state.value} {latch.reason}".rstrip())
        return execution_pb2.ExecutionState(
            link=broker_link_to_wire(self._broker.link), reconciled=ready.reconciled,
            journal_ok=ready.journal_ok and bool(answering),
            lease_ok=ready.lease_ok, block_reasons=reasons, epoch=self.epoch, latches=self.latches(),
        )  # fmt: skip

    def tell_state(self) -> None:
        """Tells readers when it changed."""
        state = self.state()
        if state != self._told:
            self._told = state
            self.feed.tell_state(state)

    def on_risk(self, connected: bool) -> None:
        """The stream to risk opened or broke."""
        self.risk_connected = connected
        self.tell_state()

    def on_journal_failed(self) -> None:
        """The journal has failed: nothing is sent until a restart."""
        self.feed.fail()
        self.tell_state()

    def resync(self) -> risk_pb2.Resync:
        """Every order that holds exposure, for risk."""
        return messages.resync(self._log.book, self.epoch)

    def snapshot(self, strategy: str) -> execution_pb2.ExecutionSnapshot:
        """The book as it stands, one strategy's or all; see `Feed.durable` before showing it."""
        return messages.snapshot(self._log.book, strategy, self.state())

    @property
    def published(self) -> int:
        """The newest sequence told to readers."""
        return self._log.published

    def close(self) -> None:
        """From now on every intent is refused; cancels pass."""
        self._submitter.closing = True
        self._log.flush()

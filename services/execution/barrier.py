"""The reconciliation barrier: broker truth against the journal after every connect, on demand, and on suspicion."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from decimal import Decimal

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.order import OrderStatus
from hedgerow.failpoints import failpoint
from hedgerow.telemetry.logs import get_logger
from services.execution.domain.orders import Order
from services.execution.domain.reconcile import reconcile
from services.execution.order_log import OrderLog
from services.execution.ports import Broker

NS_PER_S = 1_000_000_000


class Barrier:
    """Asks the broker what it knows and records what the journal missed; one question at a time.

    `clean` is False from a lost connection until a comparison left nothing that blocks.
    """

    def __init__(self, log: OrderLog, broker: Broker, clock: Clock, ack_timeout_s: float) -> None:
        self._log = log
        self._broker = broker
        self._clock = clock
        self._ack_timeout_ns = int(ack_timeout_s * NS_PER_S)
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._refused: dict[str, str] = {}
        self._cancel_refused: set[str] = set()
        self._suspects: set[str] = set()
        self._claimed: dict[str, Decimal] = {}
        self._asked_at: dict[str, int] = {}
        self._compared_at = 0
        self._logger = get_logger()
        self.in_flight: set[str] = set()
        """Orders between their commit and their frame: the broker cannot know them yet."""
        self.positions: dict[tuple[str, str], Decimal] = {}
        """What the broker held at the last comparison: (account, instrument id) -> signed quantity."""
        self.clean = False
        self.blocking: list[str] = []
        self.remarks: list[str] = []
        self.fills_recovered = 0

    def lost(self) -> None:
        """The connection is gone: nothing is known any more."""
        self.clean = False

    def suspect(self, name: str, *, refused: str = "", cancel_refused: bool = False) -> None:
        """Something about the order asks for the broker's word; `refused` is the text of an explicit reject."""
        if refused:
            self._refused[name] = refused
        if cancel_refused:
            self._cancel_refused.add(name)
        self._suspects.add(name)
        self._wake.set()

    def claim(self, name: str, filled: Decimal) -> None:
        """A status says that so much is filled; its executions usually follow in a moment, else they are asked for."""
        self._claimed[name] = filled

    def claims(self, order: Order) -> bool:
        """Whether the broker says that more of it is filled than its executions told yet."""
        return self._claimed.get(order.client_order_id, order.cum_qty) > order.cum_qty

    async def compare(self, *, everything: bool) -> None:
        """One comparison; with `everything`, every open order must be found, else only suspects and overdue ones.

        Raises Unavailable when the broker does not answer, JournalUnavailable when the journal does not.
        """
        async with self._lock:
            failpoint("barrier.compare")
            asked = [order.client_order_id for order in self._log.book.open_orders() if self._due(order, everything)]
            self._asked_at = {name: time.monotonic_ns() for name in asked} | {
                name: at for name, at in self._asked_at.items() if name in self._log.book.open and name not in asked
            }
            failpoint("barrier.ask")
            truth = await self._broker.truth()
            failpoint("barrier.answered")
            self.positions = truth.positions
            book = self._log.book
            findings = reconcile(
                book, truth, asked=asked, refused=self._refused, cancel_refused=self._cancel_refused,
                market_now=self._clock.market_now(), wall_now=wall_now(),
            )  # fmt: skip
            before = len(book.by_execution)
            failpoint("barrier.record")
            done = self._log.record(*findings.commands)
            self.fills_recovered = len(book.by_execution) - before
            self._suspects.difference_update(asked)
            for name in asked:
                self._refused.pop(name, None)
                self._claimed.pop(name, None)
                self._cancel_refused.discard(name)
            if done is not None:
                await done
                failpoint("barrier.recorded")
            failpoint("barrier.compared")
            self.blocking, self.remarks = findings.blocking, findings.remarks
            self._compared_at = time.monotonic_ns()
            if everything or findings.blocking:
                self.clean = not findings.blocking
            self._logger.info(
                "reconciled", everything=everything, fills_recovered=self.fills_recovered, blocking=self.blocking,
                remarks=self.remarks, asked=asked,
            )  # fmt: skip

    def _due(self, order: Order, everything: bool) -> bool:
        if order.client_order_id in self.in_flight:
            return False
        name = order.client_order_id
        return everything or self.claims(order) or name in self._suspects or self._overdue(order)

    def _overdue(self, order: Order) -> bool:
        """No acknowledgement of the order, or of its cancel, in time; or an UNKNOWN not asked about for as long."""
        if order.status not in (OrderStatus.SENT, OrderStatus.PENDING, OrderStatus.PENDING_CANCEL, OrderStatus.UNKNOWN):
            return False
        if wall_now() - order.updated_at < self._ack_timeout_ns:
            return False
        asked_at = self._asked_at.get(order.client_order_id)
        return asked_at is None or time.monotonic_ns() - asked_at >= self._ack_timeout_ns

    async def wait_for_cause(self, interval_s: float) -> bool:
        """Waits for a new suspicion, at most `interval_s`; whether there is something to ask about now.

        What could not be asked stays due, and comes up again after the interval.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(interval_s):
                await self._wake.wait()
        self._wake.clear()
        open_orders = list(self._log.book.open_orders())
        names = {order.client_order_id for order in open_orders}
        self._suspects &= names
        self._claimed = {name: filled for name, filled in self._claimed.items() if name in names}
        blocked = not self.clean and time.monotonic_ns() - self._compared_at >= self._ack_timeout_ns
        return blocked or any(self._due(order, everything=False) for order in open_orders)

"""The reconciliation barrier: broker truth against the journal after every connect, on demand, and on suspicion."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from decimal import Decimal

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import HedgerowError
from hedgerow.domain.order import OrderStatus
from hedgerow.failpoints import failpoint
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from services.execution.domain import commands as c
from services.execution.domain.orders import Order
from services.execution.domain.reconcile import Absence, BrokerTruth, Findings, reconcile
from services.execution.order_log import OrderLog
from services.execution.ports import Broker, FrameEvidence, NoFrameEvidence

NS_PER_S = 1_000_000_000
MOST_ROUNDS = 6
"""How often the broker is asked before its answers count as restless."""
ROUND_PAUSE_S = 0.02
"""Wall seconds between two rounds: what is on its way gets the time to arrive."""

_TOOK = metrics.histogram("hedgerow_execution_barrier_seconds", "One comparison of broker and journal, all its rounds.")


async def _cancels_nothing(_name: str, _reason: str) -> None:
    """Where nobody takes back what came alive again."""


class Barrier:
    """Asks the broker what it knows and records what the journal missed; one question at a time.

    `clean` is False from a lost connection until a comparison left nothing that blocks. The broker is asked until it
    says the same twice running: only then does an order's absence, or its being alive, contradict the journal.
    """

    def __init__(
        self, log: OrderLog, broker: Broker, clock: Clock, ack_timeout_s: float,
        evidence: FrameEvidence | None = None,
        cancel: Callable[[str, str], Awaitable[object]] = _cancels_nothing,
        restarting: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """`cancel(name, reason)` takes an order back; `restarting` says whether now is the broker's restart window."""
        self._log = log
        self._broker = broker
        self._clock = clock
        self._ack_timeout_ns = int(ack_timeout_s * NS_PER_S)
        self._evidence = evidence or NoFrameEvidence()
        self._cancel = cancel
        self._restarting = restarting
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._refused: dict[str, str] = {}
        self._cancel_refused: set[str] = set()
        self._suspects: set[str] = set()
        self._fresh: set[str] = set()  # suspected since the broker was asked last: its answers may be older
        self._claimed: dict[str, Decimal] = {}
        self._asked_at: dict[str, int] = {}
        self._compared_at = 0
        self._lost_in_window = False
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
        self._lost_in_window = self._lost_in_window or self._restarting()

    def suspect(self, name: str, *, refused: str = "", cancel_refused: bool = False) -> None:
        """Something about the order asks for the broker's word; `refused` is the text of an explicit reject."""
        if refused:
            self._refused[name] = refused
        if cancel_refused:
            self._cancel_refused.add(name)
        self._suspects.add(name)
        self._fresh.add(name)
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
            started = time.monotonic()
            book = self._log.book
            asked = [order.client_order_id for order in book.open_orders() if self._due(order, everything)]
            looked_at = {*asked, *self._suspects}
            self._asked_at = {name: time.monotonic_ns() for name in asked} | {
                name: at for name, at in self._asked_at.items() if name in book.open and name not in asked
            }
            failpoint("barrier.ask")
            truth, since, rounds = await self._settled()
            failpoint("barrier.answered")
            self.positions = truth.positions
            absence = Absence(asked, since, rounds > 0, self._why_missing())
            findings = reconcile(
                book, truth, absence, refused=self._refused, cancel_refused=self._cancel_refused,
                market_now=self._clock.market_now(), wall_now=wall_now(),
            )  # fmt: skip
            before = len(book.by_execution)
            failpoint("barrier.record")
            done = self._log.record(*findings.commands)
            self.fills_recovered = len(book.by_execution) - before
            self._forget(looked_at - self._fresh)
            if done is not None:
                await done
                failpoint("barrier.recorded")
            if everything and not absence.settled:
                findings.remarks.append(f"the broker's answers did not settle in {MOST_ROUNDS} rounds")
            self._judge(findings, everything, absence.settled)
            await self._act(findings)
            failpoint("barrier.compared")
            took_s = time.monotonic() - started
            _TOOK.observe(took_s)
            self._logger.info(
                "reconciled", everything=everything, fills_recovered=self.fills_recovered, blocking=self.blocking,
                remarks=self.remarks, asked=asked, missing=findings.absent, reopened=findings.reopened,
                rounds=rounds or MOST_ROUNDS, settled=absence.settled, took_ms=round(1000 * took_s, 1),
            )  # fmt: skip

    async def _settled(self) -> tuple[BrokerTruth, int, int]:
        """What the broker says, the book's sequence before it was asked last, and the rounds it took; 0: no end."""
        before: BrokerTruth | None = None
        for rounds in range(1, MOST_ROUNDS + 1):
            since = self._log.book.sequence
            self._fresh.clear()
            truth = await self._broker.truth()
            if truth == before:
                return truth, since, rounds
            before = truth
            await asyncio.sleep(ROUND_PAUSE_S)
        return truth, since, 0

    def _why_missing(self) -> str:
        restarted = self._broker.rolled_back(self._log.book.last_taken_id) or self._lost_in_window
        return "LOST_AT_RESTART" if restarted and not self.clean else "NOT_FOUND_AT_BROKER"

    def _forget(self, names: Collection[str]) -> None:
        """What was asked about is answered, whatever the answer."""
        self._suspects.difference_update(names)
        for name in names:
            self._refused.pop(name, None)
            self._claimed.pop(name, None)
            self._cancel_refused.discard(name)

    def _judge(self, findings: Findings, everything: bool, settled: bool) -> None:
        """Says whether execution may go on; answers that do not settle only keep it from beginning to."""
        self.blocking, self.remarks = findings.blocking, findings.remarks
        self._compared_at = time.monotonic_ns()
        if everything or findings.blocking:
            self.clean = not findings.blocking and (settled or self.clean)
        if not self.clean and not findings.blocking and not settled:
            self.blocking.append(f"the broker's answers did not settle in {MOST_ROUNDS} rounds")
        if self.clean:
            self._lost_in_window = False

    async def _act(self, findings: Findings) -> None:
        """Takes back what nobody wants any more, and asks for proof of what is nowhere."""
        for number in findings.strays:
            try:
                self._broker.cancel(number)
            except HedgerowError as error:
                self._logger.warning("a stray order is not canceled yet", broker_order_id=number, cause=str(error))
        for name in findings.reopened:
            await self._cancel(name, "NO_LONGER_WANTED")
        for name in findings.lingering:
            if wall_now() - self._log.book.orders[name].updated_at >= self._ack_timeout_ns:
                await self._cancel(name, "CANCEL_REPEATED")  # the first was lost on its way
        if findings.absent and not findings.blocking:
            absent = [self._log.book.orders[name] for name in findings.absent]
            proven = await self._evidence.never_forwarded([each for each in absent if not each.acknowledged])
            for name, text in proven.items():
                proof = c.ProveNotSent(name, text, self._clock.market_now(), wall_now())
                done = self._log.record(proof)
                if done is not None:
                    await done

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

        What could not be asked stays due, and comes up again after the interval. A suspicion of an order that is
        terminal stays one: the broker may show it alive.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(interval_s):
                await self._wake.wait()
        self._wake.clear()
        orders = self._log.book.orders
        self._suspects &= orders.keys()
        self._claimed = {name: filled for name, filled in self._claimed.items() if filled > orders[name].cum_qty}
        self._suspects |= {name for name in self._claimed if orders[name].status.is_terminal}
        blocked = not self.clean and time.monotonic_ns() - self._compared_at >= self._ack_timeout_ns
        doubted = any(orders[name].status.is_terminal for name in self._suspects)
        return blocked or doubted or any(self._due(order, everything=False) for order in self._log.book.open_orders())

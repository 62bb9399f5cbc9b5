"""A kill at work: nothing new leaves from its first moment on, what rests is taken back, and the broker is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.command import Command, CommandKind
from hedgerow.domain.errors import HedgerowError, JournalUnavailable
from hedgerow.domain.execution_report import ExecutionReport, split_revision
from hedgerow.failpoints import failpoint
from hedgerow.store.answers import DONE, acknowledgement, outcome_operation
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.writes import Write
from hedgerow.telemetry.logs import get_logger
from services.execution.barrier import Barrier
from services.execution.domain import commands as c
from services.execution.domain.latches import Latch, LatchEvent, LatchKind
from services.execution.domain.orders import Order
from services.execution.domain.reconcile import REFERENCE_PREFIX, BrokerTruth
from services.execution.latching import LatchDesk
from services.execution.order_log import OrderLog
from services.execution.ports import Broker
from services.execution.submit import Submitter
from services.execution.together import Together

LOOK_S = 0.25
"""Wall seconds between two looks at a kill that is not proven yet."""
ASK_AGAIN_S = 1.0
LINK_DEAD_S = 2.0
"""Wall seconds without a word on the order connection after which cancels on it are not to be hoped for."""


class KillView(NamedTuple):
    """A kill as far as it has come; `orders` are those of its scope that were open when it began."""

    latch: Latch
    orders: list[Order]
    proven: bool
    evidence: list[str]


@dataclass(slots=True)
class _Work:
    """What was done for one kill since this process began; times are CLOCK_MONOTONIC seconds."""

    asked: dict[str, float] = field(default_factory=dict)
    proven: bool = False
    evidence: tuple[str, ...] = ()
    everything: str = ""  # the account-wide cancel, once it was sent
    silent_since: float = 0.0
    heard: float = 0.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Killer:
    """One task per kill that stands; `run` is their supervision.

    `cancel_everything` is the account-wide cancel by another connection, None where settings do not allow it.
    `answered` holds the ids of the commands whose final answer is on disk.
    """

    def __init__(
        self, clock: Clock, log: OrderLog, broker: Broker, barrier: Barrier, submitter: Submitter, desk: LatchDesk,
        ack_timeout_s: float, answered: set[str], cancel_everything: Callable[[], Awaitable[str]] | None,
    ) -> None:  # fmt: skip
        self._clock = clock
        self._log = log
        self._broker = broker
        self._barrier = barrier
        self._submitter = submitter
        self._desk = desk
        self._ack_timeout_s = ack_timeout_s
        self._answered = answered
        self._cancel_everything = cancel_everything
        self._work: dict[str, _Work] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._look = asyncio.Event()
        self._look.set()
        self._compared = Together(self._compare)
        self._logger = get_logger(stream="kill")

    def begin(self, ask: LatchEvent, recorded: bool) -> asyncio.Task[None]:
        """Sets the latch and writes the cancel frames, both before this returns; the task ends when it is on disk.

        `recorded` says that a command stands behind it. Raises AlreadyExists as `LatchDesk.set`.
        """
        rows: list[Write] = []
        if not recorded and ask.latch_id not in self._log.latches.by_id:
            rows.append(
                operation_row(
                    OperationType.COMMAND, wall_ns=wall_now(), market_ns=self._clock.market_now(),
                    strategy=ask.strategy, state=CommandKind.KILL, reason=ask.reason,
                    text=f"KILL asked by {ask.actor or 'nobody named'} ({ask.latch_id})",
                )
            )  # fmt: skip
        kept = self._desk.set(ask, rows)
        latch = self._log.latches.standing.get(ask.latch_id)
        if latch is not None:
            self._take_back(latch, self._state(latch))
        self._look.set()
        return kept

    def view(self, latch_id: str) -> KillView:
        """How far the kill of that id has come."""
        latch = self._log.latches.by_id[latch_id]
        work = self._work.get(latch_id) or _Work()
        lifted = latch_id not in self._log.latches.standing
        evidence = ["lifted by name", *work.evidence] if lifted else list(work.evidence)
        return KillView(latch, list(self._began_with(latch)), work.proven, evidence)

    def _state(self, latch: Latch) -> _Work:
        return self._work.setdefault(latch.latch_id, _Work())

    def _began_with(self, latch: Latch) -> Iterable[Order]:
        for order in self._log.book.orders.values():
            over = order.status.is_terminal and order.updated_at < latch.created_at
            if not over and order.created_at <= latch.created_at and self._covers(latch, order):
                yield order

    @staticmethod
    def _covers(latch: Latch, order: Order) -> bool:
        return latch.covers(order.intent.strategy, order.intent.account)

    def _open(self, latch: Latch) -> list[Order]:
        return [order for order in self._log.book.open_orders() if self._covers(latch, order)]

    def on_reports(self, reports: Sequence[ExecutionReport]) -> None:
        """Orders changed: kills look again."""
        for work in self._work.values() if reports else ():
            work.wake.set()

    async def run(self) -> None:
        """Keeps a task per kill that stands, until canceled; a task's crash is the process's."""
        try:
            while True:
                await self._look.wait()
                self._look.clear()
                for latch in list(self._log.latches.standing.values()):
                    if latch.kind is LatchKind.KILL and latch.latch_id not in self._tasks:
                        task = self._tasks[latch.latch_id] = asyncio.create_task(self._carry_out(latch))
                        task.add_done_callback(lambda _: self._look.set())
                for latch_id, task in list(self._tasks.items()):
                    if task.done():
                        del self._tasks[latch_id]
                        task.result()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _carry_out(self, latch: Latch) -> None:
        work = self._state(latch)
        while latch.latch_id in self._log.latches.standing:
            work.wake.clear()
            if work.proven and self._open(latch):
                work.proven = False  # something came alive again
            try:
                wait_s = ASK_AGAIN_S if work.proven else await self._step(latch, work)
            except HedgerowError as error:
                self._tell(latch, work, f"not proven: {error}")
                wait_s = ASK_AGAIN_S
            try:
                async with asyncio.timeout(wait_s):
                    await work.wake.wait()
            except TimeoutError:
                pass

    async def _step(self, latch: Latch, work: _Work) -> float:
        """Takes back what rests, then asks the broker; wall seconds until the next look."""
        failpoint("kill.step")
        self._take_back(latch, work)
        if not await self._link_answers(work):
            await self._past_the_link(latch, work)
            return LOOK_S
        resting = self._open(latch)
        if resting:
            names = ", ".join(f"{order.client_order_id} {order.status.value}" for order in resting[:10])
            self._tell(latch, work, f"not proven: {len(resting)} orders not over yet: {names}")
            return LOOK_S
        truth = await self._compared()
        failpoint("kill.truth")
        if not self._log.failed and self._open(latch):
            return 0.0
        why = self._still_there(latch, truth)
        if why:
            self._tell(latch, work, f"not proven: {why}")
            return ASK_AGAIN_S
        over = [f"{order.client_order_id} {order.status.value}" for order in self._began_with(latch)]
        at = datetime.fromtimestamp(wall_now() / 1e9, UTC).isoformat(timespec="milliseconds")
        counted = f"{len(over)} open when it began{': ' if over else ''}{', '.join(over)}"
        work.proven = True
        self._tell(latch, work, f"{at} the broker shows no open order of the scope; {counted}")
        await self._answer(latch, f"{DONE}: no order rests; {counted}")
        return ASK_AGAIN_S

    async def _compare(self) -> BrokerTruth:
        """What the broker says now, after the journal was brought level with it where there is one."""
        if not self._log.failed:
            await self._barrier.compare(everything=True)
        return await self._broker.truth()

    def _take_back(self, latch: Latch, work: _Work) -> None:
        """Writes a cancel frame for each open order, none waiting for another or for the journal."""
        now = time.monotonic()
        for order in self._open(latch):
            name = order.client_order_id
            asked = work.asked.get(name)
            waits = name in self._submitter.cancel_wishes
            if asked is not None and not waits and now - asked < self._ack_timeout_s:
                continue
            failpoint("kill.cancel")
            self._submitter.cancel_now(name)
            work.asked[name] = now
            if asked is None and not self._log.failed:
                wish = c.RequestCancel(name, f"KILL {latch.latch_id}", self._clock.market_now(), wall_now())
                self._log.record(wish)  # nothing waits for it

    async def _link_answers(self, work: _Work) -> bool:
        """Whether the order connection lives; asked only when it has been a while."""
        now = time.monotonic()
        if not self._broker.up:
            work.silent_since = work.silent_since or now
            return False
        if now - work.heard >= ASK_AGAIN_S:
            try:
                await self._broker.probe(LINK_DEAD_S)
            except HedgerowError:
                work.silent_since = work.silent_since or now
                return False
            work.heard = time.monotonic()
        work.silent_since = 0.0
        return True

    async def _past_the_link(self, latch: Latch, work: _Work) -> None:
        """The order connection is dead: where settings allow it, everything of the account is canceled by another."""
        silent_s = time.monotonic() - work.silent_since
        reason = self._broker.link.reason or "it does not answer"
        words = f"not proven: no order connection for {silent_s:.1f} s ({reason})"
        if silent_s < LINK_DEAD_S or not self._open(latch):
            self._tell(latch, work, words)
        elif self._cancel_everything is None:
            self._tell(latch, work, f"{words}; kill.global_cancel is off")
        elif not work.everything:
            failpoint("kill.everything")
            done = await self._cancel_everything()
            work.everything = f"ACCOUNT-WIDE: {done}"
            self._logger.error("everything at the broker was canceled", latch=latch.latch_id, outcome=done)
            self._tell(latch, work, words)
            await self._note(latch, work.everything)
        else:
            self._tell(latch, work, words)

    def _still_there(self, latch: Latch, truth: BrokerTruth) -> str:
        """What the broker shows that a proof must not hold, in words; its orders of the scope are taken back anew."""
        book, found, nameless = self._log.book, [], []
        for seen in truth.orders:
            if seen.status.is_terminal:
                continue
            name = book.name_of(seen.client_order_id, seen.broker_order_id, seen.perm_id)
            if name is not None and self._covers(latch, book.orders[name]):
                found.append(name)
                self._broker.cancel(seen.broker_order_id)
            elif name is None and seen.client_order_id.startswith(REFERENCE_PREFIX):
                nameless.append(seen.client_order_id)
        if found:
            return f"the broker shows {', '.join(found)} open"
        if nameless:
            return f"the broker shows {', '.join(nameless)} open, which the journal does not know"
        unknown = [
            seen.fill.execution_id
            for seen in truth.executions
            if split_revision(seen.fill.execution_id)[0] not in book.by_execution
        ]
        return f"executions {', '.join(unknown)} are not recorded: {self._log.failed}" if unknown else ""

    def _tell(self, latch: Latch, work: _Work, words: str) -> None:
        told = tuple(each for each in (work.everything, words) if each)
        if told != work.evidence:
            if words.partition(":")[0] != (work.evidence[-1] if work.evidence else "").partition(":")[0]:
                self._logger.warning("kill", latch=latch.latch_id, evidence=words, proven=work.proven)
            work.evidence = told

    async def _answer(self, latch: Latch, outcome: str) -> None:
        """The final answer, once: with what it was proven by."""
        if latch.latch_id in self._answered or self._log.failed:
            return
        self._answered.add(latch.latch_id)
        command, wall = command_of(latch), wall_now()
        rows = [
            acknowledgement(command, latch.strategy, "", wall_ns=wall, outcome=outcome),
            outcome_operation(command, latch.strategy, outcome, wall_ns=wall, market_ns=self._clock.market_now()),
        ]
        try:
            await self._log.write(rows)
        except JournalUnavailable as error:
            self._logger.error("kill not answered", latch=latch.latch_id, cause=str(error))

    async def _note(self, latch: Latch, words: str) -> None:
        if self._log.failed:
            return
        market = self._clock.market_now()
        row = outcome_operation(command_of(latch), latch.strategy, words, wall_ns=wall_now(), market_ns=market)
        try:
            await self._log.write([row])
        except JournalUnavailable as error:
            self._logger.error("account-wide cancel not recorded", latch=latch.latch_id, cause=str(error))


def command_of(latch: Latch) -> Command:
    """The command behind a latch, as far as an answer needs it."""
    return Command(
        latch.sequence, latch.latch_id, CommandKind(latch.kind.value), latch.strategy, latch.run_id, latch.actor,
        latch.reason, {}, latch.created_at,
    )  # fmt: skip

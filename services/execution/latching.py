"""Sets and lifts latches: in memory at once, then wherever it will be remembered, and only then acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, HedgerowError, NotFound, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.writes import Write
from hedgerow.telemetry.logs import get_logger
from services.execution.domain.latches import Latch, LatchEvent, LatchFact, LatchKind, latch_of
from services.execution.latch_file import LatchFile
from services.execution.order_log import OrderLog
from services.execution.ports import Broker

JOURNAL, FILE = "JOURNAL", "FILE"
DURABLE_S = 2.0
"""Wall seconds a latch waits to be on some disk before it is told of as standing in memory only."""
PASSED_S, PASSED_LONG_S = 0.5, 3.0
"""Wall seconds the broker has to show that it read every frame sent before a latch was set; long where an order of the
latch's scope is on its way: a guard's disk may hold it up, and it would leave after the acknowledgement."""


class LatchDesk:
    """The latches of this process; whoever may send asks the fold, which knows of each from the call of `set` on."""

    def __init__(
        self, clock: Clock, log: OrderLog, file: LatchFile, broker: Broker, tell_state: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._log = log
        self._file = file
        self._broker = broker
        self._tell_state = tell_state
        self._setting: dict[str, asyncio.Task[None]] = {}
        self._saving = asyncio.Lock()
        self._runs: dict[str, str] = {}
        self._taken: dict[str, str] = {}
        self._streams: Counter[str] = Counter()
        self._newest = 0
        self._logger = get_logger()
        self.unread: set[str] = set()
        """Latches before which the broker did not show, in time, that it had read what was sent."""
        self.durable_in: dict[str, list[str]] = {each: [JOURNAL] for each in log.latches.standing}

    def restore(self) -> None:
        """Takes what the file knows and the journal does not: it was down, or is another one. Raises InvalidValue."""
        for event in self._file.read():
            if event.latch_id in self._log.latches.standing:
                self.durable_in[event.latch_id] = [JOURNAL, FILE]
            elif event.latch_id not in self._log.latches.by_id:
                self._logger.warning("latch taken from its file", latch=event.latch_id, kind=event.latch.value)
                self.durable_in[event.latch_id] = [FILE]
                journaled = self._log.record_latch(event)
                journaled.add_done_callback(lambda done, name=event.latch_id: self._kept(name, JOURNAL, done))  # type: ignore[misc]

    def heard(self, sequence: int) -> None:
        """A command of that place in the command store is known here."""
        self._newest = max(self._newest, sequence)

    @property
    def newest_heard(self) -> int:
        """Place of the newest command known: what is asked of execution itself comes after it."""
        return self._newest

    def run_of(self, strategy: str) -> str:
        """The run whose stream is, or was last, open; empty when none has been."""
        return self._runs.get(strategy, "")

    def set(self, ask: LatchEvent, rows: Sequence[Write] = ()) -> asyncio.Task[None]:
        """Sets a latch, from this call on, under the id of its command or request; done when it is acknowledged.

        Then it is on disk, or DURABLE_S is over, and the broker has read whatever was sent before, or did not answer
        in time, which `unread` tells. The same id again changes nothing; raises AlreadyExists when it was used for
        another latch.
        """
        known = self._log.latches.by_id.get(ask.latch_id)
        if known is not None:
            asked = latch_of(ask)
            same = (known.kind, known.strategy, known.account)
            if same != (asked.kind, asked.strategy, asked.account):
                raise AlreadyExists(f"latch {ask.latch_id} was set before with another scope or kind")
            return self._setting.get(ask.latch_id) or asyncio.ensure_future(_nothing())
        wall = wall_now()
        event = replace(ask, event_time=self._clock.market_now(), receive_time=wall)
        failpoint("latch.set")
        journaled = self._log.record_latch(event, rows)
        failpoint("latch.standing")
        self.durable_in[event.latch_id] = []
        latch = self._log.latches.by_id[event.latch_id]
        self._logger.warning(
            "latch set", latch=latch.latch_id, kind=latch.kind.value, strategy=latch.strategy, account=latch.account,
            run_id=latch.run_id, actor=latch.actor, reason=latch.reason,
        )  # fmt: skip
        self._tell_state()
        task = self._setting[event.latch_id] = asyncio.create_task(self._keep(event.latch_id, journaled))
        task.add_done_callback(lambda _: self._setting.pop(event.latch_id, None))
        return task

    async def _keep(self, latch_id: str, journaled: asyncio.Future[object]) -> None:
        filed = asyncio.ensure_future(self._save())
        journaled.add_done_callback(lambda done: self._kept(latch_id, JOURNAL, done))
        filed.add_done_callback(lambda done: self._kept(latch_id, FILE, done))
        passed = asyncio.ensure_future(self._passed(self._log.latches.by_id[latch_id]))
        pending: set[asyncio.Future[object]] = {journaled, filed}
        deadline = asyncio.get_running_loop().time() + DURABLE_S
        while pending and self.durable_in.get(latch_id) == []:  # not if somebody has lifted it meanwhile
            left = deadline - asyncio.get_running_loop().time()
            done, pending = await asyncio.wait(pending, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self._logger.error("latch is on no disk yet", latch=latch_id)
                break
            await asyncio.sleep(0)  # what is kept is noted by the callbacks
        if not await passed:
            self.unread.add(latch_id)
        failpoint("latch.kept")

    async def _save(self) -> object:
        async with self._saving:
            await self._file.write([_fact_of(each) for each in self._log.latches.standing.values()])
        return None

    async def _passed(self, latch: Latch) -> bool:
        """Whether the broker has read, in time, what was sent before; of a connection that is gone nobody knows."""
        on_its_way = self._on_its_way(latch)
        if not self._broker.up:
            return not on_its_way
        try:
            await self._broker.probe(PASSED_LONG_S if on_its_way else PASSED_S)
        except Unavailable as error:
            self._logger.warning("what was sent before a latch may still arrive", cause=str(error))
            return False
        return True

    def _on_its_way(self, latch: Latch) -> bool:
        """Whether an order it covers was handed to the connection, and the broker has not shown it yet."""
        return any(
            order.sent and not order.acknowledged and latch.covers(order.intent.strategy, order.intent.account)
            for order in self._log.book.open_orders()
        )

    def kept(self, latch_id: str, where: str) -> None:
        """A latch would survive a crash there, too."""
        found = self.durable_in.get(latch_id)
        if found is not None and where not in found:
            found.append(where)
            self._tell_state()

    def _kept(self, latch_id: str, where: str, done: asyncio.Future[object]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is None and not done.cancelled():
            self.kept(latch_id, where)
        elif error is not None:
            self._logger.error("latch not kept", latch=latch_id, where=where, cause=str(error))

    def lift_is_refused(self, reconciled: bool) -> HedgerowError | None:
        """Why nothing can be lifted now; None when it can."""
        if self._log.failed:
            return FailedPrecondition("the journal accepts no writes: restart execution first", "JOURNAL_UNAVAILABLE")
        if not reconciled:
            return FailedPrecondition("broker and journal do not agree yet", "NOT_RECONCILED")
        return None

    async def lift(self, latch_id: str, by: str, rows: Sequence[Write] = (), run_id: str = "") -> None:
        """Lifts one latch; nothing happens to one that was lifted before. Raises NotFound, JournalUnavailable."""
        latches = self._log.latches
        if latch_id not in latches.by_id:
            raise NotFound(f"no latch has the id {latch_id!r}")
        if latch_id not in latches.standing:
            return
        event = LatchEvent(
            LatchFact.LIFTED, latch_id, self._clock.market_now(), wall_now(), reason=by, run_id=run_id,
        )  # fmt: skip
        failpoint("latch.lift")
        committed = self._log.record_latch(event, rows)
        self.durable_in.pop(latch_id, None)
        self._tell_state()
        await asyncio.shield(committed)  # who asks may go away: the journal does not
        failpoint("latch.lifted")
        self._logger.warning("latch lifted", latch=latch_id, by=by)
        try:
            await self._save()
        except Unavailable as error:  # the journal knows that it was lifted, and the journal is read first
            self._logger.error("latch file not rewritten", cause=str(error))

    def stops(self) -> list[Latch]:
        """Stops that stand: each until its run has ended."""
        return [each for each in self._log.latches.standing.values() if each.kind is LatchKind.STOP]

    def is_connected(self, strategy: str) -> bool:
        """Whether a daemon of that strategy has its stream open."""
        return self._streams[strategy] > 0

    def stream_opened(self, strategy: str) -> None:
        """A stream of that strategy is open; `stream_closed` follows."""
        self._streams[strategy] += 1

    def stream_closed(self, strategy: str) -> None:
        """One of its streams is not open any more."""
        self._streams[strategy] -= 1

    async def run_began(self, strategy: str, run_id: str) -> None:
        """A run opened its stream: one before it has ended, and a stop of that one has done its work."""
        self._runs[strategy] = run_id
        for latch in self.stops():
            if latch.strategy != strategy:
                continue
            addressed = latch.run_id or self._taken.setdefault(latch.latch_id, run_id)
            if addressed != run_id:
                await self.lift(latch.latch_id, f"run {addressed} has ended: {run_id} runs", run_id=addressed)

    def on_disk(self, latches: Iterable[Latch]) -> dict[str, list[str]]:
        """Where each of these would survive a crash."""
        return {each.latch_id: list(self.durable_in.get(each.latch_id, ())) for each in latches}


async def _nothing() -> None:
    return None


def _fact_of(latch: Latch) -> LatchEvent:
    return LatchEvent(
        LatchFact.SET, latch.latch_id, latch.created_at, latch.created_at, latch.kind, latch.strategy, latch.account,
        latch.run_id, latch.sequence, latch.actor, latch.reason,
    )  # fmt: skip

"""The flatten saga: works every flatten step by step, journals how far it has come, and answers its command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.errors import AlreadyExists, FailedPrecondition, HedgerowError
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.order import OrderStatus
from hedgerow.domain.position import ZERO
from hedgerow.failpoints import failpoint
from hedgerow.telemetry.logs import get_logger
from services.execution.domain import flatten as f
from services.execution.domain.flatten import Flatten, FlattenEvent, FlattenKind, FlattenState
from services.execution.domain.orders import Order
from services.execution.domain.positions import PositionKey
from services.execution.flatten_answers import FlattenAnswers
from services.execution.flatten_breaks import Breaks
from services.execution.flatten_orders import ClosingOrders
from services.execution.flatten_view import Attempts, FlattenView
from services.execution.holdings import PortfolioHoldings
from services.execution.order_log import OrderLog

LOOK_S = 0.25
"""Wall seconds after which a waiting flatten is looked at again without a cause."""
LONGEST_WAIT_S = 1.0
UNFILLED = 3
"""From so many closing orders in a row without a fill on, each counts as a refusal."""


class Flattener:
    """One task per strategy that has something to close; `run` is their supervision."""

    def __init__(
        self, clock: Clock, log: OrderLog, view: FlattenView, breaks: Breaks, orders: ClosingOrders,
        holdings: PortfolioHoldings, answers: FlattenAnswers, cancel: Callable[[str, str], Awaitable[Order]],
        tell_state: Callable[[], None],
    ) -> None:  # fmt: skip
        self._clock = clock
        self._log = log
        self._view = view
        self._breaks = breaks
        self._orders = orders
        self._holdings = holdings
        self._answers = answers
        self._cancel = cancel
        self._tell_state = tell_state
        self._tried: dict[str, Attempts] = {}
        self._begun: dict[str, asyncio.Future[object]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wakes: dict[str, asyncio.Event] = {}
        self._look = asyncio.Event()
        self._look.set()
        self._logger = get_logger()

    async def begin(self, ask: FlattenEvent, recorded: bool = False) -> Flatten:
        """Journals a BEGUN without times or positions, and has it worked; the same id again gets the same flatten.

        `recorded` says that a command stands behind it. Raises AlreadyExists for an id used for something else,
        FailedPrecondition for a target that would take more than reducing, JournalUnavailable.
        """
        known = self._log.flattens.by_id.get(ask.request_id)
        if known is None:
            self._require_reducing(ask)
            now = wall_now()
            event = FlattenEvent(
                FlattenKind.BEGUN, ask.request_id, self._clock.market_now(), now, ask.strategy, ask.target,
                ask.include_options, ask.asked_time or now, ask.actor, ask.reason, self._held(ask.strategy),
                ask.sequence,
            )  # fmt: skip
            failpoint("flatten.begin")
            self._begun[ask.request_id] = self._log.record_flatten(event, self._answers.begun(event, recorded))
            failpoint("flatten.begun")
            self._tell_state()
            self._look.set()
        elif (known.strategy, known.target, known.include_options) != (ask.strategy, ask.target, ask.include_options):
            raise AlreadyExists(f"flatten {ask.request_id} was asked before with another payload")
        durable = self._begun.get(ask.request_id)
        if durable is not None:
            await asyncio.shield(durable)
            failpoint("flatten.durable")
        return self._log.flattens.by_id[ask.request_id]

    def _require_reducing(self, ask: FlattenEvent) -> None:
        if not ask.target:
            return
        stocks = [held for held in self._held(ask.strategy) if not held.instrument.is_option]
        if len(stocks) > 1:
            raise FailedPrecondition(f"{ask.strategy} holds several stocks: only zero is a target", "ONLY_REDUCES")
        held = stocks[0].quantity if stocks else ZERO
        if not min(ZERO, held) <= ask.target <= max(ZERO, held):
            why = f"target {ask.target}, held are {held}: flatten only reduces"
            raise FailedPrecondition(why, "ONLY_REDUCES")

    def _held(self, strategy: str) -> tuple[f.Held, ...]:
        return self._positions(Flatten("", strategy, ZERO, True, 0, "", "", (), 0, 0))

    def _positions(self, flatten: Flatten) -> tuple[f.Held, ...]:
        lines = self._view.lines(flatten, Attempts())
        return tuple(f.Held(line.key.account, line.instrument, line.quantity) for line in lines if line.quantity)

    async def lift(self, strategy: str, command_id: str) -> None:
        """A resume: ends the latch of every flatten of the strategy that is not under way."""
        for request_id in [each.request_id for each in self._log.flattens.of(strategy)]:
            flatten = self._log.flattens.by_id[request_id]  # as it stands now: a commit was waited for
            if not (flatten.lifted or flatten.under_way):
                event = self._event(flatten, FlattenKind.LIFTED, reason=command_id)
                failpoint("flatten.lift")
                await asyncio.shield(self._log.record_flatten(event, self._answers.lifted(flatten)))
                failpoint("flatten.lifted")
        self._tell_state()
        self._wake(strategy)

    def on_reports(self, reports: Sequence[ExecutionReport]) -> None:
        """Orders changed: whoever waits looks again, and a late fill opens what was done."""
        for strategy in {report.strategy for report in reports}:
            if self._log.flattens.latch(strategy) is not None:
                self._wake(strategy)

    def _wake(self, strategy: str) -> None:
        self._look.set()
        if strategy in self._wakes:
            self._wakes[strategy].set()

    async def run(self) -> None:
        """Keeps a task per strategy that has something to close, until canceled; a task's crash is the process's."""
        try:
            while True:
                await self._look.wait()
                self._look.clear()
                # Once the journal has failed nothing can be worked before a restart.
                for strategy in () if self._log.failed else self._log.flattens.latched():
                    if strategy not in self._tasks and self._to_work(strategy) is not None:
                        task = self._tasks[strategy] = asyncio.create_task(self._work(strategy))
                        task.add_done_callback(lambda _: self._look.set())
                for strategy, task in list(self._tasks.items()):
                    if task.done():
                        del self._tasks[strategy]
                        task.result()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _to_work(self, strategy: str) -> Flatten | None:
        """The flatten to work on: one that is not over, or one that was done before a late fill came."""
        flattens = self._log.flattens
        current = flattens.current(strategy)
        if current is not None:
            return current
        latch = flattens.latch(strategy)
        if latch is None:
            return None
        lines = self._view.lines(latch, Attempts())
        return latch if any(f.need(line.quantity, line.target) for line in lines) else None

    async def _work(self, strategy: str) -> None:
        wake = self._wakes.setdefault(strategy, asyncio.Event())
        tried = self._tried.setdefault(strategy, Attempts())
        while (flatten := self._to_work(strategy)) is not None and not self._log.failed:
            wake.clear()
            try:
                wait_s = await self._step(flatten, tried)
            except HedgerowError as error:
                self._logger.warning("flatten waits", flatten=flatten.request_id, cause=str(error))
                self._answers.progress(flatten, tried, f"{error.reason} {error}")
                wait_s = LONGEST_WAIT_S
            if wait_s:
                try:
                    async with asyncio.timeout(wait_s):
                        await wake.wait()
                except TimeoutError:
                    pass
        self._tried.pop(strategy, None)

    async def _step(self, flatten: Flatten, tried: Attempts) -> float:
        """Takes the next step; wall seconds to wait before the one after it, 0 when there is no need to."""
        failpoint("flatten.step")
        self._count_reject(tried)
        if flatten.state is FlattenState.DONE:
            await self._record(flatten, FlattenKind.CLOSING, reason="LATE_FILL")
            return 0.0
        step = f.decide(flatten, self._view.surroundings(flatten, tried))
        if not tried.denials and _moves(flatten, step):
            await self._record(flatten, FlattenKind.CLOSING)
            return 0.0  # decided anew: a fill may have come meanwhile
        match step:
            case f.Cancel():
                for name in step.names:
                    tried.cancel_asked[name] = time.monotonic()
                    failpoint("flatten.cancel")
                    await self._cancel(name, f"FLATTEN {flatten.request_id}")
                return LOOK_S
            case f.Compare():
                failpoint("flatten.compare")
                await self._breaks.compare(flatten, tried)
                return LOOK_S if tried.unsettled else 0.0
            case f.FindLegs():
                await self._find_legs(flatten, tried)
                return 0.0
            case f.Ask():
                self._answers.progress(flatten, tried, f"ASKING {step.instrument.instrument_id}")
                failpoint("flatten.ask")
                return await self._orders.ask(flatten, tried, step.instrument, step.side)
            case f.Place():
                self._answers.progress(flatten, tried, self._orders.words(step))
                failpoint("flatten.place")
                await self._orders.place(flatten, tried, step)
                failpoint("flatten.placed")
                return LOOK_S
            case f.Wait():
                self._answers.progress(flatten, tried, step.reason)
                return LOOK_S
            case f.Block():
                if flatten.state is not FlattenState.BLOCKED or f.code(flatten.reason) != f.code(step.reason):
                    await self._record(flatten, FlattenKind.BLOCKED, reason=step.reason)
                self._breaks.look_again(tried)
                return LONGEST_WAIT_S
            case f.Done():
                failpoint("flatten.done")
                await self._record(flatten, FlattenKind.DONE, positions=self._positions(flatten))
                return 0.0

    def _count_reject(self, tried: Attempts) -> None:
        """The newest closing order's end: a broker's reject counts as a refusal, anything executed or live does not.

        Nor does one that was taken back unfilled, unless there were several in a row: then nobody trades, and
        order after order would only come and go.
        """
        order = self._log.book.orders.get(tried.last_order)
        if order is None:
            return
        if order.status is OrderStatus.REJECTED and not order.cum_qty:
            tried.last_order = ""
            self._orders.refused(tried, f"BROKER_REJECTED {order.text}")
        elif order.cum_qty:
            tried.denials, tried.denied, tried.unfilled = 0, "", 0
        elif order.status is OrderStatus.CANCELED:
            tried.last_order = ""
            tried.unfilled += 1
            if tried.unfilled >= UNFILLED:
                self._orders.refused(tried, f"NOT_FILLED {tried.unfilled} orders in a row found nobody to trade with")
        elif order.status is OrderStatus.WORKING and tried.unfilled < UNFILLED:
            tried.denials, tried.denied = 0, ""

    async def _find_legs(self, flatten: Flatten, tried: Attempts) -> None:
        failpoint("flatten.legs")
        try:
            holdings = await self._holdings.ask()
        except HedgerowError as error:
            tried.legs_trouble = f"{error.reason} {error}"
            tried.next_try = time.monotonic() + LONGEST_WAIT_S
            return
        legs = []
        for held in holdings.of.get(flatten.strategy, ()):
            key = PositionKey(held.account, flatten.strategy, held.instrument.instrument_id)
            beyond: Decimal = held.quantity - self._log.book.position(key)
            if held.instrument.is_option and beyond:
                legs.append(f.Held(held.account, held.instrument, beyond))
        await self._record(flatten, FlattenKind.LEGS, positions=tuple(legs))

    async def _record(
        self, flatten: Flatten, kind: FlattenKind, reason: str = "", positions: tuple[f.Held, ...] = ()
    ) -> None:
        event = self._event(flatten, kind, reason, positions)
        rows = await self._answers.rows(flatten, event)
        failpoint("flatten.record")
        await self._log.record_flatten(event, rows)
        failpoint("flatten.recorded")
        self._logger.info("flatten", flatten=flatten.request_id, kind=kind.value, reason=reason)
        self._tell_state()

    def _event(
        self, flatten: Flatten, kind: FlattenKind, reason: str = "", positions: tuple[f.Held, ...] = ()
    ) -> FlattenEvent:
        return FlattenEvent(
            kind, flatten.request_id, self._clock.market_now(), wall_now(), reason=reason, positions=positions
        )


def _moves(flatten: Flatten, step: f.Step) -> bool:
    """Whether a step says that the flatten is closing now, and its state does not yet."""
    if isinstance(step, f.Ask | f.Place):
        return flatten.state is not FlattenState.CLOSING
    return flatten.state is FlattenState.BLOCKED and isinstance(step, f.Wait) and f.code(step.reason) in f.MOVING

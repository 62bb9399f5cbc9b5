"""One intent's way to the broker: claim, gate, risk's verdict, one commit, the frame."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.clock import Clock, wall_now
from hedgerow.domain.command import FLATTEN_INTENT_PREFIX
from hedgerow.domain.errors import AlreadyExists, HedgerowError, InvalidValue, JournalUnavailable
from hedgerow.domain.order import ApprovedOrder, Intent, OrderStatus, Verdict
from hedgerow.failpoints import failpoint
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.traces import Span
from hedgerow.wire.risk import check_of_intent
from services.execution.barrier import Barrier
from services.execution.caution import Caution
from services.execution.config import ExecutionConfig
from services.execution.domain import commands as c
from services.execution.domain.flatten import need
from services.execution.domain.gate import Readiness, Refusal, held_back, latched, least_age_ms, refusal, stale, unknown
from services.execution.domain.intents import client_order_id_of, payload_hash, validate
from services.execution.domain.latches import CODES, LatchKind
from services.execution.domain.orders import Order
from services.execution.domain.positions import PositionKey
from services.execution.hedge_spans import measure, traced, way_of
from services.execution.order_log import OrderLog
from services.execution.ports import Broker, RiskCheck, RiskUnavailable

_INTENTS = metrics.counter("hedgerow_execution_intents_total", "Intents answered.", ("state", "reason"))
_TO_SEND = metrics.histogram("hedgerow_execution_intent_to_send_seconds", "Intent received to frame written.")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What became of an intent; `sequence` is 0 when nothing was journaled."""

    intent_id: str
    client_order_id: str
    order_status: OrderStatus
    reason: str
    text: str
    sequence: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class _Claim:
    intent: Intent
    task: asyncio.Task[Acknowledgement]


class Submitter:
    """Works each intent_id once; whoever brings it again gets the first result."""

    def __init__(
        self, config: ExecutionConfig, clock: Clock, log: OrderLog, broker: Broker, risk: RiskCheck, barrier: Barrier,
        epoch: int, lease_held: Callable[[], bool], caution: Caution,
    ) -> None:  # fmt: skip
        self._config = config
        self._clock = clock
        self._log = log
        self._broker = broker
        self._risk = risk
        self._barrier = barrier
        self._epoch = epoch
        self._lease_held = lease_held
        self._caution = caution
        self._claims: dict[str, _Claim] = {}
        self._logger = get_logger()
        self._closing_intents: dict[str, Decimal] = {}
        self.closing = False
        self.cancel_wishes: set[str] = set()
        """Orders to cancel as soon as their frame is out, the broker is back, or the message budget allows it."""

    def claim(self, intent: Intent) -> asyncio.Task[Acknowledgement] | Acknowledgement:
        """The one task that works this intent_id, or its first result when it is done.

        Raises InvalidValue, and AlreadyExists when the id was used with another payload.
        """
        failpoint("submit.claim")
        validate(intent)
        if intent.intent_id.startswith(FLATTEN_INTENT_PREFIX) and intent.intent_id not in self._closing_intents:
            raise InvalidValue("intent.intent_id", intent.intent_id, f"not {FLATTEN_INTENT_PREFIX}...: a flatten's")
        held = self._claims.get(intent.intent_id)
        order = self._log.book.order_of_intent(intent.intent_id)
        known = payload_hash(held.intent) if held is not None else order.payload_hash if order is not None else ""
        if known and known != payload_hash(intent):
            raise AlreadyExists(f"intent_id {intent.intent_id} was used before with another payload")
        if held is not None:
            return held.task
        if order is not None:
            failpoint("submit.repeated")
            return acknowledge(order, duplicate=True)
        intent = traced(intent)
        task = asyncio.create_task(self._work(intent))
        self._claims[intent.intent_id] = _Claim(intent, task)
        failpoint("submit.claimed")
        task.add_done_callback(lambda _: self._claims.pop(intent.intent_id))
        return task

    async def submit(self, intent: Intent) -> Acknowledgement:
        """Works the intent to its first result; the caller going away does not stop it. Raises as `claim`."""
        claimed = self.claim(intent)
        return claimed if isinstance(claimed, Acknowledgement) else await asyncio.shield(claimed)

    async def submit_flatten(self, intent: Intent, target: Decimal) -> Acknowledgement:
        """As `submit`, for a flatten's own closing order: its latch does not hold it back, `target` is its limit."""
        self._closing_intents[intent.intent_id] = target
        try:
            return await self.submit(intent)
        finally:
            del self._closing_intents[intent.intent_id]

    def _refusal(self, intent: Intent, ready: Readiness) -> Refusal | None:
        key = PositionKey(intent.account, intent.strategy, intent.instrument.instrument_id)
        beyond = self._caution.transferred.of(key)
        target = self._closing_intents.get(intent.intent_id)
        if target is not None:
            beyond += self._log.flattens.held_beyond(key)
            room = need(self._log.book.position(key) + beyond, target) * intent.side.sign
            if intent.quantity > room:
                return Refusal("REDUCE_ONLY", f"{intent.quantity} would pass the target: {room} can be closed")
        why = self._latched(intent) or refusal(self._log.book, intent, ready, beyond)
        return why if why is not None or target is not None else self._caution.refusal(intent)

    def _latched(self, intent: Intent) -> Refusal | None:
        closing = intent.intent_id in self._closing_intents
        held = held_back(self._log.latches, intent, closing)
        if held is not None or not closing:
            return held or latched(self._log.flattens, intent)
        flatten = self._log.flattens.of_intent(intent.intent_id)
        if flatten is not None and flatten.lifted:
            return Refusal("RESUMED", f"flatten {flatten.request_id} was given up while its order was decided on")
        return None

    def _barred(self, intent: Intent) -> Refusal | None:
        """Why an order may not leave though its intent was admitted: what came up while a disk took its time."""
        why = self._latched(intent) or unknown(self._log.book, intent)
        return why if why is not None or intent.intent_id in self._closing_intents else self._caution.refusal(intent)

    def killed(self, strategy: str) -> Refusal | None:
        """The kill that stands over that strategy, which not even a flatten's closing order passes."""
        kill = next((each for each in self._log.latches.of(strategy) if each.kind is LatchKind.KILL), None)
        return None if kill is None else Refusal(CODES[kill.kind], f"{kill.latch_id} stands until it is lifted by name")

    async def settled(self, strategy: str) -> None:
        """Waits until every intent claimed so far is an order or refused; of one strategy when named."""
        tasks = [held.task for held in self._claims.values() if strategy in ("", held.intent.strategy)]
        if tasks:
            await asyncio.wait(tasks)

    def readiness(self, account: str = "", quote_age_ms: float = 0.0, quote_limit_ms: float = 0.0) -> Readiness:
        """What surrounds an order for that account now; without one, for orders at all."""
        link, lease_ok = self._broker.link, self._lease_held()
        return Readiness(
            closing=self.closing,
            link_ready=self._broker.ready,
            link_reason=f"{link.state.value} {link.reason}".strip(),
            reconciled=self._barrier.clean,
            journal_ok=lease_ok and not self._log.failed,  # without the lock it takes nothing, asked or not yet
            lease_ok=lease_ok,
            account_refusal=self._broker.account_refusal(account) if account else "",
            quote_age_ms=quote_age_ms,
            quote_limit_ms=quote_limit_ms,
        )

    async def _work(self, intent: Intent) -> Acknowledgement:
        """The intent's first result, logged and counted inside its trace."""
        started = time.perf_counter()
        with way_of(intent) as way:
            answer = await self._decide(intent, way)
            took_s = time.perf_counter() - started
            measure(way)
            way.set(
                client_order_id=answer.client_order_id, order_status=answer.order_status.value,
                reason=answer.reason or None, text=answer.text or None,
            )  # fmt: skip
            _INTENTS.labels(answer.order_status.value, answer.reason).inc()
            if answer.order_status is not OrderStatus.DENIED:
                _TO_SEND.observe(took_s)
            self._logger.info(
                "intent answered", intent_id=intent.intent_id, strategy=intent.strategy,
                client_order_id=answer.client_order_id, instrument=intent.instrument.instrument_id,
                side=intent.side.value, quantity=str(intent.quantity), state=answer.order_status.value,
                reason=answer.reason, text=answer.text, took_ms=round(1000 * took_s, 3),
            )  # fmt: skip
            return answer

    async def _decide(self, intent: Intent, way: Span) -> Acknowledgement:
        failpoint("submit.gate")
        limit_ms = self._config.quote_limit_ms(intent.strategy, self._clock.interval_ns)
        quote_age_ms = self._aging(intent)
        age_ms = quote_age_ms()
        why = self._refusal(intent, self.readiness(intent.account, age_ms, limit_ms))
        if why is not None:
            return await self._deny(intent, None, why)
        if not self._broker.is_known(intent.instrument):
            try:
                failpoint("submit.prepare")
                await self._broker.prepare(intent.instrument)
            except HedgerowError as error:
                return await self._deny(intent, None, Refusal(error.reason, str(error)))
        now = self._clock.market_now()
        check = check_of_intent(intent, age_ms, limit_ms, self._log.checkable, now, way.below("check_risk"))
        way.step("gates", quote_age_ms=age_ms, quote_limit_ms=limit_ms)
        failpoint("submit.check")
        asking = asyncio.create_task(self._risk.check(check))
        await asyncio.sleep(0)  # the question leaves; what its answer does not change is made meanwhile
        failpoint("submit.asked")
        self._log.foresee(intent)
        try:
            verdict = await asking
        except RiskUnavailable as error:
            return await self._deny(intent, None, Refusal(error.reason, str(error)))
        expired = _approval(verdict)
        failpoint("submit.verdict")
        way.step("check_risk", allowed=verdict.allowed, reason=verdict.reason or None)
        if not verdict.allowed:
            text = next((rule.detail for rule in verdict.rules if not rule.allowed), "")
            return await self._deny(intent, verdict, Refusal(verdict.reason or "RISK_DENIED", text))
        why = expired() or self._refusal(intent, self.readiness(intent.account, quote_age_ms(), limit_ms))
        if why is not None:
            return await self._deny(intent, verdict, why)
        failpoint("submit.approved")
        return await self._send(intent, verdict, expired, lambda: stale(intent, quote_age_ms(), limit_ms), way)

    def _aging(self, intent: Intent) -> Callable[[], float]:
        """Tells the age of the intent's quote, ms of market time, whenever it is asked; a clock set back hides none."""
        clock, arrived, told_ms = self._clock, time.monotonic(), intent.quote_age_ms
        live = clock.interval_ns == 0
        if live:
            # Live, a quote ages on its way here; in replay the age is already free of transit.
            told_ms += max(0.0, (clock.market_now() - intent.created_at) / 1e6)

        def age_ms() -> float:
            here_ms = 1000 * (time.monotonic() - arrived) if live else 0.0
            least_ms = least_age_ms(intent.quote_time, clock.market_now(), clock.speed, clock.interval_ns)
            return max(told_ms + here_ms, least_ms)

        return age_ms

    async def _send(
        self,
        intent: Intent,
        verdict: Verdict,
        expired: Callable[[], Refusal | None],
        unfit: Callable[[], Refusal | None],
        way: Span,
    ) -> Acknowledgement:
        """The commit, then the frame: between them nothing but a last look, at the quote too."""
        try:
            failpoint("submit.number")
            broker_order_id = self._broker.next_order_id(self._log.book.last_broker_order_id)
        except HedgerowError as error:
            return await self._deny(intent, verdict, Refusal(error.reason, str(error)))
        failpoint("submit.numbered")
        approved = ApprovedOrder(intent, verdict, client_order_id_of(intent), broker_order_id)
        name = approved.client_order_id
        admit = c.Admit(intent, verdict, broker_order_id, self._epoch, self._clock.market_now(), wall_now())
        self._barrier.in_flight.add(name)
        try:
            failpoint("submit.admit")
            committed = self._log.record(admit)
            failpoint("submit.admitted")
            assert committed is not None  # the claim keeps a second admission out
            await committed
            failpoint("submit.committed")
            way.step("commit", epoch=self._epoch)
            why = expired() or self._barred(intent) or self.readiness().surroundings() or unfit()
            if why is None:
                try:
                    failpoint("submit.place")
                    self._broker.place(approved)
                    failpoint("submit.placed")
                except HedgerowError as error:
                    why = Refusal(error.reason, str(error))
            way.step("send", broker_order_id=broker_order_id, withheld=None if why is None else why.reason)
            market, wall = self._clock.market_now(), wall_now()
            if why is None:
                failpoint("submit.mark_sent")
                self._log.record_later(c.MarkSent(name, market, wall))
                failpoint("submit.marked_sent")
            else:
                failpoint("submit.withhold")
                withheld = self._log.record(c.Withhold(name, why.reason, why.text, market, wall))
                if withheld is not None:
                    await withheld
        except JournalUnavailable as error:
            return _unjournaled(intent, Refusal(error.reason, str(error)))
        finally:
            self._barrier.in_flight.discard(name)
        if name in self.cancel_wishes:
            self.cancel_now(name)
        failpoint("submit.acknowledge")
        return acknowledge(self._log.book.orders[name])

    def cancel_now(self, name: str) -> None:
        """Writes the cancel frame, or keeps the wish until the broker is back."""
        order = self._log.book.orders[name]
        if order.status.is_terminal:
            self.cancel_wishes.discard(name)
            return
        if name in self._barrier.in_flight or not self._broker.up:
            self.cancel_wishes.add(name)
            return
        try:
            failpoint("submit.cancel")
            for number in order.broker_ids:
                self._broker.cancel(number)
            failpoint("submit.cancel_sent")
            self.cancel_wishes.discard(name)
        except HedgerowError as error:
            self._logger.warning("cancel waits for the broker", order=name, cause=str(error))
            self.cancel_wishes.add(name)

    def cancel_wished(self) -> None:
        """Writes the cancel frames that wait: for the broker, or for the message budget."""
        for name in sorted(self.cancel_wishes):
            self.cancel_now(name)

    async def _deny(self, intent: Intent, verdict: Verdict | None, why: Refusal) -> Acknowledgement:
        market, wall = self._clock.market_now(), wall_now()
        if not self._log.failed and self._lease_held():  # the journal is the writer's
            failpoint("submit.deny")
            denied = c.Deny(intent, verdict, why.reason, why.text, self._epoch, market, wall)
            try:
                committed = self._log.record(denied)
                if committed is not None:
                    await committed
                failpoint("submit.denied")
                return acknowledge(self._log.book.orders[client_order_id_of(intent)])
            except JournalUnavailable as error:
                self._logger.error("denial not journaled", intent_id=intent.intent_id, cause=str(error))
        return _unjournaled(intent, why)


def acknowledge(order: Order, duplicate: bool = False) -> Acknowledgement:
    """The answer to the intent of an order as it stands."""
    refused = order.status in (OrderStatus.DENIED, OrderStatus.REJECTED, OrderStatus.UNKNOWN)
    return Acknowledgement(
        order.intent.intent_id, order.client_order_id, order.status, order.reason if refused else "", order.text,
        order.sequence, duplicate,
    )  # fmt: skip


def _approval(verdict: Verdict) -> Callable[[], Refusal | None]:
    """Tells, whenever it is asked, that the approval that has just arrived is void; a clock set back extends none."""
    left_ns = verdict.expires_at - wall_now()
    deadline = time.monotonic_ns() + left_ns

    def expired() -> Refusal | None:
        late = verdict.expires_at <= wall_now() or time.monotonic_ns() >= deadline
        return Refusal("APPROVAL_EXPIRED", "risk's approval is no longer valid") if late else None

    return expired


def _unjournaled(intent: Intent, why: Refusal) -> Acknowledgement:
    return Acknowledgement(intent.intent_id, client_order_id_of(intent), OrderStatus.DENIED, why.reason, why.text, 0)

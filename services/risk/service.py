"""Risk's shell: waits for the fold, decides, remembers, and tells the recorder and the breach streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from hedgerow.domain.errors import AlreadyExists, FailedPrecondition
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.order import OrderCheck, Verdict
from hedgerow.domain.trading_state import TradingState
from hedgerow.failpoints import failpoint
from hedgerow.rpc.streams import LosslessBroadcast
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from services.risk.domain.desk import RISK_BEHIND, STALE_WRITER, Answered, Moment, RiskDesk, decide, refuse
from services.risk.domain.exposure import Reservation
from services.risk.ports import Now, Records, StateRequest

_VERDICTS = metrics.counter("hedgerow_risk_verdicts_total", "Verdicts given.", ("allowed", "reason"))
_ALLOWED = _VERDICTS.labels("true", "")
_SEQUENCE = metrics.gauge("hedgerow_risk_report_sequence", "Last execution report folded in.")
_RESERVATIONS = metrics.gauge("hedgerow_risk_reservations", "Orders that hold exposure.")

_STRICTNESS = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}

Breach = Answered | TradingState


def moment_now() -> Moment:
    """Wall time and CLOCK_MONOTONIC, now."""
    return Moment(time.time_ns(), time.monotonic_ns())


REOPEN_WAIT_S = 0.6
"""Wall seconds a check waits for execution's reports while their stream is being opened again; execution waits 1."""


class RiskService:
    """One event loop decides every check, whole and in turn: that is what makes the limits atomic."""

    def __init__(self, desk: RiskDesk, records: Records, behind_wait_s: float, now: Now = moment_now) -> None:
        self.desk = desk
        self.breaches: LosslessBroadcast[Breach] = LosslessBroadcast()
        self._records = records
        self._behind_wait_s = behind_wait_s
        self._now = now
        self._advanced = asyncio.Event()
        self._unrecorded: list[Answered] = []
        self._to_record = asyncio.Event()
        self._state_requests: dict[str, StateRequest] = {}
        self._state_lock = asyncio.Lock()
        self._reports_down = ""

    def restore(self, answers: Sequence[Answered], state: TradingState, requests: Sequence[StateRequest]) -> None:
        """Takes in what risk.db kept; call before serving."""
        now = self._now()
        for each in answers:
            age = max(0, now.wall_ns - each.moment.wall_ns)
            at = Moment(each.moment.wall_ns, now.monotonic_ns - age)
            self.desk.remember(Answered(each.check, each.facts, each.verdict, at))
        self.desk.trading_state = state
        self._state_requests = {request.request_id: request for request in requests}

    # Checks.

    def answer(self, check: OrderCheck, writer_epoch: int | None = None) -> Verdict | None:
        """The verdict, decided at once; None when the fold has not reached the check's journal sequence.

        `writer_epoch` is that of the stream the check came on, None for a check by hand. An id
        answered before gets the same verdict again. A writer that was taken over from gets no approval,
        known ones included, and its refusal is not the order's: the new writer may ask for the same.
        """
        now = self._now()
        if writer_epoch is not None and writer_epoch < self.desk.writer_epoch:
            detail = f"epoch {writer_epoch}, a writer of epoch {self.desk.writer_epoch} has taken over"
            refused = refuse(self.desk, check, STALE_WRITER, detail, now)
            self._tell(refused)
            return refused.verdict
        known = self.desk.answer_to(check)
        if known is not None:
            if known.allowed and now.wall_ns < known.expires_at:
                self.desk.renew(check, now.monotonic_ns)
            return known
        if self.desk.exposure.sequence < check.journal_sequence:
            return None
        return self._settle(decide(self.desk, check, now))

    async def answer_in_time(self, check: OrderCheck, writer_epoch: int | None = None) -> Verdict:
        """The verdict, after waiting for the fold as long as is allowed; RISK_BEHIND when it did not catch up."""
        verdict = self.answer(check, writer_epoch)
        if verdict is None:
            await self._caught_up(check.journal_sequence)
            verdict = self.answer(check, writer_epoch)
        if verdict is None:
            detail = f"reports folded to {self.desk.exposure.sequence}, the check follows {check.journal_sequence}"
            if self._reports_down:
                detail += f"; no reports from execution: {self._reports_down}"
            verdict = self._settle(refuse(self.desk, check, RISK_BEHIND, detail, self._now()))
        return verdict

    async def check_by_hand(self, check: OrderCheck) -> Verdict:
        """The unary twin; raises AlreadyExists for an id used before for another order."""
        verdict = await self.answer_in_time(check)
        if verdict.reason == AlreadyExists.reason:
            raise AlreadyExists(f"intent_id {check.intent_id} was used before for another order")
        return verdict

    def resync(self, reservations: Sequence[Reservation], epoch: int, sequence: int) -> None:
        """Replaces all reservations by those of the writer of `epoch`, as its journal was at `sequence`.

        Raises FailedPrecondition (STALE_WRITER) for an older writer than known.
        """
        if epoch < self.desk.writer_epoch:
            raise FailedPrecondition(
                f"execution's epoch {epoch} is over: a writer of epoch {self.desk.writer_epoch} has taken over",
                STALE_WRITER,
            )
        failpoint("risk.resync")
        self.desk.exposure.resync(reservations, sequence, same_writer=epoch == self.desk.writer_epoch)
        self.desk.writer_epoch = epoch
        failpoint("risk.resynced")
        get_logger().info("reservations replaced", count=len(reservations), epoch=epoch, sequence=sequence)

    def _settle(self, answered: Answered) -> Verdict:
        failpoint("risk.settle")
        self.desk.remember(answered)
        self._unrecorded.append(answered)
        self._to_record.set()
        self._tell(answered)
        return answered.verdict

    def _tell(self, answered: Answered) -> None:
        verdict = answered.verdict
        if verdict.allowed:
            _ALLOWED.inc()
        else:
            _VERDICTS.labels("false", verdict.reason).inc()
            self.breaches.publish(answered)

    # Execution's reports.

    def fold(self, reports: Sequence[ExecutionReport]) -> None:
        """Folds reports in and lets waiting checks go on; raises ReportGap."""
        failpoint("risk.fold")
        try:
            for report in reports:
                self.desk.exposure.apply(report)
        finally:
            _SEQUENCE.set(self.desk.exposure.sequence)
            woken, self._advanced = self._advanced, asyncio.Event()
            woken.set()

    def reports_flow(self) -> None:
        """Execution's stream just gave a sign of life: approvals it never named may be dropped after their time."""
        self._reports_down = ""
        released = self.desk.exposure.release(self._now().monotonic_ns)
        if released:
            get_logger().info("unused approvals released", intent_ids=[each.intent_id for each in released])
        _RESERVATIONS.set(sum(1 for _ in self.desk.exposure.reservations()))

    def reports_down(self, reason: str) -> None:
        """Execution's stream is broken: reservations stay, checks behind it are denied."""
        self._reports_down = reason

    def restart_fold(self, reason: str) -> None:
        """Folds every report anew, from the first."""
        get_logger().warning("folding execution's reports anew", reason=reason)
        self.desk.exposure.restart()

    async def _caught_up(self, sequence: int) -> None:
        """Returns when the fold has reached `sequence`, or the time allowed is over."""
        try:
            # Nothing comes while the stream is being opened again: a moment's patience there costs no hedge.
            async with asyncio.timeout(REOPEN_WAIT_S if self._reports_down else self._behind_wait_s):
                while self.desk.exposure.sequence < sequence:
                    await self._advanced.wait()
        except TimeoutError:
            return

    # Trading state and records.

    async def set_trading_state(self, request: StateRequest) -> TradingState:
        """Sets the state, durably; the same request id again changes nothing and returns what it set.

        A stricter state is in force at once, a looser one when it is on disk. Raises
        AlreadyExists for an id used with another state, Unavailable when the disk fails.
        """
        async with self._state_lock:
            known = self._state_requests.get(request.request_id)
            if known is not None:
                if known.trading_state is not request.trading_state:
                    raise AlreadyExists(
                        f"request_id {request.request_id} set {known.trading_state.value} before, "
                        f"not {request.trading_state.value}"
                    )
                return known.trading_state
            if _STRICTNESS[request.trading_state] > _STRICTNESS[self.desk.trading_state]:
                self._enter(request)
            failpoint("risk.state")
            await self._records.write_state(request)
            failpoint("risk.state_set")
            self._state_requests[request.request_id] = request
            if self.desk.trading_state is not request.trading_state:
                self._enter(request)
            return request.trading_state

    def _enter(self, request: StateRequest) -> None:
        get_logger().warning(
            "trading state set",
            before=self.desk.trading_state.value,
            after=request.trading_state.value,
            actor=request.actor,
            reason=request.reason,
        )
        self.desk.trading_state = request.trading_state
        self.breaches.publish(request.trading_state)

    async def record(self) -> None:
        """Hands verdicts to the disk, off the path of the answers; runs until cancelled."""
        while True:
            await self._to_record.wait()
            self.record_now()

    def record_now(self) -> None:
        """Hands what is pending to the disk."""
        failpoint("risk.record")
        self._to_record.clear()
        pending, self._unrecorded = self._unrecorded, []
        if pending:
            self._records.write_answers(pending)

"""Risk beside execution, with every stream late and every process restarted: reservations neither leak nor double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hedgerow.domain.errors import FailedPrecondition
from hedgerow.domain.execution_report import ExecutionReport
from hedgerow.domain.execution_report import ReportKind as K
from hedgerow.domain.order import OrderStatus as S
from hedgerow.domain.order import Side
from hedgerow.domain.trading_state import TradingState
from services.risk.domain.desk import Answered
from services.risk.domain.exposure import ReportGap, Reservation
from services.risk.ports import StateRequest
from services.risk.service import RiskService
from tests.unit.rules.orders import order
from tests.unit.services.risk.samples import ACCOUNT, STRATEGY, at, desk, report

LIMIT = 500
HELD_S = 7
"""How long an approval nobody uses holds its exposure: 5 s of life and 2 s to settle."""


@dataclass
class Disk:
    """What risk wrote down; a crash may lose the newest."""

    answers: list[Answered] = field(default_factory=list)

    def write_answers(self, answers: Sequence[Answered]) -> None:
        self.answers += answers

    async def write_state(self, request: StateRequest) -> None:
        raise AssertionError("nobody sets a state here")


@dataclass
class Truth:
    """One order as execution's book has it."""

    side: Side
    quantity: int
    cum: int = 0
    ended: S | None = None
    unknown: bool = False

    @property
    def status(self) -> S:
        if self.ended is S.DENIED:
            return S.DENIED
        if self.cum >= self.quantity:
            return S.FILLED
        if self.ended is not None:
            return self.ended
        if self.unknown:
            return S.UNKNOWN
        return S.PARTIALLY_FILLED if self.cum else S.WORKING

    @property
    def leaves(self) -> int:
        return 0 if self.status.is_terminal else self.quantity - self.cum


@dataclass(frozen=True)
class Set:
    """A resync on its way."""

    reservations: list[Reservation]
    epoch: int
    sequence: int


class Reservations(RuleBasedStateMachine):
    """The plain model: what is filled is held; what is open, and what is approved and not yet an order, is reserved."""

    @initialize()
    def begin(self) -> None:
        self.seconds = 0.0
        self.disk = Disk()
        self.risk = self.new_risk()
        self.epoch = 1
        self.book: dict[str, Truth] = {}
        self.journal: list[ExecutionReport] = []
        self.approved: dict[str, tuple[Side, int, float]] = {}  # what risk still holds without a report of it
        self.answers: dict[str, bool] = {}
        self.waiting: set[str] = set()  # approvals execution has in hand
        self.sets: list[Set] = []
        self.asked = 0
        self.send_resync()
        self.deliver_resync()

    def new_risk(self) -> RiskService:
        made = desk(max_position_shares=LIMIT, max_orders_per_minute=100_000)
        service = RiskService(made, self.disk, 0, lambda: at(self.seconds))
        service.restore(self.disk.answers, TradingState.ACTIVE, ())
        return service

    def check(self, intent_id: str, side: Side, quantity: int, epoch: int | None = None) -> bool | None:
        wanted = order(intent_id=intent_id, side=side, quantity=Decimal(quantity), journal_sequence=len(self.journal))
        verdict = self.risk.answer(wanted, self.epoch if epoch is None else epoch)
        self.risk.record_now()
        return None if verdict is None else verdict.allowed

    def tell(self, intent_id: str, kind: K) -> None:
        truth = self.book[intent_id]
        self.journal.append(
            report(len(self.journal) + 1, kind, truth.status, truth.cum, intent_id, truth.side, truth.quantity)
        )

    @property
    def folded(self) -> int:
        return self.risk.desk.exposure.sequence

    # Checks.

    @rule(side=st.sampled_from(Side), quantity=st.integers(1, 200))
    def ask(self, side: Side, quantity: int) -> None:
        """A new intent; decided on exactly what the model holds, or not at all while the fold is behind."""
        self.asked += 1
        intent_id = f"i-{self.asked}"
        position, buys, sells = self.expected()
        allowed = self.check(intent_id, side, quantity)
        assert (allowed is None) == (self.folded < len(self.journal))
        if allowed is None:
            return
        worst = position + buys + quantity if side is Side.BUY else position - sells - quantity
        reduces = position * side.sign < worst * side.sign <= 0
        assert allowed is (abs(worst) <= LIMIT or reduces)
        self.answers[intent_id] = allowed
        if allowed:
            self.approved[intent_id] = (side, quantity, self.seconds + HELD_S)
            self.waiting.add(intent_id)
            self.book[intent_id] = Truth(side, quantity)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """The same intent again gets the same answer, and reserves nothing twice."""
        intent_id = data.draw(st.sampled_from(sorted(self.answers)))
        if intent_id in self.book:
            truth = self.book[intent_id]
            before = self.expected() if self.folded == len(self.journal) else None
            assert self.check(intent_id, truth.side, truth.quantity) is True
            if before is not None and intent_id in self.approved:
                assert self.expected() == before

    @rule(quantity=st.integers(1, 50))
    def a_stale_writer_asks(self, quantity: int) -> None:
        """An older writer gets no approval, and what it asks for leaves no trace."""
        if self.risk.desk.writer_epoch == self.epoch and self.epoch > 1:
            for intent_id in (f"i-{self.asked + 1}", *sorted(self.approved)[:1]):
                side, size, _ = self.approved.get(intent_id, (Side.BUY, quantity, 0.0))
                assert self.check(intent_id, side, size, epoch=self.epoch - 1) is False

    # Execution.

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), admit=st.booleans())
    def journal_it(self, data: st.DataObject, admit: bool) -> None:
        """An approval becomes an order, or is refused after all (withheld, expired, halted)."""
        intent_id = data.draw(st.sampled_from(sorted(self.waiting)))
        self.waiting.discard(intent_id)
        late = self.seconds >= self.approved[intent_id][2] - 2 if intent_id in self.approved else True
        if not admit or late:
            self.book[intent_id].ended = S.DENIED
            self.tell(intent_id, K.DENIED)
        else:
            self.tell(intent_id, K.INTENT)

    def orders(self) -> list[str]:
        told = {each.intent_id for each in self.journal}
        return [name for name, truth in self.book.items() if name in told and truth.ended is not S.DENIED]

    @precondition(lambda self: self.orders())
    @rule(data=st.data(), cum=st.integers(0, 200), kind=st.sampled_from([K.FILL, K.CANCELED, K.REJECTED, K.UNKNOWN]))
    def goes_on(self, data: st.DataObject, cum: int, kind: K) -> None:
        """A fill, a late one, a correction up or down, an end, a doubt, and the doubt's end."""
        intent_id = data.draw(st.sampled_from(self.orders()))
        truth = self.book[intent_id]
        if kind is K.FILL:
            truth.cum, truth.unknown = min(cum, truth.quantity), False
        elif truth.status.is_terminal:
            return
        elif kind is K.UNKNOWN:
            truth.unknown = True
        else:
            truth.ended, truth.unknown = S(kind.value), False
        self.tell(intent_id, kind)

    # The streams between them.

    @rule(count=st.integers(1, 4), again=st.integers(0, 3))
    def deliver(self, count: int, again: int) -> None:
        """The next reports, some that were told before in front of them."""
        start = max(0, self.folded - again)
        self.fold(self.journal[start : self.folded + count])

    @rule()
    def deliver_all(self) -> None:
        self.fold(self.journal[self.folded :])

    def fold(self, reports: list[ExecutionReport]) -> None:
        self.risk.fold(reports)
        for each in reports:
            self.approved.pop(each.intent_id, None)

    @precondition(lambda self: len(self.journal) >= self.folded + 2)
    @rule()
    def a_report_is_missing(self) -> None:
        with pytest.raises(ReportGap):
            self.risk.fold(self.journal[self.folded + 1 :])
        self.risk.restart_fold("REPORT_GAP")

    @rule(seconds=st.sampled_from([0.5, 3, 8]))
    def time_goes_by(self, seconds: float) -> None:
        self.seconds += seconds

    @rule()
    def reports_flow(self) -> None:
        """A sign of life after everything before it was told: approvals past their time are let go."""
        self.deliver_all()
        self.risk.reports_flow()
        for intent_id, (_, _, until) in list(self.approved.items()):
            if until < self.seconds:
                del self.approved[intent_id]

    @rule()
    def send_resync(self) -> None:
        told = {each.intent_id for each in self.journal}
        reservations = [
            Reservation(name, STRATEGY, ACCOUNT, "GOOG", truth.side, Decimal(truth.leaves))
            for name, truth in self.book.items()
            if name in told and truth.leaves
        ]
        self.sets.append(Set(reservations, self.epoch, len(self.journal)))

    @precondition(lambda self: self.sets)
    @rule()
    def deliver_resync(self) -> None:
        """The oldest set on its way; it may be older than the fold, or newer."""
        oldest = self.sets.pop(0)
        known = self.risk.desk.writer_epoch
        if oldest.epoch < known:
            with pytest.raises(FailedPrecondition):
                self.risk.resync(oldest.reservations, oldest.epoch, oldest.sequence)
            return
        self.risk.resync(oldest.reservations, oldest.epoch, oldest.sequence)
        if oldest.epoch != known:
            self.approved.clear()
        for each in oldest.reservations:
            self.approved.pop(each.intent_id, None)

    # Deaths.

    def lose_what_is_under_way(self) -> None:
        """Approvals whose answer broke with its stream: execution denies them."""
        for intent_id in sorted(self.waiting):
            self.book[intent_id].ended = S.DENIED
            self.tell(intent_id, K.DENIED)
        self.waiting.clear()

    @rule()
    def execution_restarts(self) -> None:
        """A new writer; approvals it never journaled are gone, and its set comes before its first check."""
        for intent_id in self.waiting:
            del self.book[intent_id]
            del self.answers[intent_id]
        self.waiting.clear()
        self.epoch += 1
        self.sets = [each for each in self.sets if each.epoch < self.epoch - 1]
        self.send_resync()
        while self.sets:
            self.deliver_resync()

    @rule(lost=st.integers(0, 2))
    def risk_restarts(self, lost: int) -> None:
        """Answers not yet on disk are forgotten; the fold begins anew, and execution's set comes first."""
        self.lose_what_is_under_way()
        if lost:
            for each in self.disk.answers[-lost:]:
                self.answers.pop(each.check.intent_id, None)
            del self.disk.answers[-lost:]
        self.risk = self.new_risk()
        self.sets.clear()
        self.send_resync()
        self.deliver_resync()
        self.approved.clear()

    # What must hold.

    def expected(self) -> tuple[int, int, int]:
        """Position, open buys, open sells."""
        told = {each.intent_id for each in self.journal}
        orders = [truth for name, truth in self.book.items() if name in told]
        held = [(truth.side, truth.leaves) for truth in orders]
        held += [(side, quantity) for name, (side, quantity, _) in self.approved.items() if name not in told]
        position = sum(truth.cum * truth.side.sign for truth in orders)
        buys = sum(leaves for side, leaves in held if side is Side.BUY)
        return position, buys, sum(leaves for side, leaves in held if side is Side.SELL)

    @invariant()
    def exposure_is_the_models_once_the_fold_has_caught_up(self) -> None:
        if self.folded == len(self.journal):
            found = self.risk.desk.exposure.exposure(ACCOUNT, "GOOG", STRATEGY)
            assert (found.position, found.reserved_buy, found.reserved_sell) == self.expected()


TestReservations = Reservations.TestCase
TestReservations.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)

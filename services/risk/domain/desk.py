"""One check: decide(desk, command) is a pure question, apply(desk, event) the only change."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import OrderedDict
from dataclasses import dataclass

from hedgerow.domain.order import OrderCheck, RuleVerdict, Verdict
from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.rule import RuleSet, first_denial
from services.risk.domain.exposure import ExposureBook

NS_PER_S = 1_000_000_000
RATE_WINDOW_NS = 60 * NS_PER_S

RISK_BEHIND = "RISK_BEHIND"
STALE_WRITER = "STALE_WRITER"
ALREADY_EXISTS = "ALREADY_EXISTS"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a check is decided: wall time for the record, CLOCK_MONOTONIC for durations, both ns."""

    wall_ns: int
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class Answered:
    """One question and its answer; `facts` is None when no rule was asked. What risk.db keeps."""

    check: OrderCheck
    facts: RiskFacts | None
    verdict: Verdict
    moment: Moment


class RiskDesk:
    """What a verdict depends on: rules, trading state, exposure, the answers given and the order rate."""

    def __init__(self, rules: RuleSet, epoch: int, approval_ttl_ns: int, settle_ns: int, answers_kept: int) -> None:
        self.rules = rules
        self.epoch = epoch
        self.approval_ttl_ns = approval_ttl_ns
        self.settle_ns = settle_ns
        self.trading_state = TradingState.ACTIVE
        self.exposure = ExposureBook()
        self.writer_epoch = 0
        self._answers: OrderedDict[str, tuple[str, Verdict]] = OrderedDict()
        self._answers_kept = answers_kept
        self._approved: dict[str, list[int]] = {}  # strategy -> CLOCK_MONOTONIC ns of approvals, ascending

    def answer_to(self, check: OrderCheck) -> Verdict | None:
        """The verdict given before to this very order, None for a new intent_id.

        The same id with another order is denied with ALREADY_EXISTS: it must never inherit an approval.
        """
        known = self._answers.get(check.intent_id)
        if known is None:
            return None
        digest, verdict = known
        if digest == fingerprint(check):
            return verdict
        return self.denial(check.intent_id, ALREADY_EXISTS, "the intent_id was used before for another order", 0)

    def denial(self, intent_id: str, reason: str, detail: str, wall_ns: int) -> Verdict:
        """A denial that comes before any rule."""
        before = (RuleVerdict("request", False, reason, detail),)
        return Verdict(intent_id, False, reason, before, self.rules.version, self.rules.hash, self.epoch, wall_ns)

    def facts(self, check: OrderCheck, monotonic_ns: int) -> RiskFacts:
        """What the rules are told about the moment of this check."""
        place = (check.account, check.instrument.instrument_id)
        return RiskFacts(
            self.trading_state,
            self.exposure.exposure(*place, check.strategy),
            self.exposure.exposure(*place),
            self.recent_orders(check.strategy, monotonic_ns),
        )

    def recent_orders(self, strategy: str, monotonic_ns: int) -> int:
        """Approvals of the strategy within the last minute."""
        approved = self._approved.get(strategy, [])
        return len(approved) - bisect_right(approved, monotonic_ns - RATE_WINDOW_NS)

    def remember(self, answered: Answered) -> None:
        """Takes an answer in; an approval reserves its exposure."""
        check, verdict = answered.check, answered.verdict
        self._answers[check.intent_id] = (fingerprint(check), verdict)
        if len(self._answers) > self._answers_kept:
            self._answers.popitem(last=False)
        if verdict.allowed:
            recent = self._approved.setdefault(check.strategy, [])
            insort(recent, answered.moment.monotonic_ns)
            del recent[: bisect_right(recent, answered.moment.monotonic_ns - RATE_WINDOW_NS)]
            self.renew(check, answered.moment.monotonic_ns)

    def renew(self, check: OrderCheck, approved_at: int) -> None:
        """Holds the exposure of an approval given at `approved_at` (CLOCK_MONOTONIC ns) until reports resolve it."""
        self.exposure.reserve(check, approved_at + self.approval_ttl_ns + self.settle_ns)


def decide(desk: RiskDesk, check: OrderCheck, moment: Moment) -> Answered:
    """Asks every rule about a new order; changes nothing."""
    facts = desk.facts(check, moment.monotonic_ns)
    rules = desk.rules.evaluate(check, facts)
    denied = first_denial(rules)
    verdict = Verdict(
        check.intent_id,
        denied is None,
        "" if denied is None else denied.reason,
        rules,
        desk.rules.version,
        desk.rules.hash,
        desk.epoch,
        moment.wall_ns + desk.approval_ttl_ns,
    )
    return Answered(check, facts, verdict, moment)


def refuse(desk: RiskDesk, check: OrderCheck, reason: str, detail: str, moment: Moment) -> Answered:
    """Denies a new order before any rule is asked; changes nothing."""
    return Answered(check, None, desk.denial(check.intent_id, reason, detail, moment.wall_ns), moment)


def fingerprint(check: OrderCheck) -> str:
    """What makes two checks the same order: all but the quote and the sequence, which a repeat may renew."""
    return "|".join(
        (
            check.strategy,
            check.account,
            check.instrument.instrument_id,
            str(check.instrument.multiplier),
            check.side.value,
            str(check.quantity.normalize()),
            check.order_type.value,
            "" if check.limit_price is None else str(check.limit_price.normalize()),
            str(check.reduce_only),
        )
    )

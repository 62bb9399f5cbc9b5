"""The rule protocol, and the rule set that asks every rule and takes no error for an allow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts

RULE_ERROR = "RULE_ERROR"


class Rule(Protocol):
    """One risk control: a frozen dataclass whose fields are its parameters.

    `name` is its identity in verdicts and in the rule set's hash; `description` says in words
    what it refuses.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Allow or deny one order; pure. Any exception counts as a denial."""


def allow(rule: Rule, detail: str) -> RuleVerdict:
    """The rule lets the order pass; `detail` holds the values it compared."""
    return RuleVerdict(rule.name, True, "", detail)


def deny(rule: Rule, reason: str, detail: str) -> RuleVerdict:
    """The rule refuses the order for `reason` (UPPER_SNAKE)."""
    return RuleVerdict(rule.name, False, reason, detail)


def parameters(rule: Rule) -> Mapping[str, str]:
    """The rule's parameters by name, as canonical text."""
    return {item.name: str(getattr(rule, item.name)) for item in fields(rule)}


def require_positive(rule: str, parameter: str, value: Decimal) -> None:
    """Raise InvalidValue unless a rule's parameter is a finite number above zero."""
    if not value.is_finite() or value <= 0:
        raise InvalidValue(f"{rule}.{parameter}", str(value), "a finite number above zero")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in order of evaluation, with a version and a hash that name them.

    `hash` is the SHA-256, hex, of the canonical JSON of names and parameters in order: two rule
    sets with one hash decide alike. Raises InvalidValue on an empty set or a repeated name,
    because a set without rules would allow everything.
    """

    version: int
    rules: tuple[Rule, ...]
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rules]
        if not names or len(set(names)) != len(names):
            raise InvalidValue("rule_set", names, "at least one rule, each name once")
        if self.version < 1:
            raise InvalidValue("rule_set.version", self.version, "1 or above")
        named = [{"rule": rule.name, "parameters": dict(parameters(rule))} for rule in self.rules]
        canonical = json.dumps(named, sort_keys=True, separators=(",", ":")).encode()
        object.__setattr__(self, "hash", hashlib.sha256(canonical).hexdigest())

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> tuple[RuleVerdict, ...]:
        """One verdict per rule, in order, with no short circuit; a rule that fails denies."""
        return tuple(_ask(rule, check, facts) for rule in self.rules)


def first_denial(verdicts: tuple[RuleVerdict, ...]) -> RuleVerdict | None:
    """The first verdict that does not plainly allow; None only if every rule allowed."""
    return next((verdict for verdict in verdicts if verdict.allowed is not True), None)


def _ask(rule: Rule, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
    try:
        verdict = rule.evaluate(check, facts)
    except Exception as error:  # noqa: BLE001 - whatever breaks inside a rule must deny, never allow or escape
        return deny(rule, RULE_ERROR, f"{type(error).__name__}: {error}")
    if type(verdict) is not RuleVerdict or verdict.rule != rule.name:
        return deny(rule, RULE_ERROR, f"not a verdict of this rule: {verdict!r}")
    return verdict

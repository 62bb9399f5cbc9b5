"""A rule set asks every rule, names itself by its parameters, and takes no error for an allow."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.order_rate import OrderRate
from hedgerow.rules.order_size import OrderSize
from hedgerow.rules.rule import RULE_ERROR, RuleSet, first_denial
from tests.unit.rules.orders import facts, order


@dataclass(frozen=True)
class Broken:
    """Answers with `answer`, or raises it."""

    answer: Any
    name: ClassVar[str] = "broken"
    description: ClassVar[str] = "for this test"

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "answer",
    [ZeroDivisionError("x"), KeyError("x"), None, True, "allow", RuleVerdict("other", True, "", "")],
)
def test_a_broken_rule_denies_and_the_others_still_speak(answer: object) -> None:
    rules = RuleSet(1, (OrderSize(Decimal(1000)), Broken(answer), OrderRate(120)))
    verdicts = rules.evaluate(order(), facts())
    assert [verdict.rule for verdict in verdicts] == ["order_size", "broken", "order_rate"]
    assert [verdict.allowed for verdict in verdicts] == [True, False, True]
    denial = first_denial(verdicts)
    assert denial is not None
    assert denial.reason == RULE_ERROR


def test_truthy_is_not_allowed() -> None:
    verdicts = RuleSet(1, (Broken(RuleVerdict("broken", 1, "", "")),)).evaluate(order(), facts())  # type: ignore[arg-type]
    assert first_denial(verdicts) is not None


def test_signalling_nan_denies() -> None:
    verdicts = RuleSet(1, (OrderSize(Decimal(1000)),)).evaluate(order(quantity=Decimal("sNaN")), facts())
    assert first_denial(verdicts) is not None


def test_no_short_circuit() -> None:
    rules = RuleSet(1, (OrderSize(Decimal(1)), OrderRate(1)))
    assert [verdict.reason for verdict in rules.evaluate(order(), facts(recent_orders=1))] == [
        "ORDER_SIZE",
        "ORDER_RATE",
    ]


def test_hash_names_parameters_and_order() -> None:
    size, rate = OrderSize(Decimal(1000)), OrderRate(120)
    assert RuleSet(1, (size, rate)).hash == RuleSet(2, (OrderSize(Decimal(1000)), OrderRate(120))).hash
    others = [(rate, size), (size,), (size, OrderRate(121)), (OrderSize(Decimal(1001)), rate)]
    hashes = {RuleSet(1, rules).hash for rules in [(size, rate), *others]}  # type: ignore[arg-type]
    assert len(hashes) == 5
    assert all(len(text) == 64 for text in hashes)


@pytest.mark.parametrize("rules", [(), (OrderRate(1), OrderRate(2))])
def test_empty_or_doubled_sets_are_refused(rules: tuple[OrderRate, ...]) -> None:
    with pytest.raises(InvalidValue, match="rule_set"):
        RuleSet(1, rules)

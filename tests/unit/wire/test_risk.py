"""Checks and verdicts: a contradiction is never read as an allow."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import stock
from hedgerow.domain.order import Intent, OrderType, RuleVerdict, Side, TimeInForce, Verdict
from hedgerow.wire import risk

INTENT = Intent(
    "i-1", "gamma-scalper", "SIM0000001", stock("GOOG"), Side.BUY, Decimal(120), OrderType.MARKET, None,
    TimeInForce.DAY, True, 42, "HEDGE_NEEDED", None, 748.6, 1, 12.5, 2,
)  # fmt: skip
CHECK = risk.check_of_intent(INTENT, 20.0, 1000.0, 17, 1_450_965_061_000_000_000)
VERDICT = Verdict(
    "i-1", True, "", (RuleVerdict("order_size", True, "", "120 <= 1000"),), 3, "ab" * 32, 5, 1_795_183_396_000_000_000
)


def test_a_check_carries_the_intent_and_what_execution_knows() -> None:
    read = risk.check_from_wire(risk.check_to_wire(CHECK))
    assert read == CHECK
    assert (read.quote_age_ms, read.quote_limit_ms, read.journal_sequence) == (20.0, 1000.0, 17)
    assert read.instrument == INTENT.instrument


@pytest.mark.parametrize(
    "field", ["intent_id", "strategy", "account", "instrument_id", "side", "quantity", "order_type"]
)
def test_a_check_without_a_required_field_is_refused(field: str) -> None:
    message = risk.check_to_wire(CHECK)
    message.ClearField(field)
    with pytest.raises(InvalidValue) as caught:
        risk.check_from_wire(message)
    assert caught.value.key == field


def test_a_verdict_goes_there_and_back() -> None:
    assert risk.verdict_from_wire("verdict", risk.verdict_to_wire(VERDICT)) == VERDICT


def test_an_allow_with_a_refusing_rule_is_refused() -> None:
    contradiction = replace(VERDICT, rules=(RuleVerdict("order_size", False, "MAX_ORDER_QUANTITY", "1200 > 1000"),))
    with pytest.raises(InvalidValue, match=r"verdict\.allowed.*order_size"):
        risk.verdict_from_wire("verdict", risk.verdict_to_wire(contradiction))

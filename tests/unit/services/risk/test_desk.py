"""One check: every rule asked, the answer remembered, its exposure reserved before the next is asked."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.order import Side
from hedgerow.domain.trading_state import TradingState
from services.risk.domain.desk import NS_PER_S, RiskDesk, decide, fingerprint
from tests.unit.rules.orders import order
from tests.unit.services.risk.samples import START, at, desk


def check(on: RiskDesk, seconds: float = 0, **changes: object) -> str:
    """Decides and remembers one order; the reason, or ALLOWED."""
    answered = decide(on, order(**changes), at(seconds))
    on.remember(answered)
    return answered.verdict.reason or "ALLOWED"


def test_a_verdict_names_rules_version_hash_epoch_and_expiry() -> None:
    on = desk()
    verdict = decide(on, order(), START).verdict
    assert verdict.allowed
    assert [rule.rule for rule in verdict.rules] == [rule.name for rule in on.rules.rules]
    assert (verdict.rule_set_version, verdict.rule_set_hash, verdict.epoch) == (1, on.rules.hash, 1)
    assert verdict.expires_at == START.wall_ns + 5 * NS_PER_S


def test_approvals_reserve_and_so_add_up() -> None:
    on = desk(max_position_shares=250)
    assert [check(on, intent_id=f"i-{n}") for n in range(3)] == ["ALLOWED", "ALLOWED", "MAX_POSITION"]
    assert check(on, intent_id="sell", side=Side.SELL, quantity=Decimal(250)) == "ALLOWED"
    assert check(on, intent_id="small", quantity=Decimal(50)) == "ALLOWED"


def test_deciding_changes_nothing() -> None:
    on = desk(max_position_shares=100)
    assert [decide(on, order(), START).verdict.allowed for _ in range(3)] == [True, True, True]


def test_the_same_id_gets_the_same_verdict_and_another_order_does_not_inherit_it() -> None:
    on = desk()
    answered = decide(on, order(), START)
    on.remember(answered)
    assert on.answer_to(order()) == answered.verdict
    assert on.answer_to(order(quote_age_ms=99999.0, journal_sequence=7)) == answered.verdict
    assert on.answer_to(order(intent_id="i-2")) is None
    other = on.answer_to(order(quantity=Decimal(101)))
    assert other is not None
    assert (other.allowed, other.reason) == (False, "ALREADY_EXISTS")


def test_the_same_number_written_otherwise_is_the_same_order() -> None:
    assert fingerprint(order(quantity=Decimal("100.0"))) == fingerprint(order(quantity=Decimal("1E+2")))


def test_answers_kept_are_bounded() -> None:
    on = desk()
    on = RiskDesk(on.rules, 1, 1, 1, answers_kept=2)
    for n in range(3):
        check(on, intent_id=f"i-{n}")
    assert [on.answer_to(order(intent_id=f"i-{n}")) is not None for n in range(3)] == [False, True, True]


def test_rate_counts_approvals_of_the_last_minute() -> None:
    on = desk(max_orders_per_minute=2)
    assert check(on, 0, intent_id="a") == "ALLOWED"
    assert check(on, 30, intent_id="b") == "ALLOWED"
    assert check(on, 59, intent_id="c") == "ORDER_RATE"
    assert check(on, 60, intent_id="d") == "ALLOWED"  # the first is a minute old, the denied one never left
    assert check(on, 61, intent_id="e", strategy="other") == "ALLOWED"
    assert check(on, 61, intent_id="f") == "ORDER_RATE"


def test_halted_denies_all_and_reducing_most() -> None:
    on = desk()
    on.trading_state = TradingState.REDUCING
    assert check(on, intent_id="a") == "TRADING_REDUCING"
    assert check(on, intent_id="b", reduce_only=True) == "ALLOWED"
    on.trading_state = TradingState.HALTED
    assert check(on, intent_id="c", reduce_only=True) == "TRADING_HALTED"

"""Rule sets by name: the risk service's rules, in its order, with parameters checked."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.backtest.rule_sets import KNOWN, rule_set
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings
from services.risk.config import RiskConfig


def test_no_rules_is_no_rule_set() -> None:
    assert rule_set({}) is None


def test_every_rule_of_the_risk_service_can_be_named_with_the_same_outcome() -> None:
    risk = Settings().risk
    given: dict[str, dict[str, Any]] = {
        "order_rate": {"max_orders_per_minute": risk.max_orders_per_minute},
        "price_collar": {"max_deviation_pct": risk.price_collar_pct},
        "position": {"max_position_shares": risk.max_position_shares},
        "order_notional": {"max_notional_usd": risk.max_order_notional_usd},
        "order_size": {"max_quantity": risk.max_order_quantity},
        **{name: {} for name in ("stale_quote", "delayed_data", "instrument", "trading_state")},
    }
    assert set(given) == set(KNOWN)
    made, live = rule_set(given), RiskConfig.of(Settings()).rule_set(1)
    assert made is not None
    assert made.hash == live.hash


@pytest.mark.parametrize(
    ("given", "key", "words"),
    [
        ({"order_sizes": {}}, "rules.order_sizes", "correct its spelling"),
        ({"order_size": {}}, "rules.order_size.max_quantity", "no default"),
        ({"order_size": {"max": 1}}, "rules.order_size.max", "max_quantity"),
        ({"order_size": {"max_quantity": "many"}}, "rules.order_size.max_quantity", "a number"),
        ({"order_rate": {"max_orders_per_minute": 1.5}}, "rules.order_rate.max_orders_per_minute", "whole"),
        ({"order_size": {"max_quantity": -1}}, "order_size.max_quantity", "above zero"),
    ],
)
def test_a_fault_is_named(given: dict[str, dict[str, Any]], key: str, words: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        rule_set(given)
    assert refused.value.key == key
    assert words in str(refused.value)

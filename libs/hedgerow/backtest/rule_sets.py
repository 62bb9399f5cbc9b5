"""Risk rule sets by name and parameters: those the risk service evaluates, asked about a backtest's orders."""

from __future__ import annotations

from dataclasses import MISSING, fields
from decimal import Decimal, InvalidOperation
from typing import Any, get_type_hints

from hedgerow.domain.errors import InvalidValue
from hedgerow.rules.delayed_data import DelayedData
from hedgerow.rules.instrument import InstrumentRule
from hedgerow.rules.order_notional import OrderNotional
from hedgerow.rules.order_rate import OrderRate
from hedgerow.rules.order_size import OrderSize
from hedgerow.rules.position import PositionLimit
from hedgerow.rules.price_collar import PriceCollar
from hedgerow.rules.rule import Rule, RuleSet
from hedgerow.rules.stale_quote import StaleQuote
from hedgerow.rules.trading_state import TradingStateRule

KNOWN: dict[str, type[Any]] = {
    rule.name: rule
    for rule in (
        TradingStateRule, InstrumentRule, DelayedData, StaleQuote, OrderSize, OrderNotional, PositionLimit,
        PriceCollar, OrderRate,
    )
}  # fmt: skip
"""Every rule there is, in the order the risk service asks them."""


def rule_set(rules: dict[str, dict[str, Any]]) -> RuleSet | None:
    """The rules named, in the risk service's order whatever order they are named in; None for none.

    Raises InvalidValue naming rule and parameter.
    """
    for name in rules:
        if name not in KNOWN:
            raise InvalidValue(f"rules.{name}", name, f"one of {', '.join(KNOWN)}", "correct its spelling")
    chosen = tuple(_rule(name, kind, rules[name] or {}) for name, kind in KNOWN.items() if name in rules)
    return RuleSet(1, chosen) if chosen else None


def _rule(name: str, kind: type[Any], given: dict[str, Any]) -> Rule:
    wanted = {item.name: item for item in fields(kind)}
    unknown = [key for key in given if key not in wanted]
    if unknown:
        rule = f"{name} has {', '.join(wanted) or 'no parameters'}"
        raise InvalidValue(f"rules.{name}.{unknown[0]}", given[unknown[0]], rule, "remove it or correct its spelling")
    for key, item in wanted.items():
        if key not in given and item.default is MISSING:
            raise InvalidValue(f"rules.{name}.{key}", None, "a value: this rule has no default", f"add {key}: NUMBER")
    types = get_type_hints(kind)
    made: Rule = kind(**{key: _value(f"rules.{name}.{key}", value, types[key]) for key, value in given.items()})
    return made


def _value(key: str, value: Any, kind: type) -> Any:
    if isinstance(value, bool):
        raise InvalidValue(key, value, "a number")
    if kind is Decimal:
        try:
            return Decimal(str(value))
        except InvalidOperation as error:
            raise InvalidValue(key, value, "a number") from error
    if kind is int:
        if not isinstance(value, int):
            raise InvalidValue(key, value, "a whole number")
        return value
    return str(value)

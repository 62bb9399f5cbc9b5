"""Instrument rule: home currency, and the multiplier the limits assume."""

from __future__ import annotations

import dataclasses

import pytest

from hedgerow.rules.instrument import InstrumentRule
from tests.unit.rules.orders import OPTION, facts, order

RULE = InstrumentRule()


@pytest.mark.parametrize(("multiplier", "allowed"), [(1, True), (2, False), (100, False)])
def test_stock_multiplier(multiplier: int, allowed: bool) -> None:
    odd = dataclasses.replace(order().instrument, multiplier=multiplier)
    verdict = RULE.evaluate(order(instrument=odd), facts())
    assert (verdict.allowed, verdict.reason) == (allowed, "" if allowed else "BAD_MULTIPLIER")


@pytest.mark.parametrize(("multiplier", "allowed"), [(1, False), (99, False), (100, True), (101, False)])
def test_option_multiplier(multiplier: int, allowed: bool) -> None:
    odd = dataclasses.replace(OPTION, multiplier=multiplier)
    assert RULE.evaluate(order(instrument=odd), facts()).allowed is allowed


def test_foreign_currency() -> None:
    foreign = dataclasses.replace(order().instrument, currency="EUR")
    assert RULE.evaluate(order(instrument=foreign), facts()).reason == "FOREIGN_CURRENCY"

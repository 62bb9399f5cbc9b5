"""Position limit: what could be held if every order of one side filled, per strategy and account."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.domain.order import Side
from hedgerow.rules.facts import Exposure
from hedgerow.rules.position import PositionLimit
from tests.unit.rules.orders import OPTION, facts, order

RULE = PositionLimit(Decimal(5000))


def held(position: int, buy: int = 0, sell: int = 0) -> Exposure:
    return Exposure(Decimal(position), Decimal(buy), Decimal(sell))


@pytest.mark.parametrize(
    ("side", "position", "buy", "sell", "allowed"),
    [
        (Side.BUY, 4899, 0, 0, True),
        (Side.BUY, 4900, 0, 0, True),
        (Side.BUY, 4901, 0, 0, False),
        (Side.BUY, 4800, 100, 0, True),
        (Side.BUY, 4800, 101, 0, False),
        (Side.BUY, 4900, 0, 5000, True),  # open sells do not make room: they need not fill
        (Side.BUY, 4901, 0, 5000, False),
        (Side.SELL, -4900, 0, 0, True),
        (Side.SELL, -4901, 0, 0, False),
        (Side.SELL, -4800, 0, 101, False),
        (Side.SELL, -4800, 9999, 100, True),
    ],
)
def test_limit(side: Side, position: int, buy: int, sell: int, allowed: bool) -> None:
    verdict = RULE.evaluate(order(side=side), facts(strategy=held(position, buy, sell)))
    assert (verdict.allowed, verdict.reason) == (allowed, "" if allowed else "MAX_POSITION")


def test_account_counts_all_strategies() -> None:
    assert RULE.evaluate(order(), facts(strategy=held(0), account=held(4900))).allowed
    assert not RULE.evaluate(order(), facts(strategy=held(0), account=held(4901))).allowed


def test_the_strategy_counts_even_when_the_account_nets_out() -> None:
    assert not RULE.evaluate(order(), facts(strategy=held(4901), account=held(0))).allowed


@pytest.mark.parametrize(("position", "sell", "allowed"), [(9000, 0, True), (9000, 8900, True), (9000, 8901, False)])
def test_the_way_back_is_open(position: int, sell: int, allowed: bool) -> None:
    verdict = RULE.evaluate(order(side=Side.SELL), facts(strategy=held(position, 0, sell), account=held(-9000)))
    assert verdict.allowed is allowed


def test_contracts_count_as_their_shares() -> None:
    assert RULE.evaluate(order(instrument=OPTION, quantity=Decimal(50)), facts()).allowed
    assert not RULE.evaluate(order(instrument=OPTION, quantity=Decimal(51)), facts()).allowed


@pytest.mark.parametrize("quantity", ["NaN", "-1", "0", "Infinity"])
def test_no_quantity(quantity: str) -> None:
    assert RULE.evaluate(order(quantity=Decimal(quantity)), facts()).reason == "BAD_QUANTITY"

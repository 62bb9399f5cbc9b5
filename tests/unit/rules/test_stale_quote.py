"""Stale quote: age up to its limit passes, everything doubtful does not."""

from __future__ import annotations

import pytest

from hedgerow.domain.order import Side
from hedgerow.rules.stale_quote import StaleQuote
from tests.unit.rules.orders import facts, order

RULE = StaleQuote()
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("age", "allowed"), [(0.0, True), (4999.0, True), (5000.0, True), (5001.0, False)])
def test_limit(age: float, allowed: bool) -> None:
    verdict = RULE.evaluate(order(quote_age_ms=age), facts())
    assert (verdict.allowed, verdict.reason) == (allowed, "" if allowed else "STALE_QUOTE")


@pytest.mark.parametrize(
    ("age", "limit"), [(NAN, 5000.0), (INF, INF), (-1.0, 5000.0), (0.0, 0.0), (1.0, NAN), (1.0, -5.0)]
)
def test_doubtful_age(age: float, limit: float) -> None:
    assert RULE.evaluate(order(quote_age_ms=age, quote_limit_ms=limit), facts()).reason == "STALE_QUOTE"


@pytest.mark.parametrize("side", ["bid", "ask"])
@pytest.mark.parametrize("price", [None, NAN, INF, 0.0, -1.0])
def test_missing_side(side: str, price: float | None) -> None:
    assert RULE.evaluate(order(**{side: price}), facts()).reason == "NO_QUOTE"


def test_crossed() -> None:
    assert RULE.evaluate(order(bid=750.01, ask=750.0), facts()).reason == "CROSSED_QUOTE"
    assert RULE.evaluate(order(bid=750.0, ask=750.0), facts()).allowed


@pytest.mark.parametrize(("side", "absent"), [(Side.SELL, "ask"), (Side.BUY, "bid")])
def test_a_reducing_limit_needs_only_the_side_it_meets(side: Side, absent: str) -> None:
    assert RULE.evaluate(order(side=side, reduce_only=True, **{absent: None}), facts()).allowed
    assert RULE.evaluate(order(side=side, **{absent: None}), facts()).reason == "NO_QUOTE"
    other = {"bid": "ask", "ask": "bid"}[absent]
    assert RULE.evaluate(order(side=side, reduce_only=True, **{other: None}), facts()).reason == "NO_QUOTE"
    stale = order(side=side, reduce_only=True, quote_age_ms=5001.0, **{absent: None})
    assert RULE.evaluate(stale, facts()).reason == "STALE_QUOTE"

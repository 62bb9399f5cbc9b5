"""What an order trades against one quote."""

from __future__ import annotations

import math

import pytest

from hedgerow.backtest.commissions import IBKR_FIXED
from hedgerow.backtest.fills import (
    NO_ORDER,
    NO_POSITION,
    TOUCH,
    FillModel,
    Order,
    Touch,
    displayed,
    match,
    order_after,
    position_after,
    reduces,
)
from hedgerow.strategy.observation import OrderPhase

NOW = 1_000_000_000_000
STALE_NS = 5_000_000_000
QUOTE = Touch(100.0, 100.1, NOW, 300.0, 200.0)


def order(side: int = 1, quantity: float = 100.0, limit: float = 100.1, rested: bool = False) -> Order:
    """An order in the market."""
    return NO_ORDER._replace(
        number=1, side=side, quantity=quantity, limit_price=limit, phase=OrderPhase.WORKING.value, rested=rested
    )


def test_touch_takes_the_opposite_side() -> None:
    assert match(TOUCH, order(), QUOTE, NOW, STALE_NS) == (100.0, 100.1)
    assert match(TOUCH, order(-1, limit=100.0), QUOTE, NOW, STALE_NS) == (100.0, 100.0)
    assert match(TOUCH, order(limit=100.09), QUOTE, NOW, STALE_NS).quantity == 0.0
    assert match(TOUCH, order(-1, limit=100.01), QUOTE, NOW, STALE_NS).quantity == 0.0


def test_mid_adds_the_half_spread() -> None:
    model = FillModel(mid=True, half_spread=0.02)
    assert match(model, order(), QUOTE, NOW, STALE_NS).price == pytest.approx(100.07)
    assert match(model, order(-1, limit=100.0), QUOTE, NOW, STALE_NS).price == pytest.approx(100.03)
    assert match(model, order(limit=100.06), QUOTE, NOW, STALE_NS).quantity == 0.0


def test_an_order_that_rested_gets_its_limit() -> None:
    assert match(TOUCH, order(limit=100.5, rested=True), QUOTE, NOW, STALE_NS).price == 100.5
    assert match(TOUCH, order(limit=100.5), QUOTE, NOW, STALE_NS).price == 100.1


def test_no_more_than_the_quoted_size_trades() -> None:
    assert match(TOUCH, order(quantity=500.0), QUOTE, NOW, STALE_NS).quantity == 200.0
    assert match(TOUCH, order(-1, 500.0, 100.0), QUOTE, NOW, STALE_NS).quantity == 300.0
    assert match(FillModel(partials=False), order(quantity=500.0), QUOTE, NOW, STALE_NS).quantity == 500.0
    assert match(TOUCH, order(), QUOTE._replace(ask_left=0.0), NOW, STALE_NS).quantity == 0.0


def test_a_size_of_zero_limits_nothing() -> None:
    assert (displayed(0.0), displayed(250.7)) == (math.inf, 250.0)


@pytest.mark.parametrize(
    "quote",
    [
        QUOTE._replace(bid=math.nan),
        QUOTE._replace(ask=math.nan),
        QUOTE._replace(bid=100.2),  # crossed
        QUOTE._replace(bid=0.0),
        QUOTE._replace(time=NOW - STALE_NS - 1),
    ],
)
def test_nothing_trades_at_an_absent_crossed_or_stale_quote(quote: Touch) -> None:
    assert match(TOUCH, order(limit=1e9), quote, NOW, STALE_NS).quantity == 0.0
    assert match(TOUCH, order(-1, limit=0.01), quote, NOW, STALE_NS).quantity == 0.0


def test_a_locked_quote_trades() -> None:
    assert match(TOUCH, order(), QUOTE._replace(bid=100.1), NOW, STALE_NS) == (100.0, 100.1)


def test_the_minimum_commission_is_charged_once_per_order() -> None:
    first = order_after(IBKR_FIXED, order(), match(TOUCH, order(quantity=40.0), QUOTE, NOW, STALE_NS), NOW)
    assert (first.phase, first.filled, first.commission) == (OrderPhase.PARTIAL, 40.0, 1.0)
    last = order_after(IBKR_FIXED, first, match(TOUCH, first, QUOTE, NOW, STALE_NS), NOW)
    assert (last.phase, last.filled, last.commission) == (OrderPhase.FILLED, 100.0, 1.0)


def test_a_reducing_order_does_not_cross_zero() -> None:
    long = position_after(NO_POSITION, 50.0, 100.0, 1.0)
    assert reduces(long, -1, 50.0)
    assert not reduces(long, -1, 51.0)
    assert not reduces(long, 1, 10.0)
    assert not reduces(NO_POSITION, 1, 1.0)

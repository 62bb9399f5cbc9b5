"""Fills and the position fold against the domain's own arithmetic and against what may never happen."""

from __future__ import annotations

import math
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.backtest.commissions import IBKR_FIXED, IBKR_TIERED, Schedule, order_commission
from hedgerow.backtest.fills import (
    NO_ORDER,
    NO_POSITION,
    FillModel,
    Touch,
    displayed,
    match,
    order_after,
    position_after,
)
from hedgerow.domain.position import Position
from hedgerow.strategy.observation import OrderPhase

NOW = 10_000_000_000
STALE_NS = 5_000_000_000
cents = st.integers(1, 100_000).map(lambda value: value / 100)
sides = st.sampled_from((1, -1))
shares = st.integers(1, 2_000).map(float)
prices = st.one_of(cents, st.just(math.nan), st.just(0.0))
touches = st.builds(
    Touch, prices, prices, st.integers(0, NOW), st.integers(0, 500).map(displayed), st.integers(0, 500).map(displayed)
)
models = st.builds(
    FillModel, st.booleans(), st.integers(0, 20).map(lambda value: value / 100), st.just(0), st.booleans()
)
executions = st.lists(st.tuples(sides, st.integers(1, 500), st.integers(1, 50_000)), max_size=30)


@given(executions)
def test_the_position_is_the_domain_s_position(fills: list[tuple[int, int, int]]) -> None:
    exact, position, commissions = Position(), NO_POSITION, 0.0
    for side, quantity, price in fills:
        exact = exact.after(Decimal(side * quantity), Decimal(price) / 100)
        position = position_after(position, float(side * quantity), price / 100, 0.25)
        commissions += 0.25
        assert position.quantity == float(exact.quantity)
        assert math.isclose(position.average_price, float(exact.average_price), rel_tol=1e-9, abs_tol=1e-9)
        assert math.isclose(position.realized, float(exact.realized_pnl), rel_tol=1e-9, abs_tol=1e-5)
        held = position.average_price * position.quantity
        assert math.isclose(position.cash + held, position.realized, rel_tol=1e-9, abs_tol=1e-4)
    assert position.commissions == commissions
    assert position.month_volume == sum(quantity for _, quantity, _ in fills)


@given(models, sides, shares, cents, st.booleans(), st.lists(touches, max_size=12))
@settings(max_examples=200)
def test_an_order_never_trades_beyond_its_limit_its_size_or_the_quote(
    model: FillModel, side: int, quantity: float, limit: float, rested: bool, quotes: list[Touch]
) -> None:
    order = NO_ORDER._replace(
        number=1, side=side, quantity=quantity, limit_price=limit, phase=OrderPhase.WORKING.value, rested=rested
    )
    for touch in quotes:
        for _ in range(2):
            fill = match(model, order, touch, NOW, STALE_NS)
            if fill.quantity == 0.0:
                break
            assert 0.0 < touch.bid <= touch.ask
            assert NOW - touch.time <= STALE_NS
            assert fill.price <= limit if side > 0 else fill.price >= limit
            assert fill.quantity <= quantity - order.filled
            if model.partials:
                assert fill.quantity <= (touch.ask_left if side > 0 else touch.bid_left)
            if not model.mid and not order.rested:
                assert fill.price == (touch.ask if side > 0 else touch.bid)
            order = order_after(IBKR_FIXED, order, fill, NOW)
            taken = fill.quantity
            touch = touch._replace(
                ask_left=touch.ask_left - taken if side > 0 else touch.ask_left,
                bid_left=touch.bid_left - taken if side < 0 else touch.bid_left,
            )
            if order.phase == OrderPhase.FILLED:
                assert order.filled == quantity
                return
    assert order.filled < quantity


@given(st.sampled_from((IBKR_FIXED, IBKR_TIERED)), st.floats(0, 1e9), st.lists(st.tuples(shares, cents), min_size=1))
def test_commission_grows_with_the_order_and_stays_within_its_bounds(
    schedule: Schedule, before: float, fills: list[tuple[float, float]]
) -> None:
    filled = value = paid = 0.0
    for quantity, price in fills:
        filled += quantity
        value += quantity * price
        commission = order_commission(schedule, before, filled, value)
        assert commission >= paid - 1e-12
        assert commission <= schedule.maximum * value * (1 + 1e-12)
        assert commission >= min(schedule.minimum, schedule.maximum * value) * (1 - 1e-12)
        paid = commission

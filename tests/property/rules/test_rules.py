"""Whatever the order: a rule set answers for every rule, and allows only what is within every limit."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from hedgerow.domain.order import OrderCheck, OrderType, Side
from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.facts import Exposure, RiskFacts
from hedgerow.rules.instrument import InstrumentRule
from hedgerow.rules.order_notional import OrderNotional
from hedgerow.rules.order_rate import OrderRate
from hedgerow.rules.order_size import OrderSize
from hedgerow.rules.position import PositionLimit
from hedgerow.rules.price_collar import PriceCollar
from hedgerow.rules.rule import RuleSet, first_denial
from hedgerow.rules.stale_quote import StaleQuote
from hedgerow.rules.trading_state import TradingStateRule
from tests.unit.rules.orders import OPTION, facts, order

ANY_DECIMAL = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.integers(-2000, 2000).map(Decimal),
    st.sampled_from([Decimal("sNaN"), Decimal("-0"), Decimal("1e-9")]),
)
ANY_FLOAT = st.one_of(st.none(), st.floats(), st.floats(700, 800), st.sampled_from([0.0, -0.0]))
MINI = dataclasses.replace(OPTION, multiplier=10)
FOREIGN = dataclasses.replace(order().instrument, currency="EUR")
ORDERS = st.builds(
    order,
    instrument=st.sampled_from([OPTION, order().instrument, MINI, FOREIGN]),
    side=st.sampled_from(Side),
    quantity=ANY_DECIMAL,
    order_type=st.sampled_from(OrderType),
    limit_price=st.one_of(st.none(), ANY_DECIMAL),
    reduce_only=st.booleans(),
    bid=ANY_FLOAT,
    ask=ANY_FLOAT,
    quote_age_ms=st.one_of(st.floats(), st.floats(0, 6000)),
    quote_limit_ms=st.one_of(st.floats(), st.just(5000.0)),
)
EXPOSURES = st.builds(
    Exposure,
    st.integers(-6000, 6000).map(Decimal),
    st.integers(0, 6000).map(Decimal),
    st.integers(0, 6000).map(Decimal),
)
FACTS = st.builds(RiskFacts, st.sampled_from(TradingState), EXPOSURES, EXPOSURES, st.integers(-1, 130))


def rule_set(maximum: int = 1000) -> RuleSet:
    return RuleSet(
        1,
        (
            TradingStateRule(),
            InstrumentRule(),
            OrderSize(Decimal(maximum)),
            OrderNotional(Decimal(2_000_000)),
            PositionLimit(Decimal(5000)),
            PriceCollar(Decimal("2.0")),
            StaleQuote(),
            OrderRate(120),
        ),
    )


RULES = rule_set()


@given(ORDERS, FACTS)
@example(order(), facts())
def test_an_allowed_order_is_within_every_limit(check: OrderCheck, known: RiskFacts) -> None:
    verdicts = RULES.evaluate(check, known)
    assert [verdict.rule for verdict in verdicts] == [rule.name for rule in RULES.rules]
    assert all(verdict.allowed or verdict.reason for verdict in verdicts)
    if first_denial(verdicts) is not None:
        return
    assert known.trading_state is TradingState.ACTIVE or check.reduce_only
    assert check.quantity.is_finite()
    assert 0 < check.quantity <= 1000
    met, other = (check.bid, check.ask) if check.side is Side.SELL else (check.ask, check.bid)
    assert met is not None
    assert 0 < met < math.inf
    if other is None:  # the way out stays open in a one-sided market
        assert check.reduce_only
        assert check.order_type is OrderType.LIMIT
    else:
        assert check.bid is not None
        assert check.ask is not None
        assert 0 < check.bid <= check.ask < math.inf
    assert 0 <= check.quote_age_ms <= check.quote_limit_ms < math.inf
    assert check.instrument not in (MINI, FOREIGN)
    price = check.limit_price if check.order_type is OrderType.LIMIT else Decimal(repr(check.ask))
    assert price is not None
    assert check.quantity * price * check.instrument.multiplier <= 2_000_000
    after = (known.strategy_exposure.position + check.quantity * check.side.sign) * check.instrument.multiplier
    assert abs(after) <= max(Decimal(5000), abs(known.strategy_exposure.position * check.instrument.multiplier))
    assert 0 <= known.recent_orders < 120


@given(ORDERS, FACTS)
def test_the_same_inputs_give_the_same_verdicts(check: OrderCheck, known: RiskFacts) -> None:
    assert RULES.evaluate(check, known) == rule_set().evaluate(check, known)


@given(st.integers(1, 10**6), st.sampled_from(Side))
def test_order_size_boundary(limit: int, side: Side) -> None:
    rule = OrderSize(Decimal(limit))
    allowed = [rule.evaluate(order(quantity=Decimal(limit + step), side=side), facts()).allowed for step in (-1, 0, 1)]
    assert allowed == [limit > 1, True, False]


@given(st.integers(2, 10**6), st.integers(-(10**6), 10**6), st.integers(0, 10**5), st.sampled_from(Side))
def test_position_boundary(limit: int, position: int, reserved: int, side: Side) -> None:
    rule = PositionLimit(Decimal(limit))
    room = limit - position * side.sign - reserved
    if room < 2 or position * side.sign < 0:  # from the other side of zero the way back is another test
        return
    own = Exposure(Decimal(position), Decimal(reserved), Decimal(reserved))
    allowed = [
        rule.evaluate(order(quantity=Decimal(room + step), side=side), facts(strategy=own)).allowed
        for step in (-1, 0, 1)
    ]
    assert allowed == [True, True, False]


@given(st.decimals("0.01", "1000000", places=2), st.integers(1, 10**4))
def test_notional_boundary(price: Decimal, quantity: int) -> None:
    value = price * quantity
    check = order(quantity=Decimal(quantity), limit_price=price)
    cent = Decimal("0.01")
    limits = [value - cent, value, value + cent]
    allowed = [OrderNotional(limit).evaluate(check, facts()).allowed for limit in limits if limit > 0]
    assert allowed == [False, True, True][-len(allowed) :]


@given(st.integers(1, 10**5), st.integers(1, 99), st.sampled_from([1, -1]))
def test_collar_boundary(cents: int, percent: int, way: int) -> None:
    mid = Decimal(cents)
    edge = mid * (100 + way * percent) / 100
    step = Decimal("0.001") * way
    rule = PriceCollar(Decimal(percent))
    quote = {"bid": float(cents), "ask": float(cents)}
    allowed = [
        rule.evaluate(order(limit_price=limit, **quote), facts()).allowed for limit in (edge - step, edge, edge + step)
    ]
    assert allowed == [True, True, False]


@given(st.floats(1e-3, 1e9))
def test_age_boundary(limit: float) -> None:
    ages = (math.nextafter(limit, 0), limit, math.nextafter(limit, math.inf))
    allowed = [StaleQuote().evaluate(order(quote_age_ms=age, quote_limit_ms=limit), facts()).allowed for age in ages]
    assert allowed == [True, True, False]


@given(st.integers(1, 10**6))
def test_rate_boundary(limit: int) -> None:
    rule = OrderRate(limit)
    allowed = [rule.evaluate(order(), facts(recent_orders=limit + step)).allowed for step in (-2, -1, 0)]
    assert allowed == [limit > 1, True, False]

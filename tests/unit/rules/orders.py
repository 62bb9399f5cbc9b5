"""A valid order and quiet facts, to bend one field at a time in the tests of the rules."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

from hedgerow.domain.instrument import parse_instrument_id, stock
from hedgerow.domain.order import OrderCheck, OrderType, Side
from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.facts import Exposure, RiskFacts

_ORDER = OrderCheck(
    intent_id="i-1",
    strategy="goog-scalper",
    account="SIM0000001",
    instrument=stock("GOOG"),
    side=Side.BUY,
    quantity=Decimal(100),
    order_type=OrderType.LIMIT,
    limit_price=Decimal("750.00"),
    reduce_only=False,
    bid=749.99,
    ask=750.01,
    quote_age_ms=10.0,
    quote_limit_ms=5000.0,
    journal_sequence=0,
    created_at=0,
)
OPTION = parse_instrument_id("GOOG 20160122 750 C")


def order(**changes: Any) -> OrderCheck:
    """A limit buy of 100 GOOG at the mid of 750.00 on a fresh quote, with `changes`."""
    return dataclasses.replace(_ORDER, **changes)


def facts(
    trading_state: TradingState = TradingState.ACTIVE,
    strategy: Exposure | None = None,
    account: Exposure | None = None,
    recent_orders: int = 0,
) -> RiskFacts:
    """Nothing held, nothing open, ACTIVE, unless told otherwise."""
    own = strategy or Exposure()
    return RiskFacts(trading_state, own, account or own, recent_orders)

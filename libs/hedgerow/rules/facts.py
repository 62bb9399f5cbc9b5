"""The facts risk knows when it checks an order, beside the order itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.domain.order import OrderCheck, OrderType, Side
from hedgerow.domain.trading_state import TradingState

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Exposure:
    """A position and the open orders that may still change it, in shares or contracts.

    `position` is signed; `reserved_buy` and `reserved_sell` are the quantities that open,
    pending and unknown orders may still buy and sell, both zero or above.
    """

    position: Decimal = ZERO
    reserved_buy: Decimal = ZERO
    reserved_sell: Decimal = ZERO

    def worst_after(self, side: Side, quantity: Decimal) -> Decimal:
        """The signed position if every order of `side`, and this one, filled and no other did."""
        if side is Side.BUY:
            return self.position + self.reserved_buy + quantity
        return self.position - self.reserved_sell - quantity


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """What risk knows at the moment of a check.

    `strategy_exposure` is the strategy's own in the order's account and instrument,
    `account_exposure` that of all strategies together; `recent_orders` counts the orders of
    the strategy approved within the last minute of wall time.
    """

    trading_state: TradingState
    strategy_exposure: Exposure
    account_exposure: Exposure
    recent_orders: int


def exact(price: float) -> Decimal:
    """The decimal a market-data float stands for: 10.1 is 10.1, not its binary neighbour."""
    return Decimal(repr(float(price)))


def reference_price(check: OrderCheck) -> Decimal | None:
    """What a limit is measured against: the mid of a two-sided quote, None where there is none.

    A reduce-only limit order needs only the side it meets, and is measured against that where the other is absent:
    the way out stays open in a one-sided market.
    """
    bid = exact(check.bid) if check.bid is not None and is_price(check.bid) else None
    ask = exact(check.ask) if check.ask is not None and is_price(check.ask) else None
    if bid is not None and ask is not None:
        return (bid + ask) / 2
    absent = (check.ask if check.side is Side.SELL else check.bid) is None
    closes = check.reduce_only is True and check.order_type is OrderType.LIMIT and absent
    return (bid if check.side is Side.SELL else ask) if closes else None


def is_price(price: float | None) -> bool:
    """Whether a side of a quote is there, finite and above zero."""
    return price is not None and math.isfinite(price) and price > 0

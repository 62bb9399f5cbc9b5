"""Matching rules: whether, at what price and how much an order trades against one quote."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.order import Side
from hedgerow.ibsim.market import QuoteState
from hedgerow.ibsim.orders import SimOrder


class Liquidity(StrEnum):
    """How much one quote can trade: its displayed size, or anything."""

    DISPLAYED = "displayed"
    INFINITE = "infinite"


@dataclass(frozen=True, slots=True)
class CommissionModel:
    """Per-unit commission with a minimum per order, in the account's currency."""

    per_share: Decimal = Decimal("0.005")
    per_contract: Decimal = Decimal("0.65")
    minimum: Decimal = Decimal("1.00")

    def total(self, quantity: Decimal, *, is_option: bool) -> Decimal:
        """Commission of an order that has filled `quantity` in all."""
        if not quantity:
            return Decimal(0)
        rate = self.per_contract if is_option else self.per_share
        return max(self.minimum, quantity * rate)


@dataclass(frozen=True, slots=True)
class Match:
    """One trade to book."""

    quantity: Decimal
    price: Decimal


def opposite_price(side: Side, quote: QuoteState) -> Decimal | None:
    """What a market order of that side trades at: the ask to buy, the bid to sell; None when absent."""
    price = quote.ask if side is Side.BUY else quote.bid
    return None if price is None else Decimal(repr(price))


def crosses(side: Side, limit: Decimal | None, price: Decimal) -> bool:
    """Whether an order with that limit would trade at `price`."""
    if limit is None:
        return True
    return price <= limit if side is Side.BUY else price >= limit


def match(order: SimOrder, quote: QuoteState, liquidity: Liquidity) -> Match | None:
    """The trade of `order` against `quote`, None when it does not trade.

    An order that stood in the book gets its own limit, an arriving one the quote. A price with
    displayed size zero carries no size information and trades in full.
    """
    side, limit = order.side, order.limit
    price = opposite_price(side, quote)
    if price is None or not crosses(side, limit, price):
        return None
    quantity = order.remaining
    displayed = quote.ask_size if side is Side.BUY else quote.bid_size
    if liquidity is Liquidity.DISPLAYED and displayed > 0:
        left = quote.ask_left if side is Side.BUY else quote.bid_left
        quantity = min(quantity, Decimal(int(left)))
    if quantity <= 0:
        return None
    return Match(quantity, limit if order.rested and limit is not None else price)


def take(side: Side, quote: QuoteState, quantity: Decimal) -> None:
    """Use up displayed size."""
    if side is Side.BUY:
        quote.ask_left = max(0.0, quote.ask_left - float(quantity))
    else:
        quote.bid_left = max(0.0, quote.bid_left - float(quantity))

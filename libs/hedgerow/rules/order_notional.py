"""What an order may cost: quantity times price times multiplier, up to a limit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hedgerow.domain.order import OrderCheck, OrderType, RuleVerdict, Side
from hedgerow.rules.facts import RiskFacts, exact, is_price
from hedgerow.rules.rule import allow, deny, require_positive


@dataclass(frozen=True, slots=True)
class OrderNotional:
    """Refuses an order worth more than `max_notional_usd`.

    A limit buy costs at most its limit; a limit sell is valued at the higher of its limit and
    the offer; an order at the market at the offer, which errs on the safe side for a sell.
    """

    max_notional_usd: Decimal

    name: ClassVar[str] = "order_notional"
    description: ClassVar[str] = "refuses an order whose value is above the limit or cannot be computed"

    def __post_init__(self) -> None:
        require_positive(self.name, "max_notional_usd", self.max_notional_usd)

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with NO_PRICE, BAD_QUANTITY or ORDER_NOTIONAL."""
        price = self._price(check)
        if price is None:
            return deny(self, "NO_PRICE", f"limit {check.limit_price}, bid {check.bid}, ask {check.ask}")
        if not check.quantity.is_finite() or check.quantity <= 0:
            return deny(self, "BAD_QUANTITY", f"quantity {check.quantity}")
        notional = check.quantity * price * check.instrument.multiplier
        detail = f"notional {notional} USD at {price}, limit {self.max_notional_usd}"
        return allow(self, detail) if notional <= self.max_notional_usd else deny(self, "ORDER_NOTIONAL", detail)

    @staticmethod
    def _price(check: OrderCheck) -> Decimal | None:
        offer = exact(check.ask) if check.ask is not None and is_price(check.ask) else None
        if check.order_type is OrderType.MARKET:
            return offer
        limit = check.limit_price
        if limit is None or not limit.is_finite() or limit <= 0:
            return None
        return max(limit, offer) if check.side is Side.SELL and offer is not None else limit

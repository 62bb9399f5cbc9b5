"""A limit price stays near the mid; an order at the market needs a two-sided quote."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hedgerow.domain.order import OrderCheck, OrderType, RuleVerdict
from hedgerow.rules.facts import RiskFacts, reference_price
from hedgerow.rules.rule import allow, deny, require_positive


@dataclass(frozen=True, slots=True)
class PriceCollar:
    """Refuses a limit price further than `max_deviation_pct` percent from the mid, either way."""

    max_deviation_pct: Decimal

    name: ClassVar[str] = "price_collar"
    description: ClassVar[str] = "refuses a limit price too far from the mid, and any order without a two-sided quote"

    def __post_init__(self) -> None:
        require_positive(self.name, "max_deviation_pct", self.max_deviation_pct)

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with NO_QUOTE, BAD_LIMIT_PRICE or PRICE_COLLAR."""
        mid = reference_price(check)
        if mid is None:
            return deny(self, "NO_QUOTE", f"bid {check.bid}, ask {check.ask}: not two-sided")
        limit = check.limit_price
        if check.order_type is OrderType.MARKET:
            if limit is not None:
                return deny(self, "BAD_LIMIT_PRICE", f"an order at the market carries the limit {limit}")
            return allow(self, f"at the market, mid {mid}")
        if limit is None or not limit.is_finite() or limit <= 0:
            return deny(self, "BAD_LIMIT_PRICE", f"limit {limit} is not a price")
        detail = f"limit {limit}, mid {mid}, at most {self.max_deviation_pct} % away"
        inside = abs(limit - mid) * 100 <= self.max_deviation_pct * mid
        return allow(self, detail) if inside else deny(self, "PRICE_COLLAR", detail)

"""At most so many orders leave per minute of wall time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.rule import allow, deny


@dataclass(frozen=True, slots=True)
class OrderRate:
    """Refuses the order after `max_orders_per_minute` approved ones of the same strategy."""

    max_orders_per_minute: int

    name: ClassVar[str] = "order_rate"
    description: ClassVar[str] = "refuses an order when its strategy had too many approved within the last minute"

    def __post_init__(self) -> None:
        if self.max_orders_per_minute < 1:
            raise InvalidValue("order_rate.max_orders_per_minute", self.max_orders_per_minute, "1 or above")

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with ORDER_RATE."""
        detail = f"{facts.recent_orders} orders in the last minute, limit {self.max_orders_per_minute}"
        if facts.recent_orders < 0 or facts.recent_orders + 1 > self.max_orders_per_minute:
            return deny(self, "ORDER_RATE", detail)
        return allow(self, detail)

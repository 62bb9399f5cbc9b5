"""An order is a whole, positive number of shares or contracts up to a limit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.rule import allow, deny, require_positive


@dataclass(frozen=True, slots=True)
class OrderSize:
    """Refuses more than `max_quantity` shares or contracts in one order."""

    max_quantity: Decimal

    name: ClassVar[str] = "order_size"
    description: ClassVar[str] = "refuses a quantity above the limit, or one that is not a whole positive number"

    def __post_init__(self) -> None:
        require_positive(self.name, "max_quantity", self.max_quantity)

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with BAD_QUANTITY or ORDER_SIZE."""
        quantity = check.quantity
        if not quantity.is_finite() or quantity <= 0 or quantity != quantity.to_integral_value():
            return deny(self, "BAD_QUANTITY", f"quantity {quantity} is not a whole number above zero")
        detail = f"quantity {quantity}, limit {self.max_quantity}"
        return allow(self, detail) if quantity <= self.max_quantity else deny(self, "ORDER_SIZE", detail)

"""No order follows delayed market data, however fresh its time stamps look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.rule import allow, deny


@dataclass(frozen=True, slots=True)
class DelayedData:
    """Refuses an order that was decided on a delayed quote."""

    name: ClassVar[str] = "delayed_data"
    description: ClassVar[str] = "refuses an order decided on delayed market data"

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with DELAYED_DATA."""
        detail = f"quote_delayed {check.quote_delayed}"
        return allow(self, detail) if check.quote_delayed is False else deny(self, "DELAYED_DATA", detail)

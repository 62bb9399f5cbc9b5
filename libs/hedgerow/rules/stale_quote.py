"""No order leaves on a quote that is old, absent, crossed or not a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts, reference_price
from hedgerow.rules.rule import allow, deny


@dataclass(frozen=True, slots=True)
class StaleQuote:
    """Refuses an order whose quote is older than the limit its request carries.

    A reduce-only limit order needs only the side it meets. The limit belongs to the request because it depends on
    the instrument and, in replay, on the tape; a limit that is not a positive number refuses as well.
    """

    name: ClassVar[str] = "stale_quote"
    description: ClassVar[str] = "refuses an order decided on an old, missing, one-sided, crossed or non-finite quote"

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with NO_QUOTE, CROSSED_QUOTE or STALE_QUOTE."""
        bid, ask = check.bid, check.ask
        quote = f"bid {bid}, ask {ask}"
        if reference_price(check) is None:
            return deny(self, "NO_QUOTE", quote)
        if bid is not None and ask is not None and bid > ask:
            return deny(self, "CROSSED_QUOTE", quote)
        age, limit = check.quote_age_ms, check.quote_limit_ms
        detail = f"age {age} ms, limit {limit} ms"
        if not (math.isfinite(age) and math.isfinite(limit)) or age < 0 or limit <= 0 or age > limit:
            return deny(self, "STALE_QUOTE", detail)
        return allow(self, detail)

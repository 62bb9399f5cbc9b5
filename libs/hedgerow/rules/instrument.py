"""The instrument is what the limits assume: the home currency and the usual multiplier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.rule import allow, deny


@dataclass(frozen=True, slots=True)
class InstrumentRule:
    """Refuses a foreign currency, and a multiplier other than 1 (stock) or `option_multiplier`."""

    currency: str = "USD"
    option_multiplier: int = 100

    name: ClassVar[str] = "instrument"
    description: ClassVar[str] = "refuses a foreign currency or a multiplier the limits do not assume"

    def __post_init__(self) -> None:
        if self.option_multiplier < 1:
            raise InvalidValue("instrument.option_multiplier", self.option_multiplier, "1 share per contract or more")

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with FOREIGN_CURRENCY or BAD_MULTIPLIER."""
        if check.instrument.currency != self.currency:
            return deny(self, "FOREIGN_CURRENCY", f"{check.instrument.currency!r}, limits are in {self.currency}")
        expected = self.option_multiplier if check.instrument.is_option else 1
        detail = f"multiplier {check.instrument.multiplier}, expected {expected}"
        if check.instrument.multiplier != expected:
            return deny(self, "BAD_MULTIPLIER", detail)
        return allow(self, detail)

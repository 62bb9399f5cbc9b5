"""HALTED refuses every order, REDUCING every order that is not reduce-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.domain.trading_state import TradingState
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.rule import allow, deny


@dataclass(frozen=True, slots=True)
class TradingStateRule:
    """Passes all in ACTIVE, reduce-only orders in REDUCING, nothing in HALTED."""

    name: ClassVar[str] = "trading_state"
    description: ClassVar[str] = "refuses every order while HALTED, and all but reduce-only orders while REDUCING"

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with TRADING_HALTED or TRADING_REDUCING."""
        detail = f"trading_state {facts.trading_state.value}, reduce_only {check.reduce_only}"
        if facts.trading_state is TradingState.ACTIVE:
            return allow(self, detail)
        if facts.trading_state is TradingState.REDUCING:
            return allow(self, detail) if check.reduce_only is True else deny(self, "TRADING_REDUCING", detail)
        return deny(self, "TRADING_HALTED", detail)

"""The position an order could lead to, open orders included, stays within a limit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hedgerow.domain.order import OrderCheck, RuleVerdict
from hedgerow.rules.facts import RiskFacts
from hedgerow.rules.rule import allow, deny, require_positive


@dataclass(frozen=True, slots=True)
class PositionLimit:
    """Refuses an order that could take abs(position) beyond `max_position_shares`.

    Counted in shares (contracts times multiplier), for the strategy and for its whole account,
    as if every order of the same side filled and none of the other. An order that only reduces
    the strategy's position, without crossing zero, passes from beyond the limit too: it is the
    way back.
    """

    max_position_shares: Decimal

    name: ClassVar[str] = "position"
    description: ClassVar[str] = "refuses an order that could take the position, open orders included, beyond the limit"

    def __post_init__(self) -> None:
        require_positive(self.name, "max_position_shares", self.max_position_shares)

    def evaluate(self, check: OrderCheck, facts: RiskFacts) -> RuleVerdict:
        """Denies with BAD_QUANTITY or MAX_POSITION."""
        if not check.quantity.is_finite() or check.quantity <= 0:
            return deny(self, "BAD_QUANTITY", f"quantity {check.quantity}")
        multiplier = check.instrument.multiplier
        own = facts.strategy_exposure.worst_after(check.side, check.quantity) * multiplier
        account = facts.account_exposure.worst_after(check.side, check.quantity) * multiplier
        detail = f"strategy {own}, account {account}, limit {self.max_position_shares} shares"
        if not (own.is_finite() and account.is_finite()):
            return deny(self, "MAX_POSITION", detail)
        if max(abs(own), abs(account)) <= self.max_position_shares or self._only_reduces(check, facts):
            return allow(self, detail)
        return deny(self, "MAX_POSITION", detail)

    @staticmethod
    def _only_reduces(check: OrderCheck, facts: RiskFacts) -> bool:
        """Whether the worst case lies between zero and where the strategy stands now."""
        before = facts.strategy_exposure.position * check.side.sign
        after = facts.strategy_exposure.worst_after(check.side, check.quantity) * check.side.sign
        return before < after <= 0

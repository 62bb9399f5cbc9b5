"""A position: signed quantity and average price, with realized profit, as a fold over fills."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

ZERO = Decimal(0)
MANUAL = "MANUAL"
"""Owner of whatever no strategy owns."""
BROKER = "BROKER"
"""The other side of transfers that enter or leave the ledger; never an owner of positions."""


class PositionKey(NamedTuple):
    """Whose position in what."""

    account: str
    strategy: str
    instrument_id: str


@dataclass(frozen=True, slots=True)
class Position:
    """Signed quantity (shares or contracts), average price per share, realized P&L in currency."""

    quantity: Decimal = ZERO
    average_price: Decimal = ZERO
    realized_pnl: Decimal = ZERO

    def after(self, signed_quantity: Decimal, price: Decimal, multiplier: int = 1) -> Position:
        """The position after one execution of `signed_quantity` at `price` per share."""
        if signed_quantity == 0:
            return self
        total = self.quantity + signed_quantity
        if self.quantity * signed_quantity >= 0:
            cost = self.average_price * self.quantity + price * signed_quantity
            return Position(total, cost / total, self.realized_pnl)
        closed = min(abs(self.quantity), abs(signed_quantity))
        direction = 1 if self.quantity > 0 else -1
        realized = (price - self.average_price) * closed * direction * multiplier
        if total == 0:
            return Position(ZERO, ZERO, self.realized_pnl + realized)
        average = self.average_price if total * self.quantity > 0 else price
        return Position(total, average, self.realized_pnl + realized)

    def unrealized_pnl(self, mark: Decimal, multiplier: int = 1) -> Decimal:
        """Profit in currency if closed at `mark` per share."""
        return (mark - self.average_price) * self.quantity * multiplier

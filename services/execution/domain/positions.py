"""Attributed positions: a fold over the latest revision of each execution, in one canonical order."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from hedgerow.domain.execution_report import Fill, split_revision
from hedgerow.domain.order import Side
from hedgerow.domain.position import ZERO, Position, PositionKey

__all__ = ["AttributedPosition", "PositionKey"]


class _Entry(NamedTuple):
    event_time: int
    base: str  # the execution without its revision
    signed_quantity: Decimal
    price: Decimal


@dataclass(slots=True)
class AttributedPosition:
    """One strategy's position in one instrument.

    Executions are folded by (event time, execution), not by arrival, so that average price
    and realized profit are the same whatever order the broker reports them in.
    """

    key: PositionKey
    multiplier: int = 1
    position: Position = field(default_factory=Position)
    commissions: Decimal = ZERO
    entries: list[_Entry] = field(default_factory=list)
    latest: dict[str, _Entry] = field(default_factory=dict)
    paid: dict[str, Decimal] = field(default_factory=dict)

    @property
    def fills(self) -> int:
        """Executions folded in."""
        return len(self.entries)

    @property
    def last_fill_price(self) -> Decimal:
        """Price of the newest execution, currency per share; 0 before one."""
        return self.entries[-1].price if self.entries else ZERO

    @property
    def last_fill_time(self) -> int:
        """Market time of the newest execution, ns UTC; 0 before one."""
        return self.entries[-1].event_time if self.entries else 0

    def add(self, side: Side, fill: Fill) -> None:
        """Folds one execution in, or replaces its earlier revision."""
        base, _ = split_revision(fill.execution_id)
        entry = _Entry(fill.event_time, base, fill.quantity * side.sign, fill.price)
        replaced = self.latest.get(base)
        self.latest[base] = entry
        if replaced is None and (not self.entries or self.entries[-1] < entry):
            self.entries.append(entry)
            self.position = self.position.after(entry.signed_quantity, entry.price, self.multiplier)
        else:
            if replaced is not None:
                del self.entries[bisect_left(self.entries, replaced)]
            self.entries.insert(bisect_left(self.entries, entry), entry)
            self.position = Position()
            for each in self.entries:
                self.position = self.position.after(each.signed_quantity, each.price, self.multiplier)
        self.pay(fill.execution_id, fill.commission)

    def pay(self, execution_id: str, commission: Decimal | None) -> None:
        """Notes what an execution cost; a later revision's commission replaces the earlier."""
        if commission is None:
            return
        base, _ = split_revision(execution_id)
        self.commissions += commission - self.paid.get(base, ZERO)
        self.paid[base] = commission

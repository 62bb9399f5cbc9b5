"""One owner's holding of one instrument: a fold over fills and transfers in one canonical order."""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Decimal
from typing import NamedTuple

from hedgerow.domain.position import ZERO, Position


class HoldingKey(NamedTuple):
    """Whose holding of what."""

    account: str
    owner: str
    instrument_id: str


class Entry(NamedTuple):
    """One fill or one side of a transfer; ordered by market time, then by its unique name."""

    event_time: int
    name: str
    signed_quantity: Decimal
    price: Decimal


class Holding:
    """Quantity, average price, realized profit and commissions of one owner in one instrument.

    Entries are folded by market time, not by arrival, so that every order of arrival gives the
    same holding. `fills` counts executions; `multiplier` is shares per contract; `transferred` is
    the fold of the transfers alone, which is what execution's own reports do not tell.
    """

    __slots__ = (
        "_entries", "_named", "_paid", "_transfers", "commissions", "fills", "last_fill", "multiplier", "position",
        "transferred",
    )  # fmt: skip

    def __init__(self, multiplier: int) -> None:
        self.multiplier = multiplier
        self.position = Position()
        self.commissions = ZERO
        self.fills = 0
        self.last_fill: Entry | None = None
        self._entries: list[Entry] = []
        self._named: dict[str, Entry] = {}
        self._paid: dict[str, Decimal] = {}
        self._transfers: list[Entry] = []
        self.transferred = Position()

    def put(self, entry: Entry) -> None:
        """Adds an entry, or replaces the one of its name."""
        replaced = self._named.get(entry.name)
        if replaced == entry:
            return
        self._named[entry.name] = entry
        if replaced is None and (not self._entries or self._entries[-1] < entry):
            self._entries.append(entry)
            self.position = self.position.after(entry.signed_quantity, entry.price, self.multiplier)
            return
        if replaced is not None:
            del self._entries[bisect_left(self._entries, replaced)]
        self._entries.insert(bisect_left(self._entries, entry), entry)
        self.position = Position()
        for each in self._entries:
            self.position = self.position.after(each.signed_quantity, each.price, self.multiplier)

    def put_transfer(self, entry: Entry) -> None:
        """Adds one side of a transfer."""
        self.put(entry)
        insort(self._transfers, entry)
        self.transferred = Position()
        for each in self._transfers:
            self.transferred = self.transferred.after(each.signed_quantity, each.price, self.multiplier)

    def put_fill(self, entry: Entry, commission: Decimal | None) -> None:
        """Adds an execution, or a later revision of it; its commission replaces the one known."""
        self.fills += entry.name not in self._named
        self.put(entry)
        if commission is not None:
            self.commissions += commission - self._paid.get(entry.name, ZERO)
            self._paid[entry.name] = commission
        if self.last_fill is None or self.last_fill.name == entry.name or self.last_fill < entry:
            self.last_fill = entry

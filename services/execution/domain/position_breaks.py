"""Differences between the ledger and the broker that stand, and which intents they keep back."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from hedgerow.domain.order import Intent
from services.execution.domain.gate import Refusal

Place = tuple[str, str]
"""(account, instrument id)."""


class PositionBreak(NamedTuple):
    """One place where the broker holds another quantity, signed, than the ledger adds up to."""

    account: str
    instrument_id: str
    journal: Decimal
    broker: Decimal
    settling: bool = False
    """An option left a moment ago, by expiry or assignment perhaps: portfolio is about to explain it."""

    @property
    def place(self) -> Place:
        """Where it is."""
        return (self.account, self.instrument_id)

    @property
    def symbol(self) -> str:
        """The underlying's symbol."""
        return self.instrument_id.split(" ", 1)[0]

    @property
    def words(self) -> str:
        """For people."""
        words = f"{self.instrument_id}: journal {self.journal}, broker {self.broker}"
        return f"{words}, settling" if self.settling else words

    @property
    def excess(self) -> Decimal:
        """What the broker holds beyond the ledger, signed."""
        return self.broker - self.journal


def kept_back(breaks: Iterable[PositionBreak], intent: Intent) -> Refusal | None:
    """Why a break keeps this intent back; None when none does.

    Nobody knows what a strategy holds of a symbol while a break stands there, so nothing that may add risk leaves for
    it. What only reduces does, unless the broker holds less than the ledger in that very direction: then closing all
    of it could open a position nobody wants. A flatten's own orders are judged by the flatten.
    """
    for each in breaks:
        if each.account != intent.account or each.symbol != intent.instrument.symbol:
            continue
        safe = each.instrument_id != intent.instrument.instrument_id or each.excess * intent.side.sign <= 0
        if not (intent.reduce_only and safe):
            return Refusal("POSITION_BREAK", each.words)
    return None

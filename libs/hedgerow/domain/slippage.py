"""What a fill cost against the quote its order was decided on."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.order import Side


def slippage(side: Side, price: Decimal, bid: float | None, ask: float | None) -> Decimal | None:
    """Currency per share beyond the mid decided on, above zero a cost; None where the quote was not two-sided."""
    if bid is None or ask is None:
        return None
    mid = (Decimal(str(bid)) + Decimal(str(ask))) / 2
    return (price - mid) * side.sign

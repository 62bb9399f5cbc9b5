"""Operation records: what touched, or tried to touch, a position or a process."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.order import Side
from hedgerow.store.writes import Write


class OperationType(StrEnum):
    """Kinds of operation record."""

    HEDGE_INTENT = "HEDGE_INTENT"
    ORDER_SENT = "ORDER_SENT"
    FILL = "FILL"
    CANCEL = "CANCEL"
    REJECT = "REJECT"
    DENIED = "DENIED"
    COMMAND = "COMMAND"
    ADOPTION = "ADOPTION"
    TRANSFER = "TRANSFER"
    STATE = "STATE"


def operation_row(
    type: OperationType,
    *,
    wall_ns: int,
    market_ns: int,
    strategy: str = "",
    instrument: str = "",
    side: Side | None = None,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
    state: str = "",
    reason: str = "",
    client_order_id: str = "",
    text: str = "",
) -> Write:
    """One operation record, to be committed with the event it tells of.

    `price` is currency per share and only of a fill; `state` the order's or machine's state
    after it; `reason` the delta state, block reason or another UPPER_SNAKE code; `instrument`
    a canonical id, empty for a command.
    """
    values = {
        "wall_ns": wall_ns,
        "market_ns": market_ns,
        "type": type,
        "strategy": strategy,
        "instrument": instrument,
        "side": side or "",
        "quantity": quantity,
        "price": price,
        "state": state,
        "reason": reason,
        "client_order_id": client_order_id,
        "text": text,
    }
    return Write("operations", values)

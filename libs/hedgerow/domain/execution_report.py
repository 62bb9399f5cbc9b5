"""Execution reports and fills: every change of an order's state, and each execution once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.order import OrderStatus, OrderType, Side


class ReportKind(StrEnum):
    """What happened to the order."""

    INTENT = "INTENT"
    DENIED = "DENIED"
    SENT = "SENT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    FILL = "FILL"
    COMMISSION = "COMMISSION"
    CANCEL_SENT = "CANCEL_SENT"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, unique by `execution_id`; price in currency per share, times ns UTC."""

    execution_id: str
    quantity: Decimal
    price: Decimal
    commission: Decimal | None
    realized_pnl: Decimal | None
    event_time: int


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """One journaled change of one order; `sequence` is gap-free over all orders.

    `cum_qty` and `leaves_qty` are after the change; `fill` is set for FILL and COMMISSION;
    `event_time` is market time and `receive_time` wall time, ns UTC.
    """

    sequence: int
    kind: ReportKind
    intent_id: str
    client_order_id: str
    broker_order_id: int
    perm_id: int
    strategy: str
    account: str
    instrument_id: str
    side: Side
    order_type: OrderType
    order_status: OrderStatus
    quantity: Decimal
    limit_price: Decimal | None
    cum_qty: Decimal
    leaves_qty: Decimal
    average_price: Decimal
    fill: Fill | None
    reason: str
    text: str
    event_time: int
    receive_time: int
    traceparent: str = ""


def split_revision(execution_id: str) -> tuple[str, int]:
    """The part of an execution id all its revisions share, and the revision (`a.b.02` -> `a.b`, 2)."""
    base, dot, revision = execution_id.rpartition(".")
    if not dot or not revision.isdigit():
        return execution_id, 0
    return base, int(revision)

"""What the journal holds: one event per change of one order, each the source of one execution report."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.domain.execution_report import Fill, ReportKind
from hedgerow.domain.order import Intent, Verdict


@dataclass(frozen=True, slots=True)
class Admission:
    """How an intent entered the book: with its payload hash, verdict, broker order id and writer epoch.

    `verdict` is None when the intent was refused before risk was asked; `broker_order_id`
    is 0 when it will never be sent.
    """

    intent: Intent
    payload_hash: str
    verdict: Verdict | None
    broker_order_id: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Commission:
    """What one execution cost; `realized_pnl` is the broker's, None when it opens or is unknown. Currency."""

    execution_id: str
    amount: Decimal
    realized_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """An operator's word on an UNKNOWN order: idempotency key, who, and why."""

    request_id: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One fact about one order; `event_time` is market time, `receive_time` wall time, ns UTC.

    `admission` is set for INTENT and for a DENIED that was never admitted; `fill` for FILL;
    `commission` for COMMISSION; `perm_id` is 0 when the fact carries none, `broker_order_id` unless the
    broker shows the order under another one than it was sent with. `resolution` makes CANCELED, REJECTED
    or DENIED an operator's word instead of proof; with `reopens` the broker shows as live what was terminal.
    """

    kind: ReportKind
    client_order_id: str
    event_time: int
    receive_time: int
    reason: str = ""
    text: str = ""
    perm_id: int = 0
    admission: Admission | None = None
    fill: Fill | None = None
    commission: Commission | None = None
    broker_order_id: int = 0
    resolution: Resolution | None = None
    reopens: bool = False

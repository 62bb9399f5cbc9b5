"""What can be asked of the book; each carries market time `event_time` and wall time `receive_time`, ns UTC."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import Intent, OrderStatus, Verdict
from services.execution.domain.events import Resolution


@dataclass(frozen=True, slots=True)
class Admit:
    """Journal an approved intent as a PENDING order with its broker order id."""

    intent: Intent
    verdict: Verdict
    broker_order_id: int
    epoch: int
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class Deny:
    """Journal an intent that will not be sent; `verdict` None when risk was not the one to refuse."""

    intent: Intent
    verdict: Verdict | None
    reason: str
    text: str
    epoch: int
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class Withhold:
    """A journaled order that this process has proof of never sending becomes DENIED."""

    client_order_id: str
    reason: str
    text: str
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class MarkSent:
    """The frame was handed to the broker link."""

    client_order_id: str
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The broker shows the order as live."""

    client_order_id: str
    perm_id: int
    event_time: int
    receive_time: int
    reason: str = ""
    broker_order_id: int = 0


@dataclass(frozen=True, slots=True)
class Reopen:
    """The broker shows as live, in settled answers, what the journal took for terminal."""

    client_order_id: str
    perm_id: int
    broker_order_id: int
    text: str
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class Resolve:
    """An operator says what became of an UNKNOWN order: CANCELED, REJECTED, or NOT_SENT (which is DENIED)."""

    client_order_id: str
    becomes: OrderStatus
    resolution: Resolution
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class ProveNotSent:
    """Durable evidence, in words, says that no frame of the UNKNOWN order ever went to the broker."""

    client_order_id: str
    text: str
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class RecordFill:
    """The broker executed some of the order."""

    client_order_id: str
    fill: Fill
    perm_id: int
    event_time: int
    receive_time: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecordCommission:
    """The broker told what an execution cost; currency."""

    execution_id: str
    amount: Decimal
    realized_pnl: Decimal | None
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class RequestCancel:
    """Somebody wants the rest of the order taken back."""

    client_order_id: str
    reason: str
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class RecordCancel:
    """The broker confirmed that the order is canceled; `perm_id` 0 means all that bears its name."""

    client_order_id: str
    reason: str
    text: str
    event_time: int
    receive_time: int
    perm_id: int = 0


@dataclass(frozen=True, slots=True)
class RecordReject:
    """The broker refused the order."""

    client_order_id: str
    reason: str
    text: str
    event_time: int
    receive_time: int


@dataclass(frozen=True, slots=True)
class MarkUnknown:
    """Nobody can prove what became of the order."""

    client_order_id: str
    reason: str
    text: str
    event_time: int
    receive_time: int


Command = (
    Admit
    | Deny
    | Withhold
    | MarkSent
    | Acknowledge
    | Reopen
    | Resolve
    | ProveNotSent
    | RecordFill
    | RecordCommission
    | RequestCancel
    | RecordCancel
    | RecordReject
    | MarkUnknown
)

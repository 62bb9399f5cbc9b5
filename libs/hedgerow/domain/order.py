"""Intents and orders: what a strategy wants and what execution works at the broker."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.instrument import Instrument


class Side(StrEnum):
    """Direction of an order or fill."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """How an order is priced."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"


class TimeInForce(StrEnum):
    """How long an order stands."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"


class OrderStatus(StrEnum):
    """States of an order; DENIED is our risk, REJECTED the broker, UNKNOWN unproven."""

    PENDING = "PENDING"  # intent journaled with its verdict, frame not yet sent
    SENT = "SENT"  # handed to the broker link, not acknowledged
    WORKING = "WORKING"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"

    @property
    def is_terminal(self) -> bool:
        """Whether no further execution report is expected."""
        return self in _TERMINAL


_TERMINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.DENIED})


@dataclass(frozen=True, slots=True)
class Intent:
    """What a strategy wants; `intent_id` is its idempotency key.

    `quantity` is in shares or contracts and positive; `limit_price` in currency per share
    (None for MARKET); `decision_sequence` joins it to the decision record that explains it;
    `quote_time` (ns UTC, market) and bid/ask are the quote it was decided on; `reason` is
    the composite delta state (for example HEDGE_NEEDED) or an operator's reason;
    `quote_delayed` says that the quote was delayed market data, which no order may follow;
    `traceparent` is the W3C trace context of the decision, empty when it is not traced;
    `run_id` is the run of the daemon that wants it, empty for a person's, and no part of the payload.
    """

    intent_id: str
    strategy: str
    account: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    decision_sequence: int
    reason: str
    bid: float | None
    ask: float | None
    quote_time: int
    quote_age_ms: float
    created_at: int
    quote_delayed: bool = False
    traceparent: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """One order as risk is asked about it: an intent plus what execution alone knows.

    `quote_age_ms` is the age at this request and `quote_limit_ms` the freshness limit in force,
    both ms of market time corrected for replay speed; `journal_sequence` is the point of
    execution's journal risk's fold must have reached; `created_at` is market ns UTC.
    """

    intent_id: str
    strategy: str
    account: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    reduce_only: bool
    bid: float | None
    ask: float | None
    quote_age_ms: float
    quote_limit_ms: float
    journal_sequence: int
    created_at: int
    quote_delayed: bool = False
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one risk rule said of one intent, with the values it compared."""

    rule: str
    allowed: bool
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Risk's answer to one intent, whole: allowed only if every rule allowed.

    `rule_set_hash` and `rule_set_version` name the rules; `expires_at` is wall ns UTC;
    `epoch` is risk's process epoch.
    """

    intent_id: str
    allowed: bool
    reason: str
    rules: tuple[RuleVerdict, ...]
    rule_set_version: int
    rule_set_hash: str
    epoch: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class ApprovedOrder:
    """An intent that risk allowed: the only type the broker link transmits."""

    intent: Intent
    verdict: Verdict
    client_order_id: str
    broker_order_id: int

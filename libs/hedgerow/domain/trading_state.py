"""States a whole account, link or service can be in, and the operator's lamp."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TradingState(StrEnum):
    """Risk's gate over all orders: REDUCING passes reduce-only orders, HALTED cancels only."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class LinkState(StrEnum):
    """A broker link as its owner sees it."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    RECONCILING = "RECONCILING"
    READY = "READY"


@dataclass(frozen=True, slots=True)
class BrokerLink:
    """One service's broker connection; `next_retry_time` is wall ns UTC, 0 when none is due."""

    state: LinkState
    reason: str = ""
    next_retry_time: int = 0
    since: int = 0


class StatusLamp(StrEnum):
    """Enough by itself to tell normal, degraded and broken."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"

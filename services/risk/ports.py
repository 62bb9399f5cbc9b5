"""What risk needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hedgerow.domain.trading_state import TradingState
from services.risk.domain.desk import Answered, Moment


@dataclass(frozen=True, slots=True)
class StateRequest:
    """An operator's request to set the trading state; `request_id` is its idempotency key, `wall_ns` when it came."""

    request_id: str
    trading_state: TradingState
    actor: str
    reason: str
    wall_ns: int


class Records(Protocol):
    """What risk keeps on disk."""

    def write_answers(self, answers: Sequence[Answered]) -> None:
        """Queues verdicts; never waits and never raises for a failing disk."""

    async def write_state(self, request: StateRequest) -> None:
        """Makes a trading state durable; raises Unavailable when the disk fails."""


class Now(Protocol):
    """The time of a decision."""

    def __call__(self) -> Moment:
        """Wall time and CLOCK_MONOTONIC, now."""

"""What the daemon needs of the world around it."""

from __future__ import annotations

from typing import Protocol

from hedgerow.domain.order import Intent
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.observation import Observation


class Recorder(Protocol):
    """Keeps every observation with its decision before anything is done about it."""

    def append(self, observation: Observation, decision: Decision) -> None:
        """Hands both to the operating system; raises JournalUnavailable when it cannot."""


class Orders(Protocol):
    """The way to execution."""

    def submit(self, intent: Intent) -> None:
        """Queues an intent on the stream; never sends it twice."""

    def cancel(self, client_order_id: str) -> None:
        """Queues a cancel on the stream."""

    def query(self, intent_id: str) -> None:
        """Asks execution what it knows of an intent; the answer comes as an order event."""

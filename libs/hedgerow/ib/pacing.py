"""The broker's message budget: 50 a second for orders and cancels together, part of it kept for cancels."""

from __future__ import annotations

import time
from collections import deque

MESSAGES_PER_SECOND = 45
"""Below the broker's 50, for its second is not ours."""

KEPT_FOR_CANCELS = 10


class MessageBudget:
    """Counts what left in the last second, wall time."""

    def __init__(self, limit: int = MESSAGES_PER_SECOND, kept: int = KEPT_FOR_CANCELS) -> None:
        self._limit, self._kept = limit, kept
        self._sent: deque[float] = deque()

    def take(self, now: float, cancel: bool) -> bool:
        """Takes one message from the budget at CLOCK_MONOTONIC second `now`; False when there is none left."""
        while self._sent and now - self._sent[0] >= 1.0:
            self._sent.popleft()
        if len(self._sent) >= (self._limit if cancel else self._limit - self._kept):
            return False
        self._sent.append(now)
        return True

    def take_now(self, cancel: bool) -> bool:
        """Takes one message from the budget now."""
        return self.take(time.monotonic(), cancel)

"""The broker's budgets: 50 messages a second for orders and cancels together, part kept for cancels; 60 histories."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

MESSAGES_PER_SECOND = 45
"""Below the broker's 50, for its second is not ours."""

KEPT_FOR_CANCELS = 10

HISTORIES = 58
HISTORY_WINDOW_S = 600.0
"""Below the broker's 60 in ten minutes, for its ten minutes are not ours."""

SAME_HISTORY_S = 15.0
"""The broker refuses the very same request within this time."""


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


class HistoryBudget(Generic[T]):
    """Counts historical requests, wall time, and keeps each answer for as long as the same may not be asked again."""

    def __init__(self, limit: int = HISTORIES) -> None:
        self._limit = limit
        self._sent: deque[float] = deque()
        self._answers: dict[Hashable, tuple[float, T]] = {}

    def answer(self, request: Hashable, now: float) -> T | None:
        """What the very same request got within the last seconds, if it was asked."""
        self._answers = {key: kept for key, kept in self._answers.items() if now - kept[0] < SAME_HISTORY_S}
        kept = self._answers.get(request)
        return None if kept is None else kept[1]

    def keep(self, request: Hashable, now: float, answer: T) -> None:
        """Keeps what a request got."""
        self._answers[request] = (now, answer)

    def take(self, now: float) -> float:
        """Takes one request from the budget at CLOCK_MONOTONIC second `now`; else the seconds until there is one."""
        while self._sent and now - self._sent[0] >= HISTORY_WINDOW_S:
            self._sent.popleft()
        if len(self._sent) >= self._limit:
            return self._sent[0] + HISTORY_WINDOW_S - now
        self._sent.append(now)
        return 0.0

"""The gateway's message budget, shared by all connections, part of it kept for cancels."""

from __future__ import annotations

from collections import deque


class RateBudget:
    """Counts messages forwarded within the last second; `now` is CLOCK_MONOTONIC seconds."""

    def __init__(self, limit: int, kept: int) -> None:
        self._limit, self._kept = limit, kept
        self._sent: deque[float] = deque()

    def left(self, now: float, cancel: bool) -> int:
        """Messages that may still leave, never below 0."""
        while self._sent and now - self._sent[0] >= 1.0:
            self._sent.popleft()
        return max(0, (self._limit if cancel else self._limit - self._kept) - len(self._sent))

    def note(self, now: float) -> None:
        """One message leaves."""
        self._sent.append(now)

    def take(self, now: float, cancel: bool) -> bool:
        """One message leaves if it may; whether it may."""
        allowed = self.left(now, cancel) > 0
        if allowed:
            self.note(now)
        return allowed

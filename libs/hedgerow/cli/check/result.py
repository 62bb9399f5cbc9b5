"""What a check found out about one criterion."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """Only HOLDS counts as shown; SKIPPED was left out by an option, or for want of one."""

    HOLDS = "holds"
    FAILS = "FAILS"
    SKIPPED = "skipped"
    NOT_SERVED = "not served yet"

    @property
    def blocks(self) -> bool:
        """Whether it keeps a phase from passing."""
        return self in (Outcome.FAILS, Outcome.NOT_SERVED)


class Result(NamedTuple):
    """Outcome and, in words, what was seen."""

    outcome: Outcome
    detail: str

    @property
    def ok(self) -> bool:
        """Whether the criterion was shown to hold."""
        return self.outcome is Outcome.HOLDS


class Row(NamedTuple):
    """One line of the report: what was checked, what came of it, how it was shown."""

    id: str
    phase: int
    result: Result
    how: str


def holds(detail: str) -> Result:
    """Shown."""
    return Result(Outcome.HOLDS, detail)


def skipped(detail: str) -> Result:
    """Left out by an option, or for want of one."""
    return Result(Outcome.SKIPPED, detail)


def not_served(detail: str) -> Result:
    """Its parts do not exist yet."""
    return Result(Outcome.NOT_SERVED, detail)


class Failed(Exception):
    """A criterion does not hold; the message says what was seen instead."""


def require(condition: object, otherwise: str) -> None:
    """Raises Failed saying `otherwise` unless the condition is true."""
    if not condition:
        raise Failed(otherwise)

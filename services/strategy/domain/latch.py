"""What an operator told this strategy to be until told otherwise: nothing, PAUSED or FLATTENED."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from hedgerow.domain.command import CommandKind


class Latch(StrEnum):
    """A pause that stands until a RESUME; its value is the block reason."""

    NONE = ""
    PAUSED = "PAUSED"
    FLATTENED = "FLATTENED"
    KILLED = "KILLED"  # execution's alone, and lifted there by its name


class Answered(NamedTuple):
    """A command this strategy has carried out, as its store remembers it."""

    acked_ns: int
    sequence: int
    kind: CommandKind


def after(latch: Latch, kind: CommandKind) -> Latch:
    """The latch once a command of that kind was carried out; a pause does not lighten a flatten."""
    if kind is CommandKind.FLATTEN:
        return Latch.FLATTENED
    if kind is CommandKind.RESUME:
        return Latch.NONE
    if kind is CommandKind.PAUSE and latch is Latch.NONE:
        return Latch.PAUSED
    return latch


def standing(answered: Iterable[Answered]) -> Latch:
    """The latch that stands after everything carried out so far, in whatever order it is told."""
    latch = Latch.NONE
    for each in sorted(answered):
        latch = after(latch, each.kind)
    return latch

"""What execution and the egress guard agree on: the mark in the connect options, and the guard's own error codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

_MARK = re.compile(r"hedgerow=([a-z][a-z-]{0,31})/([1-9][0-9]{0,17})/([1-9][0-9]{0,17})")
_PREFIX = "hedgerow="


@dataclass(frozen=True, slots=True)
class WriterMark:
    """Who connects: its role, its writer epoch, and which of its sessions able to send this is, from 1."""

    role: str
    epoch: int
    session: int

    def __str__(self) -> str:
        return f"{_PREFIX}{self.role}/{self.epoch}/{self.session}"


def take_mark(options: str) -> tuple[WriterMark | None, str]:
    """The mark among connect options, None when there is none, and the options without it.

    Raises ValueError for a damaged mark, or two.
    """
    marks: list[str] = []
    rest: list[str] = []
    for word in options.split():
        (marks if word.startswith(_PREFIX) else rest).append(word)
    if not marks:
        return None, " ".join(rest)
    found = _MARK.fullmatch(marks[0])
    if found is None or len(marks) > 1:
        raise ValueError(f"connect options: {' '.join(marks)[:80]!r} is no {_PREFIX}<role>/<epoch>/<session>")
    return WriterMark(found[1], int(found[2]), int(found[3])), " ".join(rest)


class EgressCode(IntEnum):
    """Codes of errors the guard answers with, where no broker has any; an order's carries that order's id.

    Except for the last two, not one byte of what they answer was forwarded, and never will be.
    """

    BUDGET = 90100
    """The message budget is used up."""
    LATCHED = 90101
    """A latch stands."""
    NO_LOG = 90102
    """The frame log takes no writes."""
    GATEWAY_BUSY = 90103
    """The gateway does not read what it was sent before."""
    STALE_EPOCH = 90110
    """A newer writer has connected; about the connection, or one order of it."""
    REFUSED = 90111
    """The connection does not say who it is, or does not follow the protocol."""


ORDER_REFUSALS = frozenset({EgressCode.BUDGET, EgressCode.LATCHED, EgressCode.NO_LOG, EgressCode.GATEWAY_BUSY})
"""Codes that answer one order frame: it never left."""

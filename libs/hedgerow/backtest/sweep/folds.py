"""Walk-forward: windows of days to choose on, each followed by the days the choice is held to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from hedgerow.domain.errors import InvalidValue


class Fold(NamedTuple):
    """Days to choose a combination on, and the days after them that judge the choice."""

    train: tuple[date, ...]
    test: tuple[date, ...]


def parse_walk_forward(text: str) -> tuple[int, int]:
    """`train:test` as numbers of trading days; raises InvalidValue."""
    parts = text.split(":")
    if len(parts) != 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InvalidValue("--walk-forward", text, "train:test, whole trading days", "for example --walk-forward 10:2")
    return int(parts[0]), int(parts[1])


def folds(days: Sequence[date], train: int, test: int) -> tuple[Fold, ...]:
    """As many windows as fit, each `test` days later than the one before, so that no day is tested twice.

    Days at the end that fill no whole test window are left out. Raises InvalidValue when not one window fits.
    """
    if len(days) < train + test:
        rule = f"at most {len(days)} trading days in all, as many as there are data for"
        raise InvalidValue("--walk-forward", f"{train}:{test}", rule, "take shorter windows or more tapes")
    starts = range(0, len(days) - train - test + 1, test)
    return tuple(
        Fold(tuple(days[start : start + train]), tuple(days[start + train : start + train + test])) for start in starts
    )

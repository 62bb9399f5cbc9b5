"""The operator's latch: what was carried out last decides, a pause does not lighten a flatten."""

from __future__ import annotations

import itertools

import pytest

from hedgerow.domain.command import CommandKind
from services.strategy.domain.latch import Answered, Latch, standing

PAUSE, FLATTEN, RESUME = CommandKind.PAUSE, CommandKind.FLATTEN, CommandKind.RESUME


@pytest.mark.parametrize(
    ("kinds", "latch"),
    [
        ((), Latch.NONE),
        ((PAUSE,), Latch.PAUSED),
        ((PAUSE, RESUME), Latch.NONE),
        ((FLATTEN, PAUSE), Latch.FLATTENED),
        ((PAUSE, FLATTEN), Latch.FLATTENED),
        ((FLATTEN, RESUME, PAUSE), Latch.PAUSED),
        ((RESUME, PAUSE, CommandKind.STOP, CommandKind.RESET_LATCH), Latch.PAUSED),
    ],
)
def test_the_latch_follows_from_what_was_carried_out_in_whatever_order_it_is_told(
    kinds: tuple[CommandKind, ...], latch: Latch
) -> None:
    answered = [Answered(number, number, kind) for number, kind in enumerate(kinds, 1)]
    for told in itertools.permutations(answered):
        assert standing(told) is latch

"""The cases about clocks hold, and a planted bug of each kind is found among a few hundred of them."""

from __future__ import annotations

import time
from typing import cast

import pytest

from hedgerow.store import lease
from hedgerow.torture.families.clock_jumps import LEASE_S, clock_jumps
from hedgerow.torture.registry import CaseFailed
from hedgerow.torture.rig import Rig

CASES = 300
RIG = cast(Rig, None)  # pure cases leave it alone


def failed() -> int:
    """How many of the cases broke the promise."""
    broken = 0
    for seed in range(CASES):
        try:
            clock_jumps(seed, RIG)
        except CaseFailed:
            broken += 1
    return broken


def test_no_jump_extends_or_ends_a_lease() -> None:
    wall = time.time()
    assert failed() == 0
    assert 0 <= time.time() - wall < 60  # the time of day is given back


def test_a_lease_by_the_time_of_day_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease.Lease, "held", lambda self: time.time() < 1e9 + LEASE_S)
    assert failed() > 0


def test_a_term_that_lasts_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(self: lease.Term, began: float) -> None:
        self._until = began + 2 * LEASE_S

    monkeypatch.setattr(lease.Term, "beaten", beaten)
    assert failed() > 0

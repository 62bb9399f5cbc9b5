"""Promise 14 on pure code: whatever is done to the time of day, a lease ends when its seconds have passed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from hedgerow.store.backend import Pulse
from hedgerow.store.engine import Store
from hedgerow.store.lease import Lease, Term, Vigil
from hedgerow.torture.registry import Kind, family, require

if TYPE_CHECKING:
    from hedgerow.torture.rig import Rig

LEASE_S = 3.0
DAY_S = 86_400.0
JUMPS_S = (0.0, 1.0, -1.0, 60.0, -60.0, 3600.0, -3600.0, DAY_S, -DAY_S)
STEPS = ("begin", "land", "hear", "look")


class _Lock:
    """A writer's lock that nobody has taken away."""

    def held(self) -> bool:
        return True


@family("clock-jumps", promise=14, kind=Kind.PROPERTY, release=1_000)
def clock_jumps(seed: int, rig: Rig) -> None:
    """The time of day jumps by seconds to days under a lease, its holder, and one who waits on a clock that drifts."""
    dice = random.Random(seed)
    wall = [1e9 + dice.uniform(-0.5, 0.5) * DAY_S]
    with _time_of_day(wall):
        _one_lease(dice, wall)
        _two_sides(dice, wall)


def _one_lease(dice: random.Random, wall: list[float]) -> None:
    """Without a beat it is held for its seconds, not one less or more."""
    steady = [dice.uniform(1.0, 1e6)]
    lease, passed = Lease(cast(Store, _Lock()), LEASE_S, lambda: steady[0]), 0.0
    for _ in range(dice.randrange(1, 12)):
        wall[0] += dice.choice(JUMPS_S)
        pause = dice.choice((0.0, dice.uniform(0.0, LEASE_S)))
        steady[0] += pause
        passed += pause
        if abs(passed - LEASE_S) > 1e-6:  # on the edge the sums of floats decide
            require(lease.held() is (passed < LEASE_S), f"held {lease.held()} after {passed:.6f} s of {LEASE_S:g}")


def _two_sides(dice: random.Random, wall: list[float]) -> None:
    """Never does one take the place of a holder that may still act."""
    drift, now, beats = dice.uniform(-0.1, 0.1), 100.0, 0
    term, vigil = Term(LEASE_S), Vigil(LEASE_S)
    term.beaten(now)
    began: float | None = None
    landed = replaced = False
    for _ in range(dice.randrange(10, 120)):
        wall[0] += dice.choice(JUMPS_S)
        now += dice.choice((dice.uniform(0.0, 0.5), dice.uniform(0.0, 5.0)))
        step = dice.choice(STEPS)
        if step == "begin":
            began, landed = now, False
        elif step == "land" and began is not None and not replaced:
            beats, landed = beats + 1, True
        elif step == "hear" and began is not None and landed:
            term.beaten(began)
            began, landed = None, False
        elif step == "look":
            replaced = vigil.saw(Pulse("holder", beats), now * (1 + drift)) is not None or replaced
        require(not (replaced and term.holds(now)), f"two may write at {now:.3f} s, drift {drift:+.3f}")


@contextmanager
def _time_of_day(wall: list[float]) -> Iterator[None]:
    """Every question for the time of day is answered by `wall`, seconds; nothing else runs meanwhile."""
    real = time.time, time.time_ns
    time.time, time.time_ns = lambda: wall[0], lambda: int(wall[0] * 1e9)
    try:
        yield
    finally:
        time.time, time.time_ns = real

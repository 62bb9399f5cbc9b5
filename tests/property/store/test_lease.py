"""The lease under any course of pauses, lost beats and clocks that jump: never two that may write at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import Unavailable
from hedgerow.store.backend import Pulse
from hedgerow.store.engine import open_store
from hedgerow.store.lease import MARGIN, Lease, Term, Vigil, steady_now

LEASE_S = 3.0
DAY_S = 86_400.0
JUMPS = st.sampled_from([0.0, 1.0, -1.0, 60.0, -60.0, 3600.0, -3600.0, DAY_S, -DAY_S])


@dataclass
class Course:
    """A holder and one who waits, each on a steady clock of its own: `drift` is how much faster the second one runs."""

    drift: float
    now: float = 100.0
    beats: int = 0
    term: Term = field(default_factory=lambda: Term(LEASE_S))
    vigil: Vigil = field(default_factory=lambda: Vigil(LEASE_S))
    replaced: bool = False
    began: float | None = None
    landed: bool = False

    def look(self) -> None:
        """Who waits sees the pulse, and takes the place if it has been still for long enough: in one stroke."""
        still = self.vigil.saw(Pulse("holder", self.beats), self.now * (1 + self.drift))
        self.replaced = self.replaced or still is not None


@given(
    st.floats(-0.1, 0.1),
    st.lists(st.tuples(st.sampled_from(["begin", "land", "hear", "look"]), st.floats(0.0, 5.0), JUMPS), max_size=120),
)
@settings(max_examples=2000, deadline=None)
def test_never_two_writers(drift: float, steps: list[tuple[str, float, float]]) -> None:
    """A beat begins, is seen by the store later, and its holder hears of it later still, if ever; any pause between."""
    course = Course(drift)
    course.term.beaten(course.now)
    wall = course.now
    for what, pause_s, jump in steps:
        wall += jump  # nobody asks for it
        course.now += pause_s
        if what == "begin":
            course.began, course.landed = course.now, False
        elif what == "land" and course.began is not None and not course.replaced:
            course.beats += 1
            course.landed = True
        elif what == "hear" and course.began is not None and course.landed:
            course.term.beaten(course.began)
            course.began, course.landed = None, False
        elif what == "look":
            course.look()
        assert not (course.replaced and course.term.holds(course.now))


def test_who_waits_is_more_patient_than_a_drifting_clock() -> None:
    assert MARGIN > 1.1 / 0.9


@given(st.lists(JUMPS, min_size=1, max_size=20), st.floats(0.0, 2 * LEASE_S))
@settings(max_examples=200, deadline=None)
def test_a_wall_clock_that_jumps_extends_and_ends_nothing(
    tmp_path_factory: pytest.TempPathFactory, jumps: list[float], passed_s: float
) -> None:
    store = _store(tmp_path_factory)
    steady, walls = [1000.0], iter(jumps)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: 1e9 + next(walls, 0.0))
        patched.setattr(time, "time_ns", lambda: int(1e18 + 1e9 * next(walls, 0.0)))
        lease = Lease(store, LEASE_S, lambda: steady[0])
        steady[0] += passed_s
        assert lease.held() is (passed_s < LEASE_S)
        if passed_s >= LEASE_S:
            with pytest.raises(Unavailable):
                lease.require()


_stores: dict[Path, object] = {}


def _store(factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    base = factory.getbasetemp()
    if base not in _stores:
        _stores[base] = open_store(base / "lease-store", "execution")
    return _stores[base]


def test_the_steady_clock_is_none_that_anyone_sets() -> None:
    before, wall = steady_now(), time.time()
    assert steady_now() >= before
    assert abs(steady_now() - wall) > DAY_S  # since the host started, not since 1970

"""Counts add up, seeds are the same everywhere, and a token brings a case back."""

from __future__ import annotations

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.torture.plan import Group, interleaved, replayed, spread
from hedgerow.torture.registry import Family, Kind, families, mix


def _family(name: str, promise: int, kind: Kind, release: int) -> Family:
    return Family(name, promise, kind, release, 25, lambda seed, rig: None)


MANY = [
    _family("kill", 1, Kind.PROCESS, 1000), _family("crash", 1, Kind.CRASH, 9000),
    _family("fold", 4, Kind.PROPERTY, 1_000_000), _family("tcp", 4, Kind.PROCESS, 2000),
]  # fmt: skip


@pytest.mark.parametrize("cases", [1, 2, 3, 4, 5, 17, 100, 2000, 12_345])
def test_a_total_is_spread_whole(cases: int) -> None:
    counts = spread(MANY, cases)
    assert sum(counts.values()) == cases
    assert all(counts.values()) or cases < len(MANY)


def test_the_spread_follows_the_release_counts() -> None:
    counts = spread(MANY, 10_000)
    assert counts["crash"] == pytest.approx(9 * counts["kill"], rel=0.02)
    assert spread(MANY, None) == {one.name: one.release for one in MANY}


def test_groups_cover_every_case_with_seeds_of_their_own() -> None:
    counts = spread(MANY, 500)
    groups = list(interleaved(MANY, counts, seed=7))
    assert sum(group.count for group in groups) == 500
    seeds = [group.case_seed(number) for group in groups for number in range(group.count)]
    assert len(set(seeds)) == 500
    assert groups == list(interleaved(MANY, counts, seed=7))
    assert groups != list(interleaved(MANY, counts, seed=8))


def test_a_seed_is_the_same_on_every_machine() -> None:
    assert mix(1, "kill", 0) == 99_453_511_326_446


def test_a_token_brings_a_case_back() -> None:
    one = families()[0]
    group = replayed(Group(one.name, 99, 25).token(3))
    assert (group.family, group.seed, group.count) == (one.name, 99, 4)
    assert group.first == (0 if one.needs_world else 3)


@pytest.mark.parametrize("token", ["", "nobody:1/2", "x", "x:1", "x:1/"])
def test_a_token_of_nothing_is_refused(token: str) -> None:
    with pytest.raises(InvalidValue):
        replayed(token)


def test_no_cases_and_no_promise_are_refused() -> None:
    with pytest.raises(InvalidValue):
        spread(MANY, 0)
    with pytest.raises(InvalidValue):
        families(999)

"""Which cases a run has: counts per family, and groups of cases with seeds of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hedgerow.domain.errors import InvalidValue
from hedgerow.torture.registry import Family, Kind, family_named, mix

PURE_WEIGHT = 0.002
"""What a pure case weighs against one with processes when a total is spread: it costs a thousandth or less."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cases `first` to `first + count - 1` of the world with that seed; earlier ones are only its history."""

    family: str
    seed: int
    count: int
    first: int = 0

    def case_seed(self, number: int) -> int:
        """The seed of one of its cases."""
        return mix(self.seed, number)

    def token(self, number: int) -> str:
        """What `--replay` takes for one of its cases."""
        return f"{self.family}:{self.seed}/{number}"


def spread(chosen: Sequence[Family], cases: int | None) -> dict[str, int]:
    """Cases per family: the release counts, or `cases` in proportion to them, at least one each while they last."""
    if cases is None:
        return {one.name: one.release for one in chosen}
    if cases < 1:
        raise InvalidValue("--cases", cases, "at least 1")
    weights = {one.name: one.release * (PURE_WEIGHT if one.kind is Kind.PROPERTY else 1.0) for one in chosen}
    first = sorted(weights, key=lambda name: -weights[name])[:cases]
    counts = {name: 1 if name in first else 0 for name in weights}
    total, left = sum(weights.values()), cases - len(first)
    shares = {name: left * weight / total for name, weight in weights.items()}
    for name, share in shares.items():
        counts[name] += int(share)
    for name in sorted(shares, key=lambda name: int(shares[name]) - shares[name])[: cases - sum(counts.values())]:
        counts[name] += 1
    return counts


def groups(one: Family, count: int, seed: int) -> Iterator[Group]:
    """The family's cases of a run, in groups."""
    for number, done in enumerate(range(0, count, one.group)):
        yield Group(one.name, mix(seed, one.name, number), min(one.group, count - done))


def interleaved(chosen: Sequence[Family], counts: dict[str, int], seed: int) -> Iterator[Group]:
    """All groups of a run, so ordered that each family is as far along as the others at any time."""
    waiting = {one.name: list(groups(one, counts[one.name], seed)) for one in chosen if counts[one.name]}
    done = dict.fromkeys(waiting, 0)
    while waiting:
        name = min(waiting, key=lambda each: done[each] / counts[each])
        group = waiting[name].pop(0)
        done[name] += group.count
        if not waiting[name]:
            del waiting[name]
        yield group


def replayed(token: str) -> Group:
    """The group that brings back the case a token names; raises InvalidValue."""
    name, _, rest = token.partition(":")
    seed, _, number = rest.partition("/")
    if not (seed.isdigit() and number.isdigit()):
        raise InvalidValue("--replay", token, "FAMILY:SEED/NUMBER, as a failed run prints it")
    one = family_named(name)
    return Group(name, int(seed), int(number) + 1, first=0 if one.needs_world else int(number))

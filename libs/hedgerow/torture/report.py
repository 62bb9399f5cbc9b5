"""What a run came to: by promise and kind, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hedgerow.torture.pool import Failure, Tally
from hedgerow.torture.registry import Family, Kind

REPLAYS = 10
"""Failing cases of a promise that are named."""


@dataclass(frozen=True, slots=True)
class Row:
    """One promise attacked in one way; `struck` counts the cases whose fault came to pass."""

    promise: int
    kind: Kind
    cases: int
    struck: int
    failures: tuple[Failure, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """A run; `seconds` is wall time."""

    seed: int
    seconds: float
    rows: tuple[Row, ...]
    samples: dict[str, list[float]]
    """What was measured by the way, by name; seconds."""
    commits: tuple[str, ...]
    """What it was run on; more than one where a ledger was gone on with after a change."""

    @property
    def cases(self) -> int:
        """All of them."""
        return sum(row.cases for row in self.rows)

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        return any(row.failures for row in self.rows)

    def document(self) -> dict[str, Any]:
        """The JSON of `--json`."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "promises": [
                {
                    "promise": row.promise, "kind": row.kind.value, "cases": row.cases, "failures": len(row.failures),
                    "replay": [replay_command(one) for one in row.failures[:REPLAYS]],
                }
                for row in self.rows
            ],
        }  # fmt: skip

    def measured(self) -> list[str]:
        """One line per thing measured: median, 99th percentile, worst."""
        return [
            f"{name}: p50 {_percentile(values, 0.5):.3f} s, p99 {_percentile(values, 0.99):.3f} s, "
            f"worst {max(values):.3f} s of {len(values)}"
            for name, values in sorted(self.samples.items())
        ]

    def lines(self) -> list[str]:
        """For people: counts and speed, then each failure with the command that brings it back."""
        found = [f"{'promise':>7}  {'kind':<9}{'cases':>9}{'struck':>9}{'failures':>10}"]
        for row in self.rows:
            found.append(f"{row.promise:>7}  {row.kind.value:<9}{row.cases:>9}{row.struck:>9}{len(row.failures):>10}")
        speed = self.cases / self.seconds if self.seconds else 0.0
        found.append(f"{self.cases} cases in {self.seconds:.1f} s, {speed:.1f} cases/s, seed {self.seed}; simulated")
        found += self.measured()
        for row in self.rows:
            for one in row.failures[:REPLAYS]:
                found += ["", f"promise {row.promise} broken: {one.detail.rstrip()}", f"  {replay_command(one)}"]
        return found


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def replay_command(failure: Failure) -> str:
    """One command that runs the failed case again."""
    return f"hedgerow torture --replay {failure.token}"


def report_of(
    seed: int, seconds: float, chosen: Sequence[Family], tallies: dict[str, Tally], commits: Sequence[str]
) -> Report:
    """Families gathered by promise and kind."""
    rows: dict[tuple[int, Kind], Row] = {}
    for one in chosen:
        tally = tallies.get(one.name, Tally())
        key = (one.promise, one.kind)
        had = rows.get(key, Row(*key, 0, 0, (), 0.0))
        rows[key] = Row(
            *key,
            had.cases + tally.cases,
            had.struck + tally.struck,
            had.failures + tuple(tally.failures),
            had.seconds + tally.seconds,
        )
    samples: dict[str, list[float]] = {}
    for tally in tallies.values():
        for name, values in tally.samples.items():
            samples.setdefault(name, []).extend(values)
    ordered = sorted(rows, key=lambda each: (each[0], each[1].value))
    return Report(seed, seconds, tuple(rows[key] for key in ordered), samples, tuple(commits))

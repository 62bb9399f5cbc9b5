"""Folds a session log through `step` again and tells every decision that differs, bit for bit.

A run of another code version is folded with this code and named; a run of another record layout is refused and named:
only the code that wrote it can read it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.hosted import Hosted
from hedgerow.strategy.hosting import Kernel, Mode, load_kernel
from hedgerow.strategy.kinds import load
from hedgerow.strategy.observation import Observation
from hedgerow.strategy.protocol import params_from
from hedgerow.strategy.session_log import (
    DECISION,
    LAYOUT_DIGEST,
    Record,
    SessionHeader,
    SessionLogError,
    TornTail,
    read,
)


class FieldDifference(NamedTuple):
    """One field on both sides."""

    name: str
    recorded: float
    replayed: float


class Tick(NamedTuple):
    """One evaluation folded again; `position` counts the run's decisions from 1, `fields` are those that differ."""

    run: SessionHeader
    position: int
    observation: Observation
    recorded: Decision
    replayed: Decision
    intact: bool
    fields: tuple[FieldDifference, ...]

    @property
    def diverges(self) -> bool:
        """Whether the decision came out otherwise, or its record was altered after it was written."""
        return bool(self.fields) or not self.intact


class Run(NamedTuple):
    """The start of a run; `kernel` None and `refused` in words when this code cannot fold it."""

    header: SessionHeader
    params: Any
    kernel: Kernel | None
    refused: str


@dataclass(slots=True)
class RunReport:
    """One run folded again; `decisions` stays 0 when it was refused."""

    run_id: str
    kind: str
    config_hash: str
    recorded_code_version: str
    code_version: str
    refused: str = ""
    decisions: int = 0
    divergences: int = 0
    gaps: int = 0

    @property
    def same_code(self) -> bool:
        """Whether this code is the code that decided."""
        return self.recorded_code_version == self.code_version


@dataclass(slots=True)
class VerifyReport:
    """A whole log folded again; `first` is the first tick that diverges."""

    runs: list[RunReport] = field(default_factory=list)
    first: Tick | None = None
    torn_tail: TornTail | None = None

    @property
    def decisions(self) -> int:
        """Decisions folded again."""
        return sum(run.decisions for run in self.runs)

    @property
    def divergences(self) -> int:
        """Decisions that came out otherwise or whose record was altered."""
        return sum(run.divergences for run in self.runs)

    @property
    def gaps(self) -> int:
        """Places where sequence numbers leave one out."""
        return sum(run.gaps for run in self.runs)

    @property
    def refused(self) -> int:
        """Runs this code cannot fold."""
        return sum(bool(run.refused) for run in self.runs)

    @property
    def ok(self) -> bool:
        """Whether every recorded decision is there and came out the same."""
        return self.divergences == self.gaps == self.refused == 0


def same_bits(a: float, b: float) -> bool:
    """Equal value and sign of zero; NaN equals NaN whatever its payload, which no decision can depend on."""
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (a != a and b != b)
    return a == b


def differences(recorded: Decision, replayed: Decision) -> tuple[FieldDifference, ...]:
    """Every field that differs."""
    sides = zip(DECISION.names, DECISION.scalars(recorded), DECISION.scalars(replayed), strict=True)
    return tuple(FieldDifference(name, old, new) for name, old, new in sides if not same_bits(old, new))


def unaltered(record: Record) -> bool:
    """Whether the checksum holds and the decision's bytes are as this code writes them (a flag is 0 or 1)."""
    return record.intact and DECISION.pack(record.decision) == record.decision_bytes


def hosted(header: SessionHeader, mode: Mode) -> Run:
    """The run ready to be folded, or why not."""
    if header.layout != LAYOUT_DIGEST:
        why = f"its records have layout {header.layout}, this code reads {LAYOUT_DIGEST}; use the code that wrote them"
        return Run(header, None, None, why)
    try:
        kernel = load_kernel(mode, header.kind)
        params = params_from(load(header.kind).Params, header.params)
    except (InvalidValue, TypeError) as error:
        return Run(header, None, None, f"this code has no strategy {header.kind!r} with these parameters: {error}")
    return Run(header, params, kernel, "")


def runs(folder: Path, mode: Mode = "plain") -> Iterator[Run | Record | TornTail]:
    """The log's runs, each followed by its records; those of a refused run are left out.

    Raises SessionLogError, naming the last decision that could be read, when the log is damaged or empty.
    """
    last: Record | None = None
    folding = False
    try:
        for item in read(folder, altered=True):
            if isinstance(item, SessionHeader):
                if item.continues:
                    continue
                run = hosted(item, mode)
                folding = not run.refused
                yield run
            elif isinstance(item, TornTail):
                yield item
            elif folding:
                last = item
                yield item
    except SessionLogError as error:
        where = f"; the last decision before is {last.observation.sequence}" if last else ""
        raise SessionLogError(f"{error}{where}") from error


def replay(folder: Path, mode: Mode = "plain") -> Iterator[Run | Tick | TornTail]:
    """Every evaluation of the log, folded again one by one."""
    run: Run | None = None
    strategy: Hosted | None = None
    position = 0
    for item in runs(folder, mode):
        if isinstance(item, Run):
            run, position = item, 0
            strategy = Hosted(run.kernel, run.params) if run.kernel else None
            yield item
        elif isinstance(item, TornTail):
            yield item
        else:
            assert run is not None
            assert strategy is not None
            position += 1
            seen, recorded = item.observation, item.decision
            decision = strategy.decide(seen)
            same = DECISION.pack(decision) == item.decision_bytes
            fields = () if same else differences(recorded, decision)
            intact = item.intact and (same or unaltered(item))
            yield Tick(run.header, position, seen, recorded, decision, intact, fields)


def verify(folder: Path, mode: Mode = "plain") -> VerifyReport:
    """Fold the log in `folder` through this code's `step`.

    Raises SessionLogError when the log is damaged or empty.
    """
    report = VerifyReport()
    expected = 0
    for item in replay(folder, mode):
        if isinstance(item, TornTail):
            report.torn_tail = item
        elif isinstance(item, Run):
            report.runs.append(run_report(item))
            expected = 0
        else:
            told = report.runs[-1]
            told.decisions += 1
            sequence = item.observation.sequence
            told.gaps += int(expected != 0 and sequence != expected)
            expected = sequence + 1
            if item.diverges:
                told.divergences += 1
                report.first = report.first or item
    return report


def run_report(run: Run) -> RunReport:
    """A report on a run of which nothing was folded yet."""
    header = run.header
    version = run.kernel.code_version if run.kernel else ""
    return RunReport(header.run_id, header.kind, header.config_hash, header.code_version, version, run.refused)

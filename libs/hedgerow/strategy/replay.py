"""Folds a session log through `step` again and reports the first decision that differs, bit for bit."""

from __future__ import annotations

import importlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hedgerow.strategy.decision import Decision
from hedgerow.strategy.hosting import Mode, load_kernel
from hedgerow.strategy.session_log import DECISION, LAYOUT_DIGEST, Record, SessionHeader, TornTail, read


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field on both sides."""

    name: str
    recorded: float
    computed: float


@dataclass(frozen=True, slots=True)
class Divergence:
    """One decision that came out otherwise, field by field."""

    run_id: str
    sequence: int
    now: int
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """A whole log folded again; it holds when nothing diverges and no sequence number is missing.

    `unreadable_runs` were written by code with other record layouts: only that code can verify them.
    """

    runs: int
    unreadable_runs: int
    records: int
    divergences: int
    first_divergence: Divergence | None
    sequence_gaps: int
    torn_tail: TornTail | None
    recorded_code_version: str
    code_version: str
    config_hash: str

    @property
    def code_version_matches(self) -> bool:
        """Whether this code is the code that decided."""
        return self.recorded_code_version == self.code_version

    @property
    def ok(self) -> bool:
        """Whether every recorded decision came out the same."""
        return self.divergences == 0 and self.sequence_gaps == 0 and self.unreadable_runs == 0


def same_bits(a: float, b: float) -> bool:
    """Equal value and sign of zero; NaN equals NaN whatever its payload, which no decision can depend on."""
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (a != a and b != b)
    return a == b


def differences(recorded: Decision, computed: Decision) -> tuple[FieldDifference, ...]:
    """Every field that differs."""
    sides = zip(DECISION.names, DECISION.scalars(recorded), DECISION.scalars(computed), strict=True)
    return tuple(FieldDifference(name, old, new) for name, old, new in sides if not same_bits(old, new))


def verify(folder: Path, mode: Mode = "plain") -> VerifyReport:
    """Fold the log in `folder` through this code's `step`.

    Raises SessionLogError when the log is damaged or empty.
    """
    runs = unreadable = records = divergences = gaps = 0
    first: Divergence | None = None
    torn: TornTail | None = None
    recorded_version = config_hash = code_version = run_id = ""
    expected = 0
    step: Any = None
    params: Any = None
    state: Any = None
    for item in read(folder):
        if isinstance(item, TornTail):
            torn = item
        elif isinstance(item, SessionHeader):
            recorded_version, config_hash, run_id = item.code_version, item.config_hash, item.run_id
            if item.layout != LAYOUT_DIGEST:
                unreadable += int(not item.continues)
            elif not item.continues:
                kernel = load_kernel(mode, item.kind)
                step, code_version = kernel.step, kernel.code_version
                params = importlib.import_module(f"hedgerow.strategy.{item.kind}.params").Params(**item.params)
                state, expected = kernel.initial_state(params), 0
                runs += 1
        else:
            assert isinstance(item, Record)
            records += 1
            sequence = item.observation.sequence
            gaps += int(expected != 0 and sequence != expected)
            expected = sequence + 1
            state, decision = step(params, state, item.observation)
            if DECISION.pack(decision) != item.decision_bytes:
                fields = differences(item.decision, decision)
                if fields:
                    divergences += 1
                    first = first or Divergence(run_id, sequence, item.observation.now, fields)
    return VerifyReport(
        runs, unreadable, records, divergences, first, gaps, torn, recorded_version, code_version, config_hash
    )  # fmt: skip

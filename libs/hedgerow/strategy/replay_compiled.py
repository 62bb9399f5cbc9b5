"""The same fold over a whole stretch of records in one compiled loop, for logs too long for plain Python.

The loop is written from the record types: it builds each observation from columns, calls `step`, and writes the
decision's scalars back. What differs by more than a NaN's payload is then looked at record by record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hedgerow.strategy.codes import BlockReason
from hedgerow.strategy.generated import construct, imports, module, row_type
from hedgerow.strategy.hosting import cache_folder, compiled_functions
from hedgerow.strategy.kinds import load, sources_of
from hedgerow.strategy.observation import Observation
from hedgerow.strategy.replay import Run, Tick, VerifyReport, differences, run_report, runs, unaltered, verify
from hedgerow.strategy.session_log import DECISION, OBSERVATION, RECORD_SIZE, Record, TornTail

BATCH = 4096
"""Records folded at a time; a few MB of columns."""

_SOURCE = '''"""Folds columns through step; written by hedgerow.strategy.replay_compiled, never edited."""

{imports}
from hedgerow.strategy.compiled import compiled

step = None  # bound by the host


@compiled
def fold(params, state, rows, out):
    for index in range(rows.shape[0]):
        r, w = rows[index], out[index]
        state, d = step(params, state, {observation})
{stores}
    return state
'''


class Fold:
    """The compiled loop of one kind of strategy; the first of a code version takes as long as compiling does.

    `compiles` is False for a kind whose `step` is not marked as compiled.
    """

    def __init__(self, kind: str) -> None:
        step = load(kind).step
        loop = _loop_module()
        sources = (Path(str(loop.__file__)).resolve(), *sources_of(kind))
        twins = compiled_functions(sources, {loop.__name__: {"step": step}}, re.sub(r"\W", "_", kind))
        self.compiles = step in twins
        self._fold = twins[loop.fold]
        self._rows = row_type(f=OBSERVATION)
        self._out = row_type(f=DECISION)

    def __call__(self, params: Any, state: Any, records: list[Record]) -> tuple[Any, npt.NDArray[Any]]:
        """The state after the records, and the decisions' rows."""
        rows = np.frombuffer(b"".join(record.payload[: OBSERVATION.size] for record in records), dtype=self._rows)
        out = np.zeros(len(records), dtype=self._out)
        return self._fold(params, state, rows, out), out


def verify_compiled(folder: Path) -> VerifyReport:
    """As `replay.verify`, in compiled code; what it reports is the same.

    A strategy that does not compile, and a log in which one broke its contract, is folded in plain Python after all.
    Raises SessionLogError when the log is damaged or empty.
    """
    try:
        report = _verify(folder)
    except ArithmeticError:  # the daemon refuses from there on; plain Python's host knows how
        return verify(folder)
    first = report.first if report is not None else None
    if report is None or (first is not None and first.recorded.block_reason == BlockReason.STRATEGY_CONTRACT):
        return verify(folder)
    return report


def _verify(folder: Path) -> VerifyReport | None:
    """None when a strategy does not compile."""
    report = VerifyReport()
    folds: dict[str, Fold] = {}
    run: Run | None = None
    state: Any = None
    expected = 0
    for item in _stretches(runs(folder)):
        if isinstance(item, TornTail):
            report.torn_tail = item
        elif isinstance(item, Run):
            run, expected = item, 0
            report.runs.append(run_report(item))
            state = run.kernel.initial_state(run.params) if run.kernel else None
        else:
            assert run is not None
            kind = run.header.kind
            if kind not in folds:
                folds[kind] = Fold(kind)
            if not folds[kind].compiles:
                return None
            state, out = folds[kind](run.params, state, item)
            expected = _compare(report, run, item, out, expected)
    return report


def _compare(report: VerifyReport, run: Run, records: list[Record], out: npt.NDArray[Any], expected: int) -> int:
    """Counts what differs; the sequence number expected next."""
    told = report.runs[-1]
    whole = np.frombuffer(b"".join(record.payload for record in records), np.uint8).reshape(-1, RECORD_SIZE)
    sequences = whole[:, :8].copy().view("<i8").ravel()  # the first field of an observation
    told.gaps += int(np.count_nonzero(np.diff(sequences) != 1)) + int(expected not in (0, sequences[0]))
    replayed, size = out.tobytes(), DECISION.size
    different = np.any(whole[:, OBSERVATION.size :] != np.frombuffer(replayed, np.uint8).reshape(-1, size), axis=1)
    for index, record in enumerate(records):
        if not different[index] and record.intact:
            continue
        decision = DECISION.unpack(replayed[index * size : (index + 1) * size])
        fields, position = differences(record.decision, decision), told.decisions + index + 1
        intact = unaltered(record)
        tick = Tick(run.header, position, record.observation, record.decision, decision, intact, fields)
        if tick.diverges:
            told.divergences += 1
            report.first = report.first or tick
    told.decisions += len(records)
    return int(sequences[-1]) + 1


def _stretches(items: Iterator[Run | Record | TornTail]) -> Iterator[Run | list[Record] | TornTail]:
    """Records of one run together, at most BATCH at a time."""
    batch: list[Record] = []
    for item in items:
        if isinstance(item, Record):
            batch.append(item)
            if len(batch) < BATCH:
                continue
        if batch:
            yield batch
            batch = []
        if not isinstance(item, Record):
            yield item
    if batch:
        yield batch


def _loop_module() -> ModuleType:
    """The module holding the loop: a file in the cache folder, so that machine code can be kept for it."""
    types: set[type] = set()
    scalars = (f"r.f{index}" for index in range(len(OBSERVATION.names)))
    observation = construct(Observation, scalars, types)
    stores = "\n".join(f"        w.f{index} = d.{name}" for index, name in enumerate(DECISION.names))
    text = _SOURCE.format(imports=imports(types), observation=observation, stores=stores)
    return module("hedgerow.strategy.replay_loop", text, cache_folder())

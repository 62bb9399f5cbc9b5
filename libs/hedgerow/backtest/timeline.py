"""What state a strategy was in and when it was held back, as stretches of time short enough to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hedgerow.strategy.codes import (
    FIRST_BLOCK,
    BlockReason,
    DeltaState,
    ExecutionState,
    LiquidityState,
    MarketState,
    OptionState,
    SystemState,
)

Codes = NDArray[np.integer]

DIMENSIONS: dict[str, type[IntEnum]] = {
    "O": OptionState, "D": DeltaState, "M": MarketState, "L": LiquidityState, "E": ExecutionState, "S": SystemState,
}  # fmt: skip
"""The composite state's dimensions and their words."""

_SLICE_NS = 30 * 1_000_000_000
_MOST_SLICES = 2_000
_FREE = -2


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to `end`, ns UTC, something named so."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """One strategy's sessions, states and blocks; a state or reason is that of most evaluations of a slice.

    `shares`: of all evaluations in session per dimension and state, exactly, states that never were left out.
    """

    slice_ns: int
    sessions: tuple[tuple[int, int], ...]
    blocked: tuple[Stretch, ...]
    states: dict[str, tuple[Stretch, ...]]
    shares: dict[str, dict[str, float]]


def timeline_of(
    ts: NDArray[np.int64], codes: Mapping[str, Codes], block_reason: Codes, sessions: Sequence[tuple[int, int]]
) -> Timeline:
    """The timeline of evaluations at `ts` (ns, in order), a column of codes per dimension and one of block reasons.

    Slices are 30 s, longer where the sessions together would give more than 2,000. Where nothing was evaluated what
    was goes on.
    """
    length = sum(end - start for start, end in sessions)
    slice_ns = max(_SLICE_NS, -(-length // _MOST_SLICES))
    blocked: list[Stretch] = []
    states: dict[str, list[Stretch]] = {name: [] for name in codes}
    seen = {name: np.zeros(len(DIMENSIONS[name]), dtype=np.int64) for name in codes}
    for start, end in sessions:
        inside = slice(int(np.searchsorted(ts, start)), int(np.searchsorted(ts, end, side="right")))
        if inside.start == inside.stop:
            continue
        cells = np.minimum((ts[inside] - start) // slice_ns, (end - start - 1) // slice_ns)
        bounds = (start, end, slice_ns)
        for name, column in codes.items():
            most = _most(cells, column[inside], len(DIMENSIONS[name]))
            seen[name] += np.bincount(column[inside], minlength=len(DIMENSIONS[name]))
            states[name] += _stretches(_carried(most), bounds, DIMENSIONS[name])
        blocked += _stretches(_carried(_held(cells, block_reason[inside])), bounds, BlockReason)
    return Timeline(
        slice_ns, tuple((int(start), int(end)) for start, end in sessions), tuple(blocked),
        {name: tuple(runs) for name, runs in states.items()},
        {name: _shares(counts, DIMENSIONS[name]) for name, counts in seen.items()},
    )  # fmt: skip


def _most(cells: NDArray[np.int64], column: Codes, width: int) -> NDArray[np.int64]:
    """The code seen most often in each cell, the higher of two seen as often; -1 where none was."""
    count = int(cells[-1]) + 1
    seen = np.bincount(cells * width + column, minlength=count * width).reshape(count, width)
    most = width - 1 - np.argmax(seen[:, ::-1], axis=1)
    return np.where(seen.any(axis=1), most, -1)


def _held(cells: NDArray[np.int64], reasons: Codes) -> NDArray[np.int64]:
    """The reason most often given in each cell for holding a hedge back; _FREE where none was, -1 where none could."""
    held = reasons >= FIRST_BLOCK
    found = np.where(_most(cells, reasons, max(BlockReason) + 1) >= 0, _FREE, -1)
    if held.any():
        most = _most(cells[held], reasons[held], max(BlockReason) + 1)
        found[: len(most)] = np.where(most >= 0, most, found[: len(most)])
    return found


def _carried(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same with empty cells filled from the one before them; those before the first stay empty."""
    last = np.maximum.accumulate(np.where(cells != -1, np.arange(len(cells)), 0))
    return cells[last]


def _stretches(cells: NDArray[np.int64], bounds: tuple[int, int, int], words: type[IntEnum]) -> list[Stretch]:
    """Neighbouring equal cells as one stretch, empty ones left out."""
    start, end, slice_ns = bounds
    edges = np.flatnonzero(np.diff(cells)) + 1
    firsts = [0, *edges.tolist()]
    found = []
    for first, after in zip(firsts, [*firsts[1:], len(cells)], strict=True):
        if cells[first] >= 0:
            until = min(start + after * slice_ns, end)
            found.append(Stretch(int(start + first * slice_ns), int(until), words(cells[first]).name))
    return found


def _shares(seen: NDArray[np.int64], words: type[IntEnum]) -> dict[str, float]:
    total = max(1, int(seen.sum()))
    return {word.name: round(int(seen[word]) / total, 6) for word in words if seen[word]}

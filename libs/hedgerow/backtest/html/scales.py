"""From values and times to places in a drawing, and round numbers to write beside them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hedgerow.backtest.html.figures import local

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MINUTES = (5, 10, 15, 30, 60, 120)
_MINUTE_NS = 60 * 1_000_000_000


class Scale(NamedTuple):
    """Values from `low` to `high` on a drawing `height` high; the high ones are at the top, at 0."""

    low: float
    high: float
    height: float

    def at(self, value: float) -> float:
        """The place of a value, from the top."""
        return (self.high - value) / (self.high - self.low) * self.height


def scale_of(values: Iterable[float], height: float, margin: float = 0.06, zero: bool = False) -> Scale:
    """A scale that holds all finite values with some air; `zero`: and zero."""
    finite = [value for value in values if math.isfinite(value)]
    if zero or not finite:
        finite.append(0.0)
    low, high = min(finite), max(finite)
    air = (high - low) * margin if high > low else max(abs(high) * 0.001, 0.5)
    return Scale(low - air, high + air, height)


def round_ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers within the range, about so many."""
    raw = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * each for each in _STEPS if power * each >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def tick_decimals(ticks: Sequence[float]) -> int:
    """Decimals that tell these ticks apart."""
    if len(ticks) < 2:
        return 2
    step = ticks[1] - ticks[0]
    return next((d for d in range(4) if abs(step * 10**d - round(step * 10**d)) < 1e-6 * 10**d), 4)


class TimeTick(NamedTuple):
    """A mark of the time axis at `share` of its width; `major` ones stay on a narrow screen, `day` ones begin a day."""

    share: float
    label: str
    major: bool
    day: bool


class TimeAxis:
    """Sessions side by side with the time between them left out: an instant's share of the width, 0 to 1."""

    def __init__(self, sessions: Sequence[tuple[int, int]]) -> None:
        """`sessions`: (from, to) in ns, in time order, each of some length."""
        self.sessions = [(start, max(end, start + 1)) for start, end in sessions] or [(0, 1)]
        self._starts = [start for start, _ in self.sessions]
        self._before = [0]
        for start, end in self.sessions:
            self._before.append(self._before[-1] + end - start)
        self.total = self._before[-1]

    def share(self, ns: int) -> float:
        """Where that instant is; one between two sessions is where the later begins."""
        index = max(0, bisect_right(self._starts, ns) - 1)
        start, end = self.sessions[index]
        return (self._before[index] + min(max(ns, start), end) - start) / self.total

    def inside(self, ns: int) -> bool:
        """Whether that instant is within a session, ends included."""
        index = bisect_right(self._starts, ns) - 1
        return index >= 0 and ns <= self.sessions[index][1]

    def ticks(self, about: int = 14) -> list[TimeTick]:
        """About so many marks: clock times within a day or two, dates over more."""
        if len(self.sessions) > 2:
            every = -(-len(self.sessions) // about)
            return [
                TimeTick(self.share(start), f"{local(start):%-d %b}", index % (2 * every) == 0, True)
                for index, (start, _) in enumerate(self.sessions)
                if index % every == 0
            ]
        found = []
        step = self._minutes(about) * _MINUTE_NS
        for start, end in self.sessions:
            first = -(-start // step)
            for index in range(first, end // step + 1):
                share = self.share(index * step)
                found.append(TimeTick(share, f"{local(index * step):%H:%M}", index % 2 == 0, False))
        return found

    def breaks(self) -> list[float]:
        """Where one session ends and the next begins."""
        return [before / self.total for before in self._before[1:-1]]

    def _minutes(self, about: int) -> int:
        """Minutes between ticks, for some so many in all."""
        wanted = self.total / _MINUTE_NS / about
        return next((each for each in _MINUTES if each >= wanted), _MINUTES[-1])


def thinned(shares: Sequence[float], values: Sequence[float], most: int) -> list[int]:
    """Indices that draw the same line with few points: first, last, lowest and highest of each of `most`/4 slices."""
    if len(shares) <= most:
        return list(range(len(shares)))
    slices = max(1, most // 4)
    kept: list[int] = []
    start = 0
    for number in range(slices):
        end = len(shares) * (number + 1) // slices
        inside = [index for index in range(start, end) if math.isfinite(values[index])]
        if inside:
            low = min(inside, key=lambda index: values[index])
            high = max(inside, key=lambda index: values[index])
            kept += sorted({inside[0], low, high, inside[-1]})
        start = end
    return kept

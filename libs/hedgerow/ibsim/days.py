"""The days the simulator plays: one recorded tape, or seeded synthetic days without end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.times import MINUTE_NS, Hours
from hedgerow.tape.format import TapeColumns, TapeMeta
from hedgerow.tape.reader import read_tape
from hedgerow.tape.sessions import next_session
from hedgerow.tape.synth import synth_tape

# A Monday with an ordinary session; only the seed makes one run differ from another.
FIRST_DAY = dt.date(2024, 3, 4)
FIRST_SPOT = 100.0
_MARGIN_NS = 5 * MINUTE_NS


@dataclass(frozen=True, eq=False)
class MarketDay:
    """One day's rows and the market time they are played between, ns UTC.

    `number` counts from 0; `spot` is what a synthetic day was told to open at.
    """

    number: int
    meta: TapeMeta
    rows: TapeColumns
    start: int
    stop: int
    spot: float | None = None

    @property
    def hours(self) -> Hours:
        """The regular session."""
        return Hours(self.meta.session_open_ns, self.meta.session_close_ns)

    @property
    def interval_ns(self) -> int:
        """The rows' interval, 0 for ticks."""
        return self.meta.interval_ms * 1_000_000


class Days(Protocol):
    """Where days come from."""

    def first(self, number: int, spot: float | None) -> MarketDay:
        """The day to begin with: number 0, or after a restart the one it stopped in and its opening spot."""

    def following(self, day: MarketDay) -> MarketDay | None:
        """The day after, None when there is none."""


class RecordedDay:
    """One tape, then nothing."""

    def __init__(self, config: IbsimConfig) -> None:
        assert config.tape is not None
        tape = read_tape(config.tape)
        start = config.start_ns if config.start_ns is not None else tape.meta.session_open_ns - _MARGIN_NS
        stop = config.stop_ns if config.stop_ns is not None else tape.meta.session_close_ns + _MARGIN_NS
        self._day = MarketDay(0, tape.meta, tape, start, max(start, stop))

    def first(self, number: int, spot: float | None) -> MarketDay:
        """The tape's day."""
        return self._day

    def following(self, day: MarketDay) -> MarketDay | None:
        """Nothing follows a recorded day."""
        return None


class SyntheticDays:
    """Day n has seed + n and opens where day n - 1 ended."""

    def __init__(self, config: IbsimConfig) -> None:
        self._config = config

    def first(self, number: int, spot: float | None) -> MarketDay:
        """Day `number`, opening at `spot`."""
        date = next_session(self._config.day or FIRST_DAY)
        for _ in range(number):
            date = next_session(date + dt.timedelta(days=1))
        return self._make(number, date, spot)

    def following(self, day: MarketDay) -> MarketDay | None:
        """The next session's day; it always exists."""
        return self._make(day.number + 1, next_session(day.meta.date + dt.timedelta(days=1)), _last_spot(day))

    def _make(self, number: int, date: dt.date, spot: float | None) -> MarketDay:
        config = self._config
        held = [position.instrument for position in config.positions if position.instrument.is_option]
        meta, rows = synth_tape(config.seed + number, date, symbol=config.symbol, spot=spot or FIRST_SPOT, also=held)
        first = number == 0
        start = config.start_ns if first and config.start_ns is not None else meta.session_open_ns - _MARGIN_NS
        stop = config.stop_ns if first and config.stop_ns is not None else meta.session_close_ns + _MARGIN_NS
        return MarketDay(number, meta, rows, start, max(start, stop), spot)


def _last_spot(day: MarketDay) -> float | None:
    rows = day.rows
    both = (rows.instrument == 0) & ~rows.extended & ~np.isnan(rows.bid) & ~np.isnan(rows.ask)
    found = np.flatnonzero(both)
    if not len(found):
        return None
    last = found[-1]
    return round(float(rows.bid[last] + rows.ask[last]) / 2, 2)


def days_of(config: IbsimConfig) -> Days:
    """The days this configuration asks for. Raises InvalidValue when its tape cannot be read."""
    return RecordedDay(config) if config.tape is not None else SyntheticDays(config)

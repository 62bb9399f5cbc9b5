"""Market time: the simulator's own clock, published in the clock file when there is one."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from hedgerow.clock import ClockFileError, ClockWriter, ReplayClock
from hedgerow.ibsim.times import Hours


class MarketTime:
    """The one source of market time, with the current day's session. All times ns UTC.

    A clock file that is already there is taken over in place: whoever reads it goes on reading.
    """

    def __init__(self, clock_file: Path | None, start: int, interval_ns: int, hours: Hours) -> None:
        self._folder = None
        if clock_file is None:
            self._folder = tempfile.TemporaryDirectory(prefix="hedgerow-ibsim-")
            clock_file = Path(self._folder.name) / "clock"
        self._clock = ClockWriter.reopen(clock_file, start, interval_ns)
        self.hours = hours

    def now(self) -> int:
        """Market time now, never past the last event by more than one interval."""
        return self._clock.state.at(time.monotonic_ns())

    def unbounded(self) -> int:
        """Market time now had every event been on time."""
        state = self._clock.state
        return state.market_anchor + int((time.monotonic_ns() - state.monotonic_anchor) * state.speed)

    @property
    def watermark(self) -> int:
        """The newest event's time."""
        return self._clock.state.watermark

    @property
    def speed(self) -> float:
        """Market seconds per wall second, 0 while paused."""
        return self._clock.state.speed

    @property
    def ended(self) -> bool:
        """Whether no further event will come."""
        return self._clock.state.ended

    @property
    def epoch(self) -> int:
        """Counts pauses, speed changes and seeks."""
        return self._clock.state.epoch

    def advance(self, market_time: int) -> None:
        """Publish an event's time; to be called before its frames are sent."""
        self._clock.advance(market_time)

    def set_speed(self, speed: float) -> None:
        """Go on from here at that speed, 0 pauses."""
        self._clock.set_speed(speed)

    def seek(self, market_time: int) -> None:
        """Jump to that market time."""
        self._clock.seek(market_time)

    def end(self) -> None:
        """No further event will come."""
        self._clock.end()

    def close(self) -> None:
        """Remove a clock file nobody asked for."""
        if self._folder is not None:
            self._folder.cleanup()


def left_off(clock_file: Path | None) -> tuple[int, float]:
    """Where a clock file's last writer stopped: its watermark and speed; zeros when there is none."""
    if clock_file is None:
        return 0, 0.0
    try:
        state = ReplayClock(clock_file).read()
    except ClockFileError:
        return 0, 0.0
    return state.watermark, 0.0 if state.ended else state.speed

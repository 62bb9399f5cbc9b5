"""Wall, market and virtual clocks: market time is wall time live, and a replay's own in replay."""

from __future__ import annotations

import mmap
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_LAYOUT = struct.Struct("<8sQQqqdqqQ")
_MAGIC = b"HGCLOCK1"
_SPINS = 1_000_000


class ClockFileError(ValueError):
    """The clock file is missing, foreign or torn; the message says which and what to do."""


class Clock(Protocol):
    """What every process asks for the time; all times are integer nanoseconds, UTC."""

    def market_now(self) -> int:
        """Market time: what strategies, sessions and cooldowns are measured in."""

    def event_time(self) -> int:
        """Market time of the event being received now: the newest the source has published."""

    @property
    def speed(self) -> float:
        """Market seconds per wall second; 1.0 live, 0.0 when paused."""

    @property
    def interval_ns(self) -> int:
        """The replayed tape's bar interval, 0 live."""


def wall_now() -> int:
    """Wall time, ns UTC."""
    return time.time_ns()


class WallClock:
    """Live: market time is wall time."""

    speed = 1.0
    interval_ns = 0

    def market_now(self) -> int:
        """Wall time."""
        return time.time_ns()

    def event_time(self) -> int:
        """Wall time: a broker's quotes carry no time of their own."""
        return time.time_ns()


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One consistent state of a replay clock; anchors in ns, `speed` 0 while paused."""

    epoch: int
    market_anchor: int
    monotonic_anchor: int
    speed: float
    watermark: int
    interval_ns: int
    ended: bool

    def at(self, monotonic: int) -> int:
        """Market time at that CLOCK_MONOTONIC reading, never past watermark + one interval."""
        running = self.market_anchor + int((monotonic - self.monotonic_anchor) * self.speed)
        return max(self.market_anchor, min(running, self.watermark + self.interval_ns))


class ReplayClock:
    """Market time computed from the clock file a simulated gateway publishes."""

    def __init__(self, path: Path) -> None:
        if not path.is_file() or path.stat().st_size < _LAYOUT.size:
            raise ClockFileError(f"clock_file: {path} is not a clock file; start `hedgerow ibsim` first")
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), _LAYOUT.size, access=mmap.ACCESS_READ)
        if self._map[:8] != _MAGIC:
            raise ClockFileError(f"clock_file: {path} does not start with HGCLOCK1")

    def read(self) -> ClockReading:
        """The newest consistent state."""
        for _ in range(_SPINS):
            _, guard, epoch, anchor, mono, speed, watermark, interval, ended = _LAYOUT.unpack(self._map[:])
            if guard % 2 == 0 and guard == int.from_bytes(self._map[8:16], "little"):
                return ClockReading(epoch, anchor, mono, speed, watermark, interval, bool(ended))
        raise ClockFileError("clock_file: torn, its writer died inside a write; start a new session")

    def market_now(self) -> int:
        """Market time now."""
        return self.read().at(time.monotonic_ns())

    def event_time(self) -> int:
        """The last published watermark: when the newest replayed event happened."""
        return self.read().watermark

    @property
    def speed(self) -> float:
        """Market seconds per wall second."""
        return self.read().speed

    @property
    def interval_ns(self) -> int:
        """The tape's bar interval."""
        return self.read().interval_ns


class ClockWriter:
    """The one writer of a clock file; pause, speed change and seek start a new epoch."""

    def __init__(self, path: Path, market_start: int, interval_ns: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(path.suffix + ".part")
        part.write_bytes(_LAYOUT.pack(_MAGIC, 0, 0, market_start, 0, 0.0, market_start, interval_ns, 0))
        os.replace(part, path)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _LAYOUT.size)
        self._guard = 0
        self._state = ClockReading(0, market_start, time.monotonic_ns(), 0.0, market_start, interval_ns, False)
        self._publish()

    @classmethod
    def reopen(cls, path: Path, market_start: int, interval_ns: int) -> ClockWriter:
        """Take over the clock file at `path` in place, so that its readers go on, in a new epoch at `market_start`.

        Makes a new one where there is none, or none that readers could be holding.
        """
        if not path.is_file() or path.stat().st_size < _LAYOUT.size:
            return cls(path, market_start, interval_ns)
        with path.open("r+b") as file:
            data = mmap.mmap(file.fileno(), _LAYOUT.size)
        magic, guard, epoch, *_ = _LAYOUT.unpack(data[:])
        if magic != _MAGIC:
            return cls(path, market_start, interval_ns)
        writer = cls.__new__(cls)
        writer._map = data
        writer._guard = guard + guard % 2  # odd: the last writer died inside a write
        writer._state = ClockReading(
            epoch + 1, market_start, time.monotonic_ns(), 0.0, market_start, interval_ns, False
        )
        writer._publish()
        return writer

    @property
    def state(self) -> ClockReading:
        """The state last published."""
        return self._state

    def set_speed(self, speed: float) -> None:
        """Anchor market time here and go on at `speed` (0 pauses); starts a new epoch."""
        now = time.monotonic_ns()
        s = self._state
        self._state = ClockReading(s.epoch + 1, s.at(now), now, speed, s.watermark, s.interval_ns, s.ended)
        self._publish()

    def advance(self, watermark: int) -> None:
        """Publish that every event up to `watermark` (market ns UTC) is out."""
        s = self._state
        self._state = ClockReading(
            s.epoch, s.market_anchor, s.monotonic_anchor, s.speed, max(s.watermark, watermark), s.interval_ns, s.ended
        )
        self._publish()

    def seek(self, market_time: int) -> None:
        """Jump to `market_time`; starts a new epoch."""
        s = self._state
        self._state = ClockReading(
            s.epoch + 1, market_time, time.monotonic_ns(), s.speed, market_time, s.interval_ns, False
        )
        self._publish()

    def end(self) -> None:
        """Publish that no further event will come."""
        s = self._state
        self._state = ClockReading(
            s.epoch, s.market_anchor, s.monotonic_anchor, s.speed, s.watermark, s.interval_ns, True
        )
        self._publish()

    def _publish(self) -> None:
        s = self._state
        self._guard += 2
        body = _LAYOUT.pack(
            _MAGIC, self._guard, s.epoch, s.market_anchor, s.monotonic_anchor, s.speed, s.watermark,
            s.interval_ns, int(s.ended),
        )  # fmt: skip
        self._map[8:16] = (self._guard - 1).to_bytes(8, "little")
        self._map[16:] = body[16:]
        self._map[8:16] = body[8:16]

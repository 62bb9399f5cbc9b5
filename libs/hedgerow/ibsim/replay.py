"""Plays market days on the virtual clock: every row in order, at the clock's speed."""

from __future__ import annotations

import asyncio
import bisect

import numpy as np

from hedgerow.ibsim.days import MarketDay
from hedgerow.ibsim.simulation import Row, Simulation
from hedgerow.ibsim.times import MINUTE_NS, SECOND_NS
from hedgerow.telemetry.logs import get_logger

_LOG = get_logger(part="replay")
# Without rows the watermark still has to move, or the clock would stand: at least this often.
_TICK_TAPE_STEP_NS = SECOND_NS
_SAVE_EVERY_NS = MINUTE_NS
# How far events may fall behind the clock, wall seconds, before the clock waits for them.
_LATE_S = 0.25


class Replay:
    """Drives a simulation through its days; `wake` after every change of the clock."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._changed = asyncio.Event()
        self._rows = Rows(simulation.day)
        self._next = 0
        self._saved_at = 0
        self._go_to(simulation.time.watermark)

    def wake(self) -> None:
        """The clock was paused, resumed or set: look again."""
        self._changed.set()

    def seek(self, market_time: int) -> None:
        """Jump to that market time of the current day; quotes become those of that time."""
        self._simulation.time.seek(market_time)
        self._go_to(market_time)
        self._simulation.publish()
        self.wake()

    def _go_to(self, market_time: int) -> None:
        self._simulation.prime(self._rows.before(market_time))
        self._next = self._rows.after(market_time)

    async def run(self) -> None:
        """Play until the last day ends."""
        simulation = self._simulation
        while True:
            await self._play(simulation.day)
            simulation.save()
            # A synthetic day takes a moment to make: off the loop, so that clients are still answered.
            day = await asyncio.to_thread(simulation.days.following, simulation.day)
            if day is None:
                simulation.time.end()
                return
            _LOG.info("next_day", date=day.meta.date.isoformat(), seed=day.meta.seed)
            simulation.list_day(day)
            self._rows = Rows(day)
            simulation.time.seek(day.start)
            self._go_to(day.start)
            simulation.publish()

    async def _play(self, day: MarketDay) -> None:
        step = day.interval_ns or _TICK_TAPE_STEP_NS
        time = self._simulation.time
        while time.watermark < day.stop:
            times = self._rows.times
            due = min(time.watermark + step, day.stop)
            if self._next < len(times):
                due = min(due, times[self._next])
            if not await self._wait(due, step):
                continue
            batch: list[Row] = []
            if self._next < len(times) and times[self._next] == due:
                batch = self._rows.batch(self._next)
                self._next += 1
            self._simulation.play(due, batch)
            self._save_sometimes(due)

    async def _wait(self, due: int, step: int) -> bool:
        """Sleep until market time `due`; False when the clock changed meanwhile."""
        time = self._simulation.time
        self._changed.clear()
        if time.speed == 0:
            await self._changed.wait()
            return False
        late = time.unbounded() - due
        if late > max(step, int(_LATE_S * time.speed * SECOND_NS)):
            # This machine is too slow for the speed: let market time slip rather than pile up events.
            time.set_speed(time.speed)
            late = time.unbounded() - due
        if late >= 0:
            await asyncio.sleep(0)
            return not self._changed.is_set()
        try:
            await asyncio.wait_for(self._changed.wait(), -late / time.speed / SECOND_NS)
        except TimeoutError:
            return True
        return False

    def _save_sometimes(self, market_time: int) -> None:
        if abs(market_time - self._saved_at) >= _SAVE_EVERY_NS:
            self._saved_at = market_time
            self._simulation.save()


class Rows:
    """A day's rows, grouped by time."""

    def __init__(self, day: MarketDay) -> None:
        self._rows = day.rows
        times, first = np.unique(day.rows.ts, return_index=True)
        self.times: list[int] = times.tolist()
        self._bounds: list[int] = [*first.tolist(), len(day.rows)]

    def after(self, market_time: int) -> int:
        """The first group later than that time."""
        return bisect.bisect_right(self.times, market_time)

    def batch(self, group: int) -> list[Row]:
        """The rows of one group."""
        return self._slice(slice(self._bounds[group], self._bounds[group + 1]))

    def before(self, market_time: int) -> list[Row]:
        """The newest row of each instrument up to that time."""
        end = self._bounds[self.after(market_time)]
        instruments = self._rows.instrument[:end]
        _, from_end = np.unique(instruments[::-1], return_index=True)
        return self._slice(np.sort(end - 1 - from_end))

    def _slice(self, chosen: slice | np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> list[Row]:
        rows = self._rows
        columns = (rows.instrument, rows.bid, rows.ask, rows.bid_size, rows.ask_size, rows.extended)
        return [
            # NaN is the absent side, and the one value that differs from itself
            (index, bid if bid == bid else None, ask if ask == ask else None, bid_size, ask_size, extended)
            for index, bid, ask, bid_size, ask_size, extended in zip(
                *(column[chosen].tolist() for column in columns), strict=True
            )
        ]

"""Lines shared by readers: opened for the first, kept a while after the last."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from hedgerow.domain.instrument import Instrument
from services.market_data.ports import Broker


class Subscriptions:
    """Counts readers per instrument; `on_closed` is told of each line that is given up."""

    def __init__(self, broker: Broker, linger_s: float, on_closed: Callable[[str], None]) -> None:
        self._broker, self._linger_s, self._on_closed = broker, linger_s, on_closed
        self._readers: Counter[str] = Counter()
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._open: set[str] = set()

    def readers(self, instrument_id: str) -> int:
        """Readers of an instrument."""
        return self._readers[instrument_id]

    async def acquire(self, instruments: list[Instrument]) -> None:
        """Opens what is not open yet; all or, raising the first domain error, none."""
        names = [instrument.instrument_id for instrument in instruments]
        self._readers.update(names)
        try:
            for instrument in instruments:
                self._begin(instrument)
            opening = [self._opening[name] for name in names if name in self._opening]
            if opening:
                await asyncio.wait(opening)
            for task in opening:
                task.result()
        except BaseException:
            self.release(names)
            raise

    def release(self, instrument_ids: list[str]) -> None:
        """Gives up one reader's claim on each."""
        for instrument_id in instrument_ids:
            self._readers[instrument_id] -= 1
            if self._readers[instrument_id] <= 0:
                del self._readers[instrument_id]
                if instrument_id in self._open:
                    loop = asyncio.get_running_loop()
                    self._lingering[instrument_id] = loop.call_later(self._linger_s, self._close, instrument_id)

    def _begin(self, instrument: Instrument) -> None:
        name = instrument.instrument_id
        lingering = self._lingering.pop(name, None)
        if lingering is not None:
            lingering.cancel()
        if name in self._open or name in self._opening:
            return
        if self._broker.lines_used + len(self._opening) >= self._broker.lines_allowed and self._lingering:
            self._close(next(iter(self._lingering)))  # a line nobody reads makes room
        task = self._opening[name] = asyncio.create_task(self._subscribe(instrument))
        task.add_done_callback(lambda task: self._opened(name, task))

    def _opened(self, name: str, task: asyncio.Task[None]) -> None:
        self._opening.pop(name, None)
        if not task.cancelled():
            task.exception()  # who waits for it raises it; who has left meanwhile need not

    async def _subscribe(self, instrument: Instrument) -> None:
        await self._broker.subscribe(instrument)
        self._open.add(instrument.instrument_id)
        if not self._readers[instrument.instrument_id]:
            self._close(instrument.instrument_id)

    def _close(self, instrument_id: str) -> None:
        lingering = self._lingering.pop(instrument_id, None)
        if lingering is not None:
            lingering.cancel()
        self._open.discard(instrument_id)
        self._broker.unsubscribe(instrument_id)
        self._on_closed(instrument_id)

    def close(self) -> None:
        """Stops what is due."""
        for handle in self._lingering.values():
            handle.cancel()
        self._lingering.clear()
        for task in self._opening.values():
            task.cancel()

"""The research tape: what the feed gave, in chunks that are whole tapes, joined when the recording ends."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence

from hedgerow.clock import Clock
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.quote import Quote
from hedgerow.telemetry.logs import get_logger
from services.market_data import metrics
from services.market_data.chunks import by_day, join_chunks, write_chunk
from services.market_data.config import MarketDataConfig

_NS_PER_MS = 1_000_000
_CHUNKS = ".chunks"


class TapeRecorder:
    """Writes quotes as they came, one tape per underlying and day.

    A chunk goes to disk every `chunk_s` seconds or `chunk_rows` rows, so a kill loses no more than that; chunks an
    earlier run left behind are joined at the start. A disk that fails stops the recording, never the feed.
    """

    def __init__(self, config: MarketDataConfig, clock: Clock, source: str) -> None:
        assert config.recording is not None
        self._folder, self._config, self._clock, self._source = config.recording, config, clock, source
        self._pending: list[Quote] = []
        self._full = asyncio.Event()
        self._chunk = 0
        self._failed = False
        self._log = get_logger()

    def offer(self, quotes: Sequence[Quote]) -> None:
        """Keeps quotes until the next chunk."""
        if not self._failed:
            self._pending += quotes
            if len(self._pending) >= self._config.chunk_rows:
                self._full.set()

    async def run(self) -> None:
        """Writes chunks until canceled."""
        await self._guarded(self._join_all)
        while True:
            try:
                async with asyncio.timeout(self._config.chunk_s):
                    await self._full.wait()
            except TimeoutError:
                pass
            self._full.clear()
            await self._write()

    async def close(self) -> None:
        """Writes what is left and joins the chunks into tapes."""
        await self._write()
        await self._guarded(self._join_all)

    async def _write(self) -> None:
        if not self._pending or self._failed:
            return
        quotes, self._pending = self._pending, []
        self._chunk += 1
        number, interval_ms = self._chunk, self._clock.interval_ns // _NS_PER_MS

        def write() -> None:
            for key, rows in by_day(quotes).items():
                folder = self._folder / _CHUNKS / key.name
                folder.mkdir(parents=True, exist_ok=True)
                first = rows[0].event_time
                write_chunk(folder / f"{first:020d}-{number:06d}.parquet", key, rows, interval_ms, self._source)

        if await self._guarded(write):
            metrics.RECORDED.inc(len(quotes))

    async def _guarded(self, work: Callable[[], None]) -> bool:
        try:
            await asyncio.to_thread(work)
        except (InvalidValue, OSError) as error:
            self._failed = True
            self._pending.clear()
            self._log.error("recording stopped", error=str(error), folder=str(self._folder))
            return False
        return True

    def _join_all(self) -> None:
        chunks = self._folder / _CHUNKS
        for folder in sorted(chunks.iterdir()) if chunks.is_dir() else []:
            join_chunks(folder, self._folder / f"{folder.name}.parquet")
            shutil.rmtree(folder)

"""The shell: takes the broker's quotes in, keeps the newest of each instrument, fans them out."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter

from hedgerow.clock import Clock, WallClock, wall_now
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.quote import Quote
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.rpc.streams import ConflatingBroadcast, ConflatingReader
from hedgerow.telemetry.logs import get_logger
from hedgerow.wire.market_data import encode_quote
from services.market_data import domain, metrics
from services.market_data.config import MarketDataConfig
from services.market_data.domain import Moment
from services.market_data.ports import Broker, Recorder
from services.market_data.subscriptions import Subscriptions

_FEED_MARK = "\0"  # no instrument id begins so


Tick = tuple[str, bytes]
"""One item of the fan-out: an instrument's name and its quote, encoded once for all readers.

A mark and no bytes say that the feed's state changed. A plain tuple, for it is made a hundred thousand times a second.
"""

Latest = tuple[Tick, Quote, int]
"""The newest quote of an instrument, as it is sent and as it came, and its place in the sequence."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed as a whole; `silence_ms` is infinite without a connection."""

    link: BrokerLink
    silence_ms: float
    trouble: str
    tape_interval_ms: int


@dataclass(frozen=True, slots=True)
class InstrumentHealth:
    """One line; `age_ms` None before the first quote."""

    instrument_id: str
    age_ms: float | None
    fresh: bool
    quotes: int
    delayed: bool


class MarketDataService:
    """One process's market data. `attach` the broker before anything else."""

    def __init__(self, config: MarketDataConfig, clock: Clock, recorder: Recorder | None = None) -> None:
        self.config, self.clock = config, clock
        self._recorder = recorder
        self._replay = not isinstance(clock, WallClock)
        # sequences go on rising over a restart, so that a reader's old place is seen to be old
        self._first_sequence = time.time_ns() // 1000
        self.ticks: ConflatingBroadcast[Tick] = ConflatingBroadcast(itemgetter(0), sequence=self._first_sequence - 1)
        self._history: deque[str] = deque(maxlen=config.history)
        self._latest: dict[str, Latest] = {}
        self._marks = 0
        self._silent = False
        self._log = get_logger()

    def attach(self, broker: Broker) -> None:
        """Names the broker the service serves."""
        self.broker = broker
        self.subscriptions = Subscriptions(broker, self.config.linger_s, self._forget)

    def moment(self) -> Moment:
        """Now, on both clocks."""
        return Moment(self.clock.market_now(), time.monotonic_ns(), self._replay)

    def on_quotes(self, quotes: list[Quote]) -> None:
        """From the broker, inside its network read: encode once, keep, hand on."""
        names = [quote[0] for quote in quotes]
        ticks = list(zip(names, map(encode_quote, quotes), strict=True))
        places = range(self.ticks.sequence + 1, self.ticks.sequence + 1 + len(quotes))
        self._latest.update(zip(names, zip(ticks, quotes, places, strict=True), strict=True))
        self._history += names
        self.ticks.publish_all(ticks)
        metrics.QUOTES.inc(len(quotes))
        if self._recorder is not None:
            self._recorder.offer(quotes)

    def on_feed(self, *_: object) -> None:
        """The link's state or a line's trouble changed: every reader is told."""
        metrics.LINK_READY.set(self.broker.link.state is LinkState.READY)
        metrics.LINES.set(self.broker.lines_used)
        self._marks += 1
        self._history.append(_FEED_MARK)
        self.ticks.publish((f"{_FEED_MARK}{self._marks}", b""))

    def feed(self, wanted: frozenset[str] | None = None) -> Feed:
        """The feed now; trouble of single lines only where `wanted` (None = all)."""
        broker = self.broker
        troubles = [broker.farm_trouble] if broker.farm_trouble else []
        for line in broker.lines():
            name = line.instrument.instrument_id
            if line.trouble and (wanted is None or name in wanted):
                troubles.append(f"{name}: {line.trouble}")
        interval_ms = self.clock.interval_ns // domain.NS_PER_MS
        return Feed(broker.link, broker.silence_ms, "; ".join(troubles), interval_ms)

    def health(self) -> list[InstrumentHealth]:
        """Every open line: its age and whether that is within its limit."""
        now, interval = self.moment(), self.clock.interval_ns
        rows = []
        for line in self.broker.lines():
            latest = self._latest.get(line.instrument.instrument_id)
            quote = latest[1] if latest is not None else None
            age = domain.age_ms(quote.event_time, quote.monotonic_time, now) if quote is not None else None
            limit = domain.freshness_limit_ms(self._limit_ms(line.instrument), interval)
            fresh = age is not None and age <= limit and not line.trouble
            rows.append(InstrumentHealth(line.instrument.instrument_id, age, fresh, line.quotes, line.delayed))
        return rows

    def _limit_ms(self, instrument: Instrument) -> float:
        return self.config.option_limit_ms if instrument.is_option else self.config.stock_limit_ms

    @contextmanager
    def reader(self, wanted: frozenset[str], start_sequence: int) -> Iterator[tuple[ConflatingReader[Tick], int]]:
        """A reader of `wanted`, its current quotes first, and how many quotes it missed since `start_sequence`."""
        current = [self._latest[name] for name in wanted if name in self._latest]
        newer = sorted((one for one in current if one[2] > start_sequence), key=itemgetter(2))
        lost = 0
        if start_sequence:
            first = self.ticks.sequence - len(self._history) + 1
            lost = domain.missed(list(self._history), first, start_sequence, wanted, len(newer))
        reader = self.ticks.subscribe(
            lambda tick: tick[0] in wanted or tick[0].startswith(_FEED_MARK), [one[0] for one in newer]
        )
        metrics.READERS.inc()
        try:
            yield reader, lost
        finally:
            reader.close()
            metrics.READERS.dec()

    async def watch_silence(self) -> None:
        """Tells readers when the feed falls silent, while it stays so, and when it speaks again. Until canceled."""
        while True:
            await asyncio.sleep(self.config.heartbeat_s)
            clock = self.clock
            limit = domain.silence_limit_ms(self.config.silence_limit_ms, clock.interval_ns, clock.speed)
            silent = self.broker.lines_used > 0 and self.broker.silence_ms > limit
            if silent != self._silent:
                self._log.warning("feed silent" if silent else "feed speaks", limit_ms=limit, wall=wall_now())
            if silent or self._silent:
                self._silent = silent
                self.on_feed()

    def _forget(self, instrument_id: str) -> None:
        self._latest.pop(instrument_id, None)

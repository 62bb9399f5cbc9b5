"""Quotes as the broker sends them: every update of every line, at once, with its age and its quality."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from hedgerow.clock import WallClock, wall_now
from hedgerow.domain.errors import FailedPrecondition, HedgerowError, Unavailable
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.quote import Quote
from hedgerow.ib.codes import ErrorMeaning, meaning_of
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.line import Line
from hedgerow.ib.link import IbLink, Recovery
from hedgerow.telemetry.logs import get_logger

# 3 asks for live data and takes delayed data, marked so, where no live data is subscribed.
_MARKET_DATA_TYPE = 3
_LINE_ERRORS = frozenset(
    {
        ErrorMeaning.NOT_SUBSCRIBED,
        ErrorMeaning.COMPETING_SESSION,
        ErrorMeaning.TOO_MANY_LINES,
        ErrorMeaning.NO_SUCH_INSTRUMENT,
    }
)


@dataclass(frozen=True, slots=True)
class LineState:
    """One subscribed line: quotes since it began, whether delayed, and its trouble in UPPER_SNAKE."""

    instrument: Instrument
    quotes: int
    delayed: bool
    trouble: str


class QuoteFeed:
    """Market-data lines on one link, kept alive across sessions.

    `on_quotes` gets, inside the network read that brought them, one quote per update of a line, oldest first; one
    the broker repeats unchanged comes again with its new times, one with new greeks alone with its old times.
    `on_trouble` is told when `trouble` changes.
    """

    def __init__(
        self, link: IbLink, contracts: ContractBook, on_quotes: Callable[[list[Quote]], None],
        on_trouble: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        self._link, self._contracts, self._clock = link, contracts, link.clock
        self._on_quotes, self._on_trouble = on_quotes, on_trouble
        self._lines: dict[str, Line] = {}
        self._by_request: dict[int, Line] = {}
        self._dirty: list[Line] = []
        self._quotes: list[Quote] = []
        self._now: tuple[int, int, int] | None = None
        self._stamped = not isinstance(self._clock, WallClock)
        self._farm_trouble: dict[str, str] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._log = get_logger(role=link.role)
        link.market = self
        link.add_recovery(self._recover)
        link.add_error_listener(self._error)

    @property
    def lines_used(self) -> int:
        """Market-data lines in use."""
        return len(self._lines)

    @property
    def lines_allowed(self) -> int:
        """Market-data lines the account has."""
        return self._link.broker.market_data_lines

    @property
    def farm_trouble(self) -> str:
        """Trouble of whole data farms in words; empty when there is none."""
        return "; ".join(self._farm_trouble.values())

    @property
    def trouble(self) -> str:
        """Farm and line trouble in words; empty when there is none."""
        lines = [f"{name}: {line.trouble}" for name, line in self._lines.items() if line.trouble]
        return "; ".join([*self._farm_trouble.values(), *lines])

    def lines(self) -> list[LineState]:
        """Every line."""
        return [LineState(line.instrument, line.quotes, line.delayed, line.trouble) for line in self._lines.values()]

    async def subscribe(self, instrument: Instrument) -> None:
        """Opens a line; with the broker away the line opens when it is back. Again is harmless.

        Raises NotFound and FailedPrecondition as resolving does, FailedPrecondition(MARKET_DATA_LINES) when all
        lines are in use.
        """
        name = instrument.instrument_id
        if name in self._lines:
            return
        if len(self._lines) >= self.lines_allowed:
            raise FailedPrecondition(
                f"{name}: all {self.lines_allowed} market-data lines are in use; unsubscribe one, "
                "or raise broker.market_data_lines if the account has more", "MARKET_DATA_LINES",
            )  # fmt: skip
        line = self._lines[name] = Line(instrument)
        try:
            await self._open(line)
        except HedgerowError:
            self._lines.pop(name, None)
            raise

    async def _open(self, line: Line) -> None:
        """Asks for a line; with the broker away the next session does, with the broker slow it is asked again."""
        if not self._link.up:
            return
        try:
            await self._contracts.resolve(line.instrument)
        except Unavailable:
            self._later(self._link.broker.retry_interval_s, lambda: self._open_later(line))
            return
        if self._lines.get(line.name) is line and line.request_id == 0 and self._link.up:
            self._request([line])

    def _open_later(self, line: Line) -> None:
        async def opening() -> None:
            try:
                await self._open(line)
            except HedgerowError as error:
                line.trouble = error.reason
                self._tell()

        if self._lines.get(line.name) is line and line.request_id == 0:
            task = asyncio.get_running_loop().create_task(opening())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def unsubscribe(self, instrument_id: str) -> None:
        """Closes a line; one that is not open is ignored."""
        line = self._lines.pop(instrument_id, None)
        if line is not None:
            self._cancel(line)
            self._tell()

    async def _recover(self, recovery: Recovery) -> None:
        if recovery is Recovery.DATA_KEPT:
            # promised to flow on: a line that stays silent is asked for again
            since = time.monotonic_ns()
            self._later(self._link.broker.probe_interval_s, lambda: self._verify(since))
            return
        self._by_request.clear()
        for line in self._lines.values():
            line.reset()
        session = self._link.session()
        session.send(partial(session.client.reqMarketDataType, _MARKET_DATA_TYPE))
        await asyncio.gather(*(self._resolve(line) for line in self._lines.values()))
        self._request([line for line in self._lines.values() if line.request_id == 0 and not line.trouble])
        self._tell()

    async def _resolve(self, line: Line) -> None:
        try:
            await self._contracts.resolve(line.instrument)
        except Unavailable:
            raise
        except HedgerowError as error:
            line.trouble = error.reason

    def _request(self, lines: Iterable[Line]) -> None:
        session = self._link.session()
        for line in lines:
            request_id = line.request_id = session.request_id()
            self._by_request[request_id] = line
            contract = self._contracts.contract(line.instrument)
            session.send(partial(session.client.reqMktData, request_id, contract, "", False, False, []))

    def _cancel(self, line: Line) -> None:
        request_id, line.request_id = line.request_id, 0
        if self._by_request.pop(request_id, None) is not None and self._link.up:
            session = self._link.session()
            session.send(partial(session.client.cancelMktData, request_id))

    def _again(self, lines: Iterable[Line]) -> None:
        """Closes and opens lines anew; what they last showed stays until they speak."""
        if not self._link.up:
            return
        with contextlib.suppress(Unavailable):  # gone meanwhile: the next session opens them all
            for line in lines:
                self._cancel(line)
                line.trouble = ""
                self._request([line])

    def _verify(self, since: int) -> None:
        self._again([line for line in self._lines.values() if line.touched < since])

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(handle)
            action()

        handle = asyncio.get_running_loop().call_later(delay_s, run)
        self._timers.add(handle)

    def close(self) -> None:
        """Forgets all lines and stops what was due; call before closing the link."""
        for handle in self._timers:
            handle.cancel()
        self._timers.clear()
        for task in self._opening:
            task.cancel()
        self._lines.clear()
        self._by_request.clear()

    def _error(self, request_id: int, code: int, text: str) -> None:
        meaning = meaning_of(code)
        line = self._by_request.get(request_id)
        if meaning is ErrorMeaning.DATA_FARM_LOST:
            self._farm_trouble[_farm(text)] = text
        elif meaning is ErrorMeaning.DATA_FARM_BACK:
            if self._farm_trouble.pop(_farm(text), None) is None:
                return
            self._again(list(self._lines.values()))
        elif line is None:
            return
        elif meaning is ErrorMeaning.DELAYED_DATA:
            self.data_type(request_id, _MARKET_DATA_TYPE)
        elif meaning in _LINE_ERRORS:
            line.trouble = meaning.value
            if meaning is ErrorMeaning.COMPETING_SESSION:
                self._later(self._link.broker.retry_interval_s, lambda: self._competing(line))
        else:
            return
        self._tell()

    def _competing(self, line: Line) -> None:
        """The broker never says that the other session has ended: ask again until the line speaks."""
        if line.trouble == ErrorMeaning.COMPETING_SESSION.value and self._lines.get(line.name) is line:
            self._again([line])
            self._tell()

    def _tell(self) -> None:
        if self._on_trouble is not None:
            self._on_trouble()

    def _touch(self, line: Line) -> None:
        if not line.dirty:
            line.dirty = True
            self._dirty.append(line)

    def price(self, request_id: int, tick_type: int, price: float, size: float) -> None:
        """From the listener."""
        line = self._by_request.get(request_id)
        if line is not None:
            if line.parts and line.begins_anew(tick_type, price=True):
                self._take(line)
            if line.price(tick_type, price, size):
                self._touch(line)

    def size(self, request_id: int, tick_type: int, size: float) -> None:
        """From the listener."""
        line = self._by_request.get(request_id)
        if line is not None:
            if line.parts and line.begins_anew(tick_type, price=False):
                self._take(line)
            if line.size(tick_type, size):
                self._touch(line)

    def stamp(self, request_id: int, tick_type: int, value: str) -> None:
        """From the listener: it shows the line is alive, so the quote it repeats is fresh again."""
        line = self._by_request.get(request_id)
        if line is not None:
            line.stamp(tick_type, value)
            self._touch(line)

    def greeks(self, request_id: int, tick_type: int, values: tuple[float, float, float, float, float]) -> None:
        """From the listener."""
        line = self._by_request.get(request_id)
        if line is not None and line.model_greeks(tick_type, values):
            self._touch(line)

    def data_type(self, request_id: int, kind: int) -> None:
        """From the listener: all but live data is marked delayed, frozen data too."""
        line = self._by_request.get(request_id)
        if line is not None and line.delayed != (kind != 1):
            line.delayed = kind != 1
            self._touch(line)
            self._tell()

    def network_read(self) -> None:
        """From the listener: everything one network read brought leaves now."""
        dirty = self._dirty
        if not dirty:
            return
        self._dirty = []
        troubled = any(line.trouble for line in dirty)
        for line in dirty:
            line.dirty = False
            self._take(line)
        quotes, self._quotes = self._quotes, []
        self._now = None
        if quotes:
            self._on_quotes(quotes)
        if troubled:
            self._tell()

    def _take(self, line: Line) -> None:
        """An update of a line is whole: it is a quote, unless neither side was ever told."""
        now = self._now
        if now is None:
            # once per network read
            now = self._now = (self._clock.event_time(), wall_now(), time.monotonic_ns())
        if line.seen:
            line.quotes += 1
            line.trouble = ""
            self._quotes.append(line.take(*now, self._stamped))


def _farm(text: str) -> str:
    """The data farm a notice names: what follows its last colon."""
    return text.rpartition(":")[2].strip()

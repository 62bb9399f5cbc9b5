"""The broker port, on the IB link."""

from __future__ import annotations

from collections.abc import Callable

from hedgerow.domain.instrument import Instrument
from hedgerow.domain.quote import Quote
from hedgerow.domain.trading_state import BrokerLink
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.events import Bar, BarPrice, ChainExpiry, ResolvedInstrument
from hedgerow.ib.history import list_bars
from hedgerow.ib.link import IbLink
from hedgerow.ib.market_data import LineState, QuoteFeed


class IbBroker:
    """Market data of one IB connection."""

    def __init__(self, link: IbLink, on_quotes: Callable[[list[Quote]], None], on_trouble: Callable[[], None]) -> None:
        self._link = link
        self._contracts = ContractBook(link)
        self._feed = QuoteFeed(link, self._contracts, on_quotes, on_trouble)

    @property
    def link(self) -> BrokerLink:
        """State of the connection."""
        return self._link.state

    async def retry_link(self) -> BrokerLink:
        """Tries to connect now; nothing happens to a connection that stands."""
        return await self._link.retry()

    @property
    def silence_ms(self) -> float:
        """Wall ms since anything arrived."""
        return self._link.silence_ms

    @property
    def lines_used(self) -> int:
        """Lines open."""
        return self._feed.lines_used

    @property
    def lines_allowed(self) -> int:
        """Lines the account has."""
        return self._feed.lines_allowed

    @property
    def farm_trouble(self) -> str:
        """Trouble of whole data farms."""
        return self._feed.farm_trouble

    def lines(self) -> list[LineState]:
        """Every open line."""
        return self._feed.lines()

    async def subscribe(self, instrument: Instrument) -> None:
        """Opens a line."""
        await self._feed.subscribe(instrument)

    def unsubscribe(self, instrument_id: str) -> None:
        """Closes a line."""
        self._feed.unsubscribe(instrument_id)

    async def resolve(self, instrument: Instrument) -> ResolvedInstrument:
        """The instrument the broker knows."""
        return await self._contracts.resolve(instrument)

    async def option_chain(self, underlying: Instrument) -> tuple[ChainExpiry, ...]:
        """An underlying's options."""
        return await self._contracts.chain(underlying)

    async def bars(
        self, instrument: Instrument, end_time: int | None, bar_seconds: int, max_bars: int, price: BarPrice | None
    ) -> list[Bar]:
        """Historical bars."""
        return await list_bars(self._link, self._contracts, instrument, end_time, bar_seconds, max_bars, price)

    def close(self) -> None:
        """Forgets all lines."""
        self._feed.close()

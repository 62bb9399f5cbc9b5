"""What market-data needs from the outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hedgerow.domain.instrument import Instrument
from hedgerow.domain.quote import Quote
from hedgerow.domain.trading_state import BrokerLink
from hedgerow.ib.events import Bar, BarPrice, ChainExpiry, ResolvedInstrument
from hedgerow.ib.market_data import LineState


class Broker(Protocol):
    """The broker's market data; all methods raise domain errors only."""

    @property
    def link(self) -> BrokerLink:
        """State of the connection."""

    async def retry_link(self) -> BrokerLink:
        """Tries to connect now and tells how the attempt begins; raises FailedPrecondition when latched down."""

    @property
    def silence_ms(self) -> float:
        """Wall ms since anything arrived, infinite without a connection."""

    @property
    def lines_used(self) -> int:
        """Market-data lines open."""

    @property
    def lines_allowed(self) -> int:
        """Market-data lines the account has."""

    @property
    def farm_trouble(self) -> str:
        """Trouble of whole data farms in words."""

    def lines(self) -> list[LineState]:
        """Every open line."""

    async def subscribe(self, instrument: Instrument) -> None:
        """Opens a line."""

    def unsubscribe(self, instrument_id: str) -> None:
        """Closes a line."""

    async def resolve(self, instrument: Instrument) -> ResolvedInstrument:
        """The instrument the broker knows."""

    async def option_chain(self, underlying: Instrument) -> tuple[ChainExpiry, ...]:
        """An underlying's options."""

    async def bars(
        self, instrument: Instrument, end_time: int | None, bar_seconds: int, max_bars: int, price: BarPrice | None
    ) -> list[Bar]:
        """Historical bars; `price` None is trades of a stock, the midpoint of an option."""


class Recorder(Protocol):
    """Takes every quote for the research tape."""

    def offer(self, quotes: Sequence[Quote]) -> None:
        """Keeps quotes; never waits."""

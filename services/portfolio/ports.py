"""What portfolio needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from hedgerow.domain.trading_state import BrokerLink
from services.portfolio.domain.comparison import BrokerHolding, Place
from services.portfolio.domain.ledger import FillLine, Transfer
from services.portfolio.domain.views import PositionView


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the broker reports it, in base currency; None where it gave no such value.

    `values` holds every value by the broker's own tag; `fetched_at` is wall ns UTC.
    """

    account: str
    balance: Decimal | None
    net_liquidation: Decimal | None
    buying_power: Decimal | None
    currency: str
    values: Mapping[str, str]
    fetched_at: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The market price of one instrument: the mid of its last two-sided quote, currency per share.

    `bid` and `ask` are the newest quote's sides, None where absent; times are ns UTC.
    """

    instrument_id: str
    price: Decimal | None
    bid: float | None
    ask: float | None
    market_ns: int
    wall_ns: int


class Broker(Protocol):
    """The broker connection, as portfolio uses it."""

    @property
    def link(self) -> BrokerLink:
        """Its state."""

    async def accounts(self) -> list[Account]:
        """Values of every account now; raises Unavailable, FailedPrecondition."""

    async def holdings(self) -> tuple[frozenset[str], dict[Place, BrokerHolding]]:
        """Accounts seen, and everything they hold; raises Unavailable."""

    def retry_now(self) -> None:
        """Cuts the wait for the next attempt short; raises FailedPrecondition when the link is latched down."""

    async def retry_link(self) -> BrokerLink:
        """As `retry_now`; the connection as the attempt begins."""


class Records(Protocol):
    """What portfolio keeps on disk."""

    def write_positions(self, positions: Sequence[PositionView], lines: Sequence[FillLine] = ()) -> None:
        """Queues positions, in one commit with the executions that changed them; never waits."""

    def write_accounts(self, accounts: Sequence[Account]) -> None:
        """Queues account values; never waits."""

    def write_marks(self, marks: Sequence[Mark]) -> None:
        """Queues marks; never waits."""

    async def write_transfers(self, transfers: Sequence[Transfer]) -> None:
        """Makes transfers durable; raises Unavailable when the disk fails."""

"""The broker as portfolio sees it: accounts and positions over one link of its own."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from hedgerow.clock import wall_now
from hedgerow.domain.trading_state import BrokerLink
from hedgerow.ib.accounts import AccountFeed
from hedgerow.ib.events import AccountValue, BrokerPosition
from hedgerow.ib.link import IbLink
from services.portfolio.domain.comparison import BrokerHolding, Place
from services.portfolio.ports import Account


class IbAccounts:
    """Implements ports.Broker over an AccountFeed."""

    def __init__(self, link: IbLink, feed: AccountFeed) -> None:
        self._link = link
        self._feed = feed

    @property
    def link(self) -> BrokerLink:
        """State of the connection."""
        return self._link.state

    async def accounts(self) -> list[Account]:
        """Values of every account now; raises Unavailable, FailedPrecondition."""
        rows = await self._feed.summary()
        now = wall_now()
        grouped: dict[str, list[AccountValue]] = {}
        for row in rows:
            grouped.setdefault(row.account, []).append(row)
        return [account_of(name, values, now) for name, values in sorted(grouped.items())]

    async def holdings(self) -> tuple[frozenset[str], dict[Place, BrokerHolding]]:
        """Accounts seen, and everything they hold; raises Unavailable."""
        accounts = frozenset(self._feed.managed_accounts())
        return accounts, {place_of(each): holding_of(each) for each in await self._feed.positions()}

    def retry_now(self) -> None:
        """Cuts the wait for the next attempt short; raises FailedPrecondition when the link is latched down."""
        self._link.retry_now()

    async def retry_link(self) -> BrokerLink:
        """Tries to connect now; nothing happens to a connection that stands."""
        return await self._link.retry()


def account_of(name: str, rows: Iterable[AccountValue], fetched_at: int) -> Account:
    """The account its values make; a value that is no number is kept as text only."""
    values = {row.tag: row.value for row in rows}
    currencies = {row.tag: row.currency for row in rows}
    return Account(
        name,
        _number(values.get("TotalCashValue")),
        _number(values.get("NetLiquidation")),
        _number(values.get("BuyingPower")),
        currencies.get("NetLiquidation", ""),
        values,
        fetched_at,
    )


def place_of(position: BrokerPosition) -> Place:
    """Where the broker has it."""
    return Place(position.account, position.instrument.instrument_id)


def holding_of(position: BrokerPosition) -> BrokerHolding:
    """What the broker has there."""
    return BrokerHolding(position.quantity, position.average_price, position.instrument.multiplier)


def _number(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None

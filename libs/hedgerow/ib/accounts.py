"""Accounts: which there are, what they are worth, what they hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hedgerow.ib.contracts import decimal_of, from_contract
from hedgerow.ib.events import AccountValue, BrokerPosition
from hedgerow.ib.link import IbLink
from hedgerow.telemetry.logs import get_logger

SUMMARY_TAGS = (
    "AccountType", "NetLiquidation", "TotalCashValue", "SettledCash", "AccruedCash", "BuyingPower",
    "EquityWithLoanValue", "GrossPositionValue", "InitMarginReq", "MaintMarginReq", "AvailableFunds",
    "ExcessLiquidity", "Cushion", "DayTradesRemaining", "Leverage",
)  # fmt: skip


class AccountFeed:
    """Account values and positions on one link; `on_position` gets every position row, asked for or live.

    A live row of quantity zero says that the position is closed. Positions are pushed live from the first
    `positions` of a session on, so ask once in a recovery.
    """

    def __init__(self, link: IbLink, on_position: Callable[[BrokerPosition], None] | None = None) -> None:
        self._link, self._on_position = link, on_position
        self._positions: dict[tuple[str, str], BrokerPosition] = {}
        self._summaries: dict[int, list[AccountValue]] = {}
        self._log = get_logger(role=link.role)
        link.accounts = self

    def managed_accounts(self) -> tuple[str, ...]:
        """Accounts the connection sees; raises Unavailable."""
        return self._link.session().accounts

    async def summary(self) -> list[AccountValue]:
        """The values of all accounts now; raises Unavailable, FailedPrecondition."""
        session = self._link.session()
        request_id = session.request_id()
        rows = self._summaries[request_id] = []
        try:
            tags = ",".join(SUMMARY_TAGS)
            await session.exclusive(
                f"summary {request_id}", partial(session.client.reqAccountSummary, request_id, "All", tags)
            )
        finally:
            del self._summaries[request_id]
            if session.alive:
                # it would be pushed for ever, and the broker allows two
                session.send(partial(session.client.cancelAccountSummary, request_id))
        return rows

    async def positions(self) -> list[BrokerPosition]:
        """All open positions now; raises Unavailable."""
        session = self._link.session()
        rows: dict[tuple[str, str], BrokerPosition] = {}

        def send() -> None:
            self._positions = rows
            session.client.reqPositions()

        await session.exclusive("positions", send)
        return [position for position in rows.values() if position.quantity != 0]

    def position(self, account: str, contract: Any, quantity: float, average_cost: float) -> None:
        """From the listener. The broker's average cost includes the multiplier, ours is per share."""
        instrument = from_contract(contract)
        if instrument is None:
            self._log.warning("position not shown", account=account, kind=contract.secType, symbol=contract.symbol)
            return
        average_price = decimal_of(average_cost) / instrument.multiplier
        position = BrokerPosition(account, instrument, decimal_of(quantity), average_price)
        self._positions[(account, instrument.instrument_id)] = position
        if self._on_position is not None:
            self._on_position(position)

    def summary_value(self, request_id: int, account: str, tag: str, value: str, currency: str) -> None:
        """From the listener."""
        rows = self._summaries.get(request_id)
        if rows is not None:
            rows.append(AccountValue(account, tag, value, currency))

"""What the broker says, as plain values: order updates, executions, errors, positions, accounts, bars, chains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import OrderStatus, OrderType, Side
from hedgerow.ib.codes import ErrorMeaning


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """The broker's word on one order; `client_order_id` is empty where it is not ours or not yet known.

    `status` went through our own table and never comes from an error code; quantities in shares or contracts,
    `average_price` per share; `client_id` is the connection that placed it.
    """

    broker_order_id: int
    perm_id: int
    client_id: int
    client_order_id: str
    status: OrderStatus
    filled: Decimal
    remaining: Decimal
    average_price: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class ExecutionUpdate:
    """One execution; `replayed` when it answers a question rather than reporting a fill as it happens.

    `fill.event_time` is market time at receipt for a live one and the broker's own stamp (whole seconds) for a
    replayed one, ns UTC; `cum_qty` and `average_price` are the order's after it. `instrument` is None for a kind
    this project does not trade.
    """

    fill: Fill
    broker_order_id: int
    perm_id: int
    client_id: int
    client_order_id: str
    account: str
    instrument: Instrument | None
    side: Side
    cum_qty: Decimal
    average_price: Decimal
    replayed: bool

    def with_commission(self, report: CommissionUpdate | None) -> ExecutionUpdate:
        """The same execution with what it cost, where that is known."""
        if report is None:
            return self
        fill = replace(self.fill, commission=report.commission, realized_pnl=report.realized_pnl)
        return replace(self, fill=fill)


@dataclass(frozen=True, slots=True)
class CommissionUpdate:
    """What one execution cost, in `currency`; `realized_pnl` None where it closed nothing."""

    execution_id: str
    commission: Decimal
    currency: str
    realized_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class BrokerError:
    """An error or notice; `broker_order_id` is 0 unless it carries an order's id. Never proof of an order's state."""

    code: int
    request_id: int
    text: str
    meaning: ErrorMeaning
    broker_order_id: int = 0


OrderEvent = OrderUpdate | ExecutionUpdate | CommissionUpdate | BrokerError


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as an open-orders or completed-orders answer tells it.

    A completed order carries neither broker_order_id nor client_id (both 0): join it by client_order_id and perm_id.
    """

    broker_order_id: int
    perm_id: int
    client_id: int
    client_order_id: str
    account: str
    instrument: Instrument | None
    side: Side
    order_type: OrderType | None
    quantity: Decimal
    limit_price: Decimal | None
    filled: Decimal | None
    status: OrderStatus
    text: str


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """A position the broker reports: signed quantity, average price per share without the multiplier."""

    account: str
    instrument: Instrument
    quantity: Decimal
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class AccountValue:
    """One value of an account, for example NetLiquidation; `value` as the broker writes it."""

    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class ResolvedInstrument:
    """The instrument the broker knows: its own number for it and the smallest price increment in currency."""

    instrument: Instrument
    contract_number: int
    min_tick: Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """One historical bar; `start_time` market ns UTC, prices per share."""

    start_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class BarPrice(StrEnum):
    """What a bar's prices are of, in the broker's words."""

    TRADES = "TRADES"
    MIDPOINT = "MIDPOINT"
    BID = "BID"
    ASK = "ASK"


@dataclass(frozen=True, slots=True)
class ChainExpiry:
    """One expiry of an option chain, strikes ascending; `multiplier` shares per contract."""

    expiry: date
    strikes: tuple[Decimal, ...]
    multiplier: int

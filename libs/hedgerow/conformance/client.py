"""What a scenario needs of a client library, in plain values; one adapter per library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

TIMEOUT_S = 20.0


@dataclass(frozen=True)
class ContractSpec:
    """A contract as a user describes it; empty fields are left open."""

    symbol: str = "SIMX"
    sec_type: str = "STK"
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    exchange: str = "SMART"
    con_id: int = 0


@dataclass(frozen=True)
class Details:
    """One answer to a contract details request."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: float
    right: str
    multiplier: str
    min_tick: float
    trading_class: str
    under_con_id: int
    long_name: str
    time_zone: str
    liquid_hours: str


@dataclass(frozen=True)
class OrderSpec:
    """An order; `limit` None is a market order."""

    action: str
    quantity: float
    limit: float | None = None
    tif: str = ""
    order_ref: str = ""
    outside_rth: bool = False
    account: str = ""
    transmit: bool = True
    more: Mapping[str, object] = field(default_factory=dict)
    """Attributes of the library's order object, set as they are."""


@dataclass
class QuoteView:
    """What a market data subscription shows now; None before it is known."""

    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    market_data_type: int = 0
    delta: float | None = None
    implied_volatility: float | None = None
    theta: float | None = None
    vega: float | None = None
    updates: int = 0


@dataclass
class OrderView:
    """An order as the client's callbacks tell it."""

    order_id: int
    status: str = ""
    filled: float = 0.0
    remaining: float = 0.0
    average_price: float = 0.0
    perm_id: int = 0
    limit: float = 0.0
    quantity: float = 0.0
    order_ref: str = ""
    client_id: int = 0


@dataclass(frozen=True)
class ExecutionView:
    """One execution with its commission report."""

    execution_id: str
    order_id: int
    client_id: int
    side: str
    quantity: float
    price: float
    cum_qty: float
    order_ref: str
    commission: float
    realized_pnl: float


@dataclass(frozen=True)
class WhatIf:
    """The answer to a what-if order."""

    commission: float
    init_margin_change: float


@dataclass(frozen=True)
class ErrorView:
    """One error callback."""

    req_id: int
    code: int
    text: str


@dataclass(frozen=True)
class Chain:
    """One option chain answer."""

    exchange: str
    multiplier: str
    expirations: frozenset[str] = field(default_factory=frozenset)
    strikes: frozenset[float] = field(default_factory=frozenset)


class Client(Protocol):
    """One connection of one library."""

    errors: list[ErrorView]
    live_fills: list[str]
    """Executions the library announced as they happened, by id."""
    commissions: list[str]
    """Executions whose commission report the library announced, by id."""
    statuses: list[tuple[int, str]]
    """Order id and status of every change the library announced."""
    handler_failures: list[str]
    """Exceptions of callbacks that the library reported to us."""

    def connect(self, port: int, client_id: int, timeout_s: float | None = None) -> None:
        """Connect, again after `disconnect` on the same object; or raise ConnectionError or TimeoutError."""

    def disconnect(self) -> None:
        """Disconnect."""

    def is_connected(self) -> bool:
        """Whether the library believes to be connected."""

    def server_version(self) -> int:
        """The negotiated version."""

    def wait(self, condition: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
        """Let the library work until the condition holds; AssertionError naming `what` otherwise."""

    def accounts(self) -> list[str]:
        """Managed accounts."""

    def account_values(self) -> dict[str, str]:
        """Account update values by key, USD or plain."""

    def account_summary(self) -> dict[str, str]:
        """Account summary by tag."""

    def positions(self) -> dict[int, tuple[float, float]]:
        """Quantity and average cost by contract id, freshly asked."""

    def portfolio(self) -> dict[int, tuple[float, float, float]]:
        """Quantity, market price and realized P&L by contract id, from account updates."""

    def details(self, spec: ContractSpec) -> list[Details]:
        """Contract details; empty when the gateway knows none."""

    def chains(self, symbol: str, con_id: int) -> list[Chain]:
        """Option chains."""

    def subscribe(self, spec: ContractSpec) -> int:
        """Stream market data; a handle for `quote`."""

    def quote(self, handle: int) -> QuoteView:
        """What the subscription shows now."""

    def unsubscribe(self, handle: int) -> None:
        """End a subscription."""

    def snapshot(self, spec: ContractSpec) -> QuoteView:
        """One market data snapshot."""

    def closes(self, spec: ContractSpec, duration: str, bar: str, show: str) -> list[float]:
        """Closes of historical bars in regular hours; empty on an error."""

    def next_order_id(self) -> int:
        """Take the id the library would give the next order."""

    def place(self, spec: ContractSpec, order: OrderSpec, order_id: int | None = None) -> int:
        """Place an order under that id, or the library's next one; the id."""

    def modify(self, order_id: int, spec: ContractSpec, order: OrderSpec) -> None:
        """Place again under the same id."""

    def cancel(self, order_id: int) -> None:
        """Cancel one order."""

    def cancel_everything(self) -> None:
        """Global cancel."""

    def order(self, order_id: int) -> OrderView:
        """An order of this connection as known now."""

    def open_orders(self, everyone: bool = False) -> list[OrderView]:
        """Open orders, freshly asked."""

    def completed_orders(self) -> list[OrderView]:
        """Completed orders, freshly asked; ids as the library shows them."""

    def executions(self) -> list[ExecutionView]:
        """Executions, freshly asked."""

    def what_if(self, spec: ContractSpec, order: OrderSpec) -> WhatIf:
        """What an order would do."""

    def current_time(self) -> int:
        """The gateway's time, seconds since the epoch."""

    def library_orders(self) -> dict[int, str]:
        """Status by order id of every order the library itself keeps; asks nobody."""

    def library_positions(self) -> dict[int, float]:
        """Quantity by contract id of every position the library itself keeps; asks nobody."""

    def probe(self, timeout_s: float) -> bool:
        """Whether the gateway answers a request for its time within that many seconds."""

    def ask_positions_twice(self, grace_s: float) -> list[bool]:
        """Ask for positions twice at the same moment; whether each was answered, so long after one of them was."""

    def fail_in_error_callback(self) -> None:
        """Let our own callback for errors raise from now on, each time."""

"""Orders and executions as the simulated gateway keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from hedgerow.domain.order import Side

ZERO = Decimal(0)
_UNSET_PRICE = Decimal("1e300")
STOPS = ("STP", "STP LMT")
"""Order types that wait for a stop price."""


class Status(StrEnum):
    """TWS order states; PRE_SUBMITTED rests at the gateway, SUBMITTED at the exchange."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELED = "Cancelled"
    INACTIVE = "Inactive"

    @property
    def is_done(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in (Status.FILLED, Status.CANCELED, Status.INACTIVE)


class OrderFields(dict[str, str]):
    """placeOrder fields by name, only those that say something; the others read as empty."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__((name, value) for name, value in fields.items() if value)

    def __missing__(self, name: str) -> str:
        return ""


@dataclass(slots=True, eq=False)
class SimOrder:
    """One order of one client, with the fields it was placed with.

    `good_until` is market ns UTC after which it expires, 0 never; `rested` says it stood in a
    regular-session book without crossing, so it fills at its own limit; `value` is the sum of
    price times quantity filled; `triggered` says that its stop price has been reached;
    `received_ns` is CLOCK_MONOTONIC of its frame, 0 when that was before a restart.
    """

    client_id: int
    order_id: int
    perm_id: int
    instrument_id: str
    fields: OrderFields
    status: Status = Status.PRE_SUBMITTED
    filled: Decimal = ZERO
    value: Decimal = ZERO
    last_price: Decimal = ZERO
    commission: Decimal = ZERO
    placed_at: int = 0
    good_until: int = 0
    completed_at: int = 0
    completed_text: str = ""
    rested: bool = False
    triggered: bool = False
    received_ns: int = 0

    @property
    def side(self) -> Side:
        """BUY or SELL."""
        return Side.BUY if self.fields["action"] == "BUY" else Side.SELL

    @property
    def total(self) -> Decimal:
        """The order's size."""
        return Decimal(self.fields["totalQuantity"])

    @property
    def remaining(self) -> Decimal:
        """What is not yet filled."""
        return self.total - self.filled

    @property
    def limit(self) -> Decimal | None:
        """The limit price, None for a market order."""
        return limit_of(self.fields)

    @property
    def stop(self) -> Decimal | None:
        """The stop price, None for an order that waits for none."""
        return stop_of(self.fields)

    @property
    def waits_for_stop(self) -> bool:
        """Whether its stop price has not been reached yet."""
        return not self.triggered and self.fields["orderType"] in STOPS

    @property
    def parent_id(self) -> int:
        """The order id of the order it is attached to, 0 for none."""
        return int(self.fields["parentId"] or 0)

    @property
    def average_price(self) -> Decimal:
        """The volume-weighted fill price, zero before the first fill."""
        return self.value / self.filled if self.filled else ZERO

    @property
    def time_in_force(self) -> str:
        """DAY unless the client said otherwise."""
        return self.fields["tif"] or "DAY"

    @property
    def outside_rth(self) -> bool:
        """Whether it may fill outside the regular session."""
        return self.fields["outsideRth"] == "1"

    @property
    def transmitted(self) -> bool:
        """Whether the client has released it to the market."""
        return self.fields["transmit"] != "0"


def limit_of(fields: OrderFields) -> Decimal | None:
    """The limit price among placeOrder fields, None for a market order."""
    return _price(fields["lmtPrice"]) if fields["orderType"] in ("LMT", "STP LMT") else None


def stop_of(fields: OrderFields) -> Decimal | None:
    """The stop price among placeOrder fields, None for an order without."""
    return _price(fields["auxPrice"]) if fields["orderType"] in STOPS else None


def _price(text: str) -> Decimal | None:
    price = Decimal(text) if text else None
    return None if price is None or abs(price) >= _UNSET_PRICE else price


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill: quantities are positive, `time` is market ns UTC, `realized_pnl` None when opening."""

    execution_id: str
    client_id: int
    order_id: int
    perm_id: int
    instrument_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    cum_qty: Decimal
    average_price: Decimal
    order_ref: str
    commission: Decimal
    realized_pnl: Decimal | None
    time: int = field(default=0)

"""What execution needs from the outside: a broker and risk's verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from hedgerow.domain.errors import HedgerowError
from hedgerow.domain.execution_report import Fill
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import ApprovedOrder, OrderCheck, OrderStatus, Verdict
from hedgerow.domain.trading_state import BrokerLink
from services.execution.domain.orders import Order
from services.execution.domain.reconcile import BrokerTruth


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """The broker's word on one order; `filled` is what its status claims, proof are executions only."""

    client_order_id: str
    broker_order_id: int
    perm_id: int
    status: OrderStatus
    filled: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class ExecutionSeen:
    """One execution as it happens."""

    client_order_id: str
    broker_order_id: int
    perm_id: int
    fill: Fill


@dataclass(frozen=True, slots=True)
class CommissionSeen:
    """What one execution cost, currency."""

    execution_id: str
    amount: Decimal
    realized_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderTrouble:
    """An error that carries an order's id: a reason to ask, never proof of a state.

    `rejects` when the code means that the order was refused, `cancel_refused` when it answers a cancel.
    """

    broker_order_id: int
    code: int
    text: str
    rejects: bool
    cancel_refused: bool


BrokerEvent = OrderSeen | ExecutionSeen | CommissionSeen | OrderTrouble


class Broker(Protocol):
    """The order-owning connection; calls that write raise Unavailable when it is gone."""

    @property
    def link(self) -> BrokerLink:
        """State of the connection."""

    @property
    def ready(self) -> bool:
        """Whether it is up and reconciled since the last connect."""

    @property
    def up(self) -> bool:
        """Whether the broker can be asked, reconciled or not."""

    async def retry_link(self) -> BrokerLink:
        """Tries to connect now and tells how the attempt begins; raises FailedPrecondition when latched down."""

    def account_refusal(self, account: str) -> str:
        """Why this account may not be traded here; empty when it may."""

    def is_known(self, instrument: Instrument) -> bool:
        """Whether the broker's contract for the instrument is resolved."""

    async def prepare(self, instrument: Instrument) -> None:
        """Resolves the instrument; raises NotFound, FailedPrecondition or Unavailable."""

    def next_order_id(self, above: int) -> int:
        """A broker order id never used before: above everything persisted, granted or seen."""

    def place(self, order: ApprovedOrder) -> None:
        """Writes the order's frame; when it raises a domain error, not one byte left."""

    def cancel(self, broker_order_id: int) -> None:
        """Writes a cancel frame."""

    async def probe(self, timeout_s: float) -> None:
        """Waits until the broker shows that it has read everything sent so far; raises Unavailable."""

    async def truth(self) -> BrokerTruth:
        """Asks for open orders, completed orders, executions, positions; raises Unavailable."""

    def rolled_back(self, above: int) -> bool:
        """Whether the broker granted this session an order id not above that one, which was used: it was restarted.

        Raises Unavailable.
        """


class FrameEvidence(Protocol):
    """Who writes down, durably and before it is forwarded, every order frame on its way to the broker."""

    async def never_forwarded(self, orders: Sequence[Order]) -> dict[str, str]:
        """Client_order_ids of those proven to have no frame forwarded or under way, each with the proof in words.

        Proof takes an unbroken log from before the order was journaled until now; without one, or without an
        answer, nothing is proven and the answer is empty. Never raises.
        """


class NoFrameEvidence:
    """FrameEvidence where nobody watches the frames: an UNKNOWN order stays so until seen, or an operator's word."""

    async def never_forwarded(self, orders: Sequence[Order]) -> dict[str, str]:
        """Nothing is proven."""
        return {}


class RiskUnavailable(HedgerowError):
    """No verdict: risk is down, silent or erred. Never an allow."""

    reason = "RISK_UNAVAILABLE"


class RiskCheck(Protocol):
    """Asks risk about each order."""

    async def check(self, check: OrderCheck) -> Verdict:
        """Risk's verdict on that intent; raises RiskUnavailable."""

    async def resync(self) -> None:
        """Sends the full set of orders that hold exposure."""


EventHandler = Callable[[BrokerEvent], None]

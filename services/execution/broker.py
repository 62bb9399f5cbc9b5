"""The broker connection behind ports.Broker: Interactive Brokers values in, execution's own out."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.domain.errors import HedgerowError
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import ApprovedOrder
from hedgerow.domain.trading_state import BrokerLink
from hedgerow.failpoints import failpoint
from hedgerow.ib.account_guard import check_accounts
from hedgerow.ib.codes import ErrorMeaning
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.events import BrokerError, BrokerOrder, CommissionUpdate, ExecutionUpdate, OrderEvent, OrderUpdate
from hedgerow.ib.link import IbLink
from hedgerow.ib.orders import OrderLink
from services.execution.domain.reconcile import REFERENCE_PREFIX, BrokerTruth, SeenExecution, SeenOrder
from services.execution.ports import CommissionSeen, EventHandler, ExecutionSeen, OrderSeen, OrderTrouble

_REJECTS = frozenset({ErrorMeaning.ORDER_REJECTED, ErrorMeaning.NO_SUCH_INSTRUMENT, ErrorMeaning.DUPLICATE_ORDER_ID})
_CANCEL_REFUSED = frozenset({ErrorMeaning.CANCEL_REFUSED, ErrorMeaning.ORDER_NOT_FOUND})


class IbBroker:
    """Implements ports.Broker; `on_event` is called inside the network read that brought the event."""

    def __init__(self, link: IbLink, on_event: EventHandler) -> None:
        self._link = link
        self._contracts = ContractBook(link)
        self._orders = OrderLink(link, self._contracts, self._event)
        self._on_event = on_event

    @property
    def link(self) -> BrokerLink:
        """State of the connection."""
        return self._link.state

    @property
    def ready(self) -> bool:
        """Whether it is up and its recovery, the reconciliation barrier, is done."""
        return self._link.ready

    @property
    def up(self) -> bool:
        """Whether the broker can be asked, recovered or not."""
        return self._link.up

    async def retry_link(self) -> BrokerLink:
        """Tries to connect now; nothing happens to a connection that stands."""
        return await self._link.retry()

    def account_refusal(self, account: str) -> str:
        """Why this account may not be traded in the configured mode and on this connection; empty when it may."""
        try:
            check_accounts(self._link.broker, (account,))
        except HedgerowError as error:
            return str(error)
        if self._link.up and account not in self._link.tradable_accounts:
            return f"account {account} is not among {', '.join(self._link.tradable_accounts)} of this connection"
        return ""

    def next_order_id(self, above: int) -> int:
        """A broker order id never used before; raises Unavailable."""
        return max(above + 1, self._orders.next_order_id)

    def rolled_back(self, above: int) -> bool:
        """Whether this session was granted an order id not above that one; raises Unavailable."""
        return self._orders.rolled_back(above)

    def is_known(self, instrument: Instrument) -> bool:
        """Whether the broker's contract for the instrument is resolved."""
        return self._contracts.known(instrument.instrument_id) is not None

    async def prepare(self, instrument: Instrument) -> None:
        """Resolves the instrument; raises NotFound, FailedPrecondition or Unavailable."""
        await self._orders.prepare(instrument)

    def place(self, order: ApprovedOrder) -> None:
        """Writes the order's frame; when it raises, not one byte left."""
        self._orders.place_order(order)

    def cancel(self, broker_order_id: int) -> None:
        """Writes a cancel frame; raises Unavailable."""
        self._orders.cancel(broker_order_id)

    async def probe(self, timeout_s: float) -> None:
        """Waits until the broker shows that it has read everything sent so far; raises Unavailable."""
        await self._link.probe(timeout_s)

    async def truth(self) -> BrokerTruth:
        """All four answers, one after the other: an order that moves on meanwhile shows up in a later one.

        Orders of other client ids are looked at as well: one of ours may rest under the id of an earlier session.
        """
        failpoint("broker.open_orders")
        orders = [_seen(each, self._link.client_id) for each in await self._orders.open_orders(all_clients=True)]
        failpoint("broker.completed_orders")
        orders += [_seen(each, each.client_id) for each in await self._orders.completed_orders()]
        failpoint("broker.executions")
        executions = await self._orders.executions()
        failpoint("broker.positions")
        positions: dict[tuple[str, str], Decimal] = {}
        for each in await self._orders.positions():
            positions[(each.account, each.instrument.instrument_id)] = each.quantity
        return BrokerTruth(
            tuple(order for order in orders if not order.client_id or _ours(order.client_order_id)),
            tuple(
                SeenExecution(each.client_order_id, each.broker_order_id, each.perm_id, each.fill)
                for each in executions
                if each.client_id == self._link.client_id or _ours(each.client_order_id)
            ),
            positions,
        )

    def _event(self, event: OrderEvent) -> None:
        failpoint("broker.event")
        match event:
            case OrderUpdate() if event.client_id == self._link.client_id:
                self._on_event(
                    OrderSeen(
                        event.client_order_id, event.broker_order_id, event.perm_id, event.status, event.filled,
                        event.text,
                    )
                )  # fmt: skip
            case ExecutionUpdate() if event.client_id == self._link.client_id or _ours(event.client_order_id):
                self._on_event(ExecutionSeen(event.client_order_id, event.broker_order_id, event.perm_id, event.fill))
            case CommissionUpdate():
                self._on_event(CommissionSeen(event.execution_id, event.commission, event.realized_pnl))
            case BrokerError() if event.broker_order_id:
                rejects, refused = event.meaning in _REJECTS, event.meaning in _CANCEL_REFUSED
                if event.meaning is not ErrorMeaning.INFORMATIONAL:
                    self._on_event(OrderTrouble(event.broker_order_id, event.code, event.text, rejects, refused))


def _ours(client_order_id: str) -> bool:
    return client_order_id.startswith(REFERENCE_PREFIX)


def _seen(order: BrokerOrder, own_id: int) -> SeenOrder:
    """The order; its client id is told where it is another's, 0 being the platform's own."""
    other = 0 if order.client_id in (0, own_id) else order.client_id
    return SeenOrder(order.client_order_id, order.broker_order_id, order.perm_id, order.status, order.text, other)

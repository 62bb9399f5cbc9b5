"""Orders on one connection: frames out, and what the broker says about them in, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from hedgerow.domain.errors import BrokerAccountRefused, FailedPrecondition, Unavailable
from hedgerow.domain.instrument import Instrument
from hedgerow.domain.order import ApprovedOrder, OrderType
from hedgerow.failpoints import failpoint
from hedgerow.ib.account_guard import mode_of
from hedgerow.ib.accounts import AccountFeed
from hedgerow.ib.codes import ErrorMeaning, meaning_of
from hedgerow.ib.contracts import ContractBook
from hedgerow.ib.events import (
    BrokerError,
    BrokerOrder,
    BrokerPosition,
    CommissionUpdate,
    ExecutionUpdate,
    OrderEvent,
    OrderUpdate,
    ResolvedInstrument,
)
from hedgerow.ib.library import library
from hedgerow.ib.link import IbLink
from hedgerow.ib.order_values import (
    broker_order,
    commission_update,
    execution_update,
    is_order_id,
    order_update,
)
from hedgerow.ib.pacing import MessageBudget

if TYPE_CHECKING:
    from hedgerow.ib.session import Session


class OrderLink:
    """The order-owning connection: its client id never rotates.

    `on_event` gets, inside the network read that brought it, every order update, live execution, commission and
    error. Executions from before the connection are not among them: ask `executions`. Nothing here journals or
    decides; only what risk approved can be transmitted.
    """

    def __init__(self, link: IbLink, contracts: ContractBook, on_event: Callable[[OrderEvent], None]) -> None:
        self._link, self._contracts, self._on_event = link, contracts, on_event
        self._accounts = AccountFeed(link)
        self._budget = MessageBudget()
        self._client_order_ids: dict[tuple[int, int], str] = {}
        self._references: dict[int, str] = {}  # by permanent id, which no restart gives to another order
        self._updates: dict[tuple[int, int, int], OrderUpdate] = {}
        self._used = 0
        self._judged: Session | None = None
        self._rolled_back = False
        self._rejected: set[tuple[int, int]] = set()
        self._commissions: dict[str, CommissionUpdate] = {}
        self._open: list[BrokerOrder] = []
        self._completed: list[BrokerOrder] = []
        self._executions: dict[int, list[ExecutionUpdate]] = {}
        link.orders = self
        link.add_error_listener(self._error)

    @property
    def next_order_id(self) -> int:
        """An order id above all that any session used or saw, and this one was granted; raises Unavailable.

        What earlier processes used is not known here: use max(persisted + 1, this).
        """
        return max(self._used + 1, self._link.session().next_order_id)

    def rolled_back(self, above: int) -> bool:
        """Whether this session was granted an order id not above that one, in use before it; raises Unavailable.

        Judged once in a session, before its first order.
        """
        session = self._link.session()
        if session is not self._judged:
            self._judged, self._rolled_back = session, 0 < session.granted_order_id <= above
        return self._rolled_back

    def _use(self, order_id: int) -> None:
        if is_order_id(order_id):
            self._used = max(self._used, order_id)

    async def prepare(self, instrument: Instrument) -> ResolvedInstrument:
        """Resolves an instrument ahead of its first order; raises as `ContractBook.resolve` does."""
        return await self._contracts.resolve(instrument)

    def check(self, approved: ApprovedOrder) -> None:
        """Everything `place_order` refuses for except the message budget; call before the journal commit.

        Raises FailedPrecondition, BrokerAccountRefused, Unavailable.
        """
        intent, verdict = approved.intent, approved.verdict
        if not verdict.allowed or verdict.intent_id != intent.intent_id:
            raise FailedPrecondition(f"order {approved.client_order_id}: no approval of this intent", "NOT_APPROVED")
        if not is_order_id(approved.broker_order_id):
            raise FailedPrecondition(f"order id {approved.broker_order_id} is out of range", "ORDER_ID_OUT_OF_RANGE")
        if mode_of(intent.account) is not self._link.broker.mode or intent.account not in self._link.tradable_accounts:
            raise BrokerAccountRefused(
                f"account {intent.account} may not be traded in mode {self._link.broker.mode.value} on this connection"
            )
        if not self._link.up:
            raise Unavailable(f"no broker connection: {self._link.state.reason}", "BROKER_DOWN")

    def place_order(self, approved: ApprovedOrder) -> None:
        """Hands a journaled, approved order to the socket, synchronously.

        When it raises (FailedPrecondition, BrokerAccountRefused, Unavailable; reason PACING when the message
        budget is used up), not one byte left.
        """
        failpoint("ib.order")
        self.check(approved)
        session = self._link.session()
        contract = self._contracts.contract(approved.intent.instrument)
        order = _library_order(approved)
        if not self._budget.take_now(cancel=False):
            raise Unavailable(f"order {approved.client_order_id}: the message budget is used up", "PACING")
        self._client_order_ids[(self._link.client_id, approved.broker_order_id)] = approved.client_order_id
        self._use(approved.broker_order_id)
        failpoint("ib.order_frame")
        frame = partial(session.client.placeOrder, approved.broker_order_id, contract, order)
        session.send(frame, self._look_at_order, now_or_never=True)
        failpoint("ib.order_sent")

    def cancel(self, broker_order_id: int) -> None:
        """Asks for one of this client id's orders to be canceled; raises Unavailable.

        Only an order update of status CANCELED says that it is.
        """
        session = self._link.session()
        if not self._budget.take_now(cancel=True):
            raise Unavailable(f"cancel of {broker_order_id}: the message budget is used up", "PACING")
        failpoint("ib.cancel_frame")
        session.send(partial(session.client.cancelOrder, broker_order_id, ""), self._look_at_cancel)
        failpoint("ib.cancel_sent")

    def _look_at_order(self) -> None:
        if self._link.last_look is not None:
            self._link.last_look(True)

    def _look_at_cancel(self) -> None:
        if self._link.last_look is not None:
            self._link.last_look(False)

    def cancel_everything(self) -> None:
        """Cancels all orders of all clients and the manual ones too; raises Unavailable."""
        session = self._link.session()
        session.send(session.client.reqGlobalCancel)

    async def open_orders(self, all_clients: bool = False) -> list[BrokerOrder]:
        """Orders resting at the broker; an empty answer does not prove that one was never sent. Raises Unavailable."""
        session = self._link.session()
        rows: list[BrokerOrder] = []

        def send() -> None:
            self._open = rows
            (session.client.reqAllOpenOrders if all_clients else session.client.reqOpenOrders)()

        await session.exclusive("open_orders", send)
        return [_with_fills(row, self._updates.get((row.client_id, row.broker_order_id, row.perm_id))) for row in rows]

    async def completed_orders(self) -> list[BrokerOrder]:
        """Orders of the day that are done; raises Unavailable."""
        session = self._link.session()
        rows: list[BrokerOrder] = []

        def send() -> None:
            self._completed = rows
            session.client.reqCompletedOrders(False)

        await session.exclusive("completed_orders", send)
        return rows

    async def executions(self) -> list[ExecutionUpdate]:
        """Executions of the day that the broker shows this client, with commissions where known; raises Unavailable."""
        session = self._link.session()
        request_id = session.request_id()
        rows = self._executions[request_id] = []
        try:
            every = library().ExecutionFilter()
            await session.exclusive(
                f"executions {request_id}", partial(session.client.reqExecutions, request_id, every)
            )
        finally:
            del self._executions[request_id]
        return [row.with_commission(self._commissions.get(row.fill.execution_id)) for row in rows]

    async def positions(self) -> list[BrokerPosition]:
        """All open positions of all accounts; raises Unavailable."""
        return await self._accounts.positions()

    def order_status(
        self, order_id: int, state: str, filled: float, remaining: float, average: float, perm_id: int, client_id: int,
        why_held: str,
    ) -> None:  # fmt: skip
        """From the listener."""
        failpoint("ib.status")
        key = (client_id, order_id)
        update = order_update(
            key, state, filled, remaining, average, perm_id, why_held,
            self._references.get(perm_id, self._client_order_ids.get(key, "")), key in self._rejected,
        )  # fmt: skip
        self._use(order_id)
        self._updates[(*key, perm_id)] = update
        self._on_event(update)

    def open_order(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        """From the listener: tells ids; the state itself comes as an order status."""
        failpoint("ib.open_order")
        row = broker_order(order_id, contract, order, state)
        # Also an empty one: the id may have belonged to one of ours before the broker gave it again.
        self._client_order_ids[(row.client_id, row.broker_order_id)] = row.client_order_id
        if row.perm_id:
            self._references[row.perm_id] = row.client_order_id
        self._use(order_id)
        self._open.append(row)

    def completed_order(self, contract: Any, order: Any, state: Any) -> None:
        """From the listener."""
        self._completed.append(broker_order(0, contract, order, state))

    def execution(self, request_id: int, contract: Any, execution: Any) -> None:
        """From the listener."""
        failpoint("ib.execution")
        self._use(int(execution.orderId))
        rows = self._executions.get(request_id)
        if rows is not None:
            rows.append(execution_update(contract, execution, None))
        elif request_id < 0:
            self._on_event(execution_update(contract, execution, self._link.clock.market_now()))

    def commission(self, report: Any) -> None:
        """From the listener; may come before its execution."""
        failpoint("ib.commission")
        update = self._commissions[report.execId] = commission_update(report)
        self._on_event(update)

    def _error(self, request_id: int, code: int, text: str) -> None:
        failpoint("ib.error")
        meaning = meaning_of(code)
        order_id = request_id if is_order_id(request_id) else 0
        if order_id and meaning is ErrorMeaning.ORDER_REJECTED:
            self._rejected.add((self._link.client_id, order_id))
        self._on_event(BrokerError(code, request_id, text, meaning, order_id))


def _library_order(approved: ApprovedOrder) -> Any:
    intent = approved.intent
    whole = intent.quantity == intent.quantity.to_integral_value()
    fields: dict[str, Any] = {
        "orderId": approved.broker_order_id,
        "action": intent.side.value,
        "totalQuantity": int(intent.quantity) if whole else float(intent.quantity),
        "orderType": "MKT" if intent.order_type is OrderType.MARKET else "LMT",
        "tif": intent.time_in_force.value,
        "account": intent.account,
        "orderRef": approved.client_order_id,
        "transmit": True,
    }
    if intent.limit_price is not None:
        fields["lmtPrice"] = float(intent.limit_price)
    return library().Order(**fields)


def _with_fills(row: BrokerOrder, update: OrderUpdate | None) -> BrokerOrder:
    """An open order with what its order status, which follows it in the answer, says was filled."""
    if update is None:
        return row
    filled: Decimal = update.filled
    return BrokerOrder(
        row.broker_order_id, row.perm_id, row.client_id, row.client_order_id, row.account, row.instrument, row.side,
        row.order_type, row.quantity, row.limit_price, filled, update.status, row.text,
    )  # fmt: skip

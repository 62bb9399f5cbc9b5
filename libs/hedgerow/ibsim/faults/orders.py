"""Faults of the order book: lost, rolled back, corrected, doubled, hidden, filled in the middle of a change."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.config import Exact
from hedgerow.ibsim.corrections import correct
from hedgerow.ibsim.faults.connection import Losing
from hedgerow.ibsim.faults.engine import Run
from hedgerow.ibsim.faults.frames import Incoming
from hedgerow.ibsim.faults.model import Fault, OfClient, OfOrder, Repeating
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.orders import Execution, SimOrder

if TYPE_CHECKING:
    from hedgerow.ibsim.session import Session

_TEXTS = {
    161: "Cancel attempted when order is not in a cancellable state. Order permId = {perm_id}",
    399: "Order Message:\nWarning: a scripted message.",
    10147: "OrderId {order_id} that needs to be cancelled is not found.",
    10148: "OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {status}.",
    10349: "Order TIF was set to DAY based on order preset.",
}


class _OfChosenOrders(OfOrder, Fault):
    """A fault of open orders chosen by id or reference, else of the triggering one."""

    def chosen(self, run: Run) -> list[SimOrder]:
        """The open orders meant. Raises InvalidValue when there is none."""
        working = run.faults.simulation.desk.working()
        if self.order_id is None and self.order_ref is None and run.trigger is not None:
            found = [order for order in working if (order.client_id, order.order_id) == run.trigger.key]
        else:
            found = [
                order
                for order in working
                if self.concerns(run, order.client_id)
                and self.order_id in (None, order.order_id)
                and self.order_ref in (None, order.fields["orderRef"])
            ]
        if not found:
            raise InvalidValue("order_id", self.order_id or self.order_ref, "an open order", "place one first")
        return found


class LoseOrders(OfClient, Losing, Fault):
    """Open, unfilled orders vanish without a word."""

    action: Literal["lose_orders"]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.lose_last and not self.lose_ms:
            raise ValueError("lose_last or lose_ms: one of them above zero")
        return self

    def start(self, run: Run) -> None:
        """They are gone."""
        self.lose(run, self.client)


class RollBackIds(Fault):
    """A client's next order id falls: ids of orders that are over, or lost, are given out again."""

    action: Literal["roll_back_ids"]
    client: int = Field(ge=0)
    by: int | None = Field(default=None, ge=1)
    to: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.by is None) == (self.to is None):
            raise ValueError("roll_back_ids needs either by or to")
        return self

    def start(self, run: Run) -> None:
        """From the next nextValidId on."""
        run.faults.simulation.book.roll_back_ids(self.client, by=self.by, to=self.to)


class OrderError(_OfChosenOrders):
    """An error that carries a live order's id, such as 10349, which is only information."""

    action: Literal["order_error"]
    code: int = Field(default=10349, ge=1)
    text: str = ""

    def start(self, run: Run) -> None:
        """Say it."""
        for order in self.chosen(run):
            text = self.text or _TEXTS.get(self.code, "a scripted order message")
            told = text.format(order_id=order.order_id, perm_id=order.perm_id, status=order.status.value)
            run.faults.simulation.hub.order_error(order, self.code, told)


class EndOrder(_OfChosenOrders):
    """The exchange ends an open order: cancelled (202), or rejected after it had been taken (Inactive, 201)."""

    action: Literal["end_order"]
    state: Literal["cancelled", "inactive"] = "cancelled"
    text: str = "a scripted end"

    def start(self, run: Run) -> None:
        """It is over."""
        desk = run.faults.simulation.desk
        for order in self.chosen(run):
            if self.state == "cancelled":
                desk.cancel_order(order, self.text)
            else:
                desk.reject_order(order, self.text)


class CorrectExecution(OfOrder, Fault):
    """An execution comes again with the next revision in its id, other price or quantity; 0 takes it back."""

    action: Literal["correct_execution"]
    execution_id: str | None = Field(default=None, description="none = the newest of the chosen order")
    price: Exact | None = Field(default=None, gt=0)
    quantity: Exact | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if self.price is None and self.quantity is None:
            raise ValueError("correct_execution needs a price or a quantity")
        return self

    def start(self, run: Run) -> None:
        """Book and report it."""
        simulation = run.faults.simulation
        for execution in reversed(simulation.book.executions):
            if self._is_meant(run, execution):
                listing = simulation.universe.by_id[execution.instrument_id]
                done = correct(simulation.book, listing, execution, self.price, self.quantity)
                simulation.hub.execution(listing, done)
                simulation.hub.commission(done)
                simulation.hub.position_changed(done.instrument_id)
                simulation.hub.account_changed(simulation.time.now())
                return
        raise InvalidValue("execution_id", self.execution_id, "an execution of the chosen order", "fill one first")

    def _is_meant(self, run: Run, execution: Execution) -> bool:
        if self.execution_id is not None:
            return execution.execution_id == self.execution_id
        if self.order_id is None and self.order_ref is None and run.trigger is not None:
            return (execution.client_id, execution.order_id) == run.trigger.key
        return (
            self.concerns(run, execution.client_id)
            and self.order_id in (None, execution.order_id)
            and self.order_ref in (None, execution.order_ref)
        )


class DoublePermId(OfOrder, Repeating):
    """A modify leaves the old order alive and adds a second one: same order id, a new permId."""

    action: Literal["double_perm_id"]

    sees_requests: ClassVar[bool] = True

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Have the modify double the order."""
        if request.key is not None and request.is_modify and self.picks(run, request):
            run.faults.simulation.desk.doubles.add(request.key)
        return False

    def handled(self, run: Run, request: Incoming) -> None:
        """Only that modify."""
        if request.key in run.faults.simulation.desk.doubles:
            run.faults.simulation.desk.doubles.discard(request.key)
            run.used()


class HideOrder(OfOrder, Repeating):
    """Each kind of list leaves the order (and its executions) out `times` times for each client, then shows it."""

    action: Literal["hide_order"]
    lists: tuple[Literal["open", "completed", "executions"], ...] = ("open", "completed", "executions")

    @property
    def limit(self) -> int | None:
        """It ends when every list has left the order out often enough."""
        return None

    def hidden(self, run: Run, session: Session, request: Request) -> set[int]:
        """The orders, until this list has left them out often enough."""
        name = {Request.COMPLETED_ORDERS: "completed", Request.EXECUTIONS: "executions"}.get(request, "open")
        if name not in self.lists or not self.concerns(run, session.client_id):
            return set()
        asked = session.client_id, name
        if self.times is not None and run.held.count(asked) >= self.times:
            return set()
        gone = {o.perm_id for o in run.faults.simulation.book.by_perm_id.values() if self._is_meant(run, o)}
        if gone:
            run.held.append(asked)
            run.applied += 1
        return gone

    def _is_meant(self, run: Run, order: SimOrder) -> bool:
        if self.order_id is None and self.order_ref is None and run.trigger is not None:
            return (order.client_id, order.order_id) == run.trigger.key
        return self.order_id in (None, order.order_id) and self.order_ref in (None, order.fields["orderRef"])


class Against(StrEnum):
    """What a fill races with."""

    CANCEL = "cancel"
    MODIFY = "modify"


class Order(StrEnum):
    """Who wins the race."""

    FILL_FIRST = "fill_first"
    FILL_LAST = "fill_last"


class RaceFill(OfOrder, Repeating):
    """An order is filled just before its cancel or modify is handled, or right after a cancel was confirmed."""

    action: Literal["race_fill"]
    against: Against = Against.CANCEL
    winner: Order = Field(default=Order.FILL_FIRST, description="fill_last: the execution follows the confirmation")
    quantity: Exact | None = Field(default=None, gt=0, description="how much is filled; none = all that is left")
    price: Exact | None = Field(default=None, gt=0, description="none = the limit, else the market")
    delay_ms: float = Field(default=0, ge=0, le=600_000, description="wall ms after the confirmation, fill_last only")

    sees_requests: ClassVar[bool] = True

    def _races(self, run: Run, request: Incoming) -> bool:
        wanted = Request.CANCEL_ORDER if self.against is Against.CANCEL else Request.PLACE_ORDER
        return request.kind == wanted and request.order is not None and self.picks(run, request)

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Fill it first."""
        order = request.order
        if order is not None and not order.status.is_done and self._races(run, request):
            run.orders.add((order.client_id, order.order_id))
            if self.winner is Order.FILL_FIRST:
                run.faults.simulation.desk.fill(order, self._size(order), self.price)
        return False

    def handled(self, run: Run, request: Incoming) -> None:
        """Fill it last."""
        order = request.order
        if order is None or request.key not in run.orders or not self._races(run, request):
            return
        run.orders.discard(request.key)
        run.used()
        if self.winner is Order.FILL_LAST:
            desk, size = run.faults.simulation.desk, self._size(order)

            def fill() -> None:
                desk.fill(order, size, self.price)
                run.faults.simulation.hub.flush()

            if self.delay_ms:
                run.faults.later(self.delay_ms / 1e3, fill)
            else:
                fill()

    def _size(self, order: SimOrder) -> Decimal:
        return min(order.remaining, self.quantity) if self.quantity is not None else order.remaining


class LateCancel(OfOrder, Repeating):
    """cancelOrder is answered with PendingCancel, and takes effect `ms` later; fills of meanwhile stand."""

    action: Literal["late_cancel"]
    ms: float = Field(gt=0, le=600_000)

    sees_requests: ClassVar[bool] = True

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Say PendingCancel, cancel later."""
        order = request.order
        if request.kind != Request.CANCEL_ORDER or order is None or order.status.is_done:
            return False
        if not self.picks(run, request):
            return False
        run.faults.simulation.hub.pending_cancel(order)
        run.faults.later(self.ms / 1e3, lambda: run.faults.handle(request))
        run.used()
        return True

"""One frame as a fault sees it: what kind it is, whose it is, and which order it is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hedgerow.ibsim.codec import MalformedFrame, split
from hedgerow.ibsim.faults.names import HELLO, LISTS, REPORTS
from hedgerow.ibsim.messages import order_in, order_out
from hedgerow.ibsim.messages.ids import Reply, Request
from hedgerow.ibsim.orders import SimOrder

if TYPE_CHECKING:
    from hedgerow.ibsim.session import Session

OrderKey = tuple[int, int]
"""Client id and order id."""

_WITH_PERM_ID = {
    Reply.OPEN_ORDER: order_out.OPEN_ORDER, Reply.ORDER_STATUS: order_out.ORDER_STATUS,
    Reply.EXECUTION: order_out.EXECUTION, Reply.COMPLETED_ORDER: order_out.COMPLETED_ORDER,
}  # fmt: skip


@dataclass
class Incoming:
    """One frame from a client, without its length prefix."""

    session: Session
    payload: bytes

    @cached_property
    def kind(self) -> int:
        """Its message id; HELLO before there are any."""
        head = self.payload.split(b"\0", 1)[0]
        return int(head) if head.isdigit() else HELLO

    @cached_property
    def fields(self) -> list[str]:
        """Its text fields; none when it is no text."""
        try:
            return split(self.payload)
        except MalformedFrame:
            return []

    @property
    def client_id(self) -> int:
        """Who sent it; of startApi, who it says it is."""
        if self.kind == Request.START_API and len(self.fields) > 2 and self.fields[2].isdigit():
            return int(self.fields[2])
        return self.session.client_id

    @cached_property
    def key(self) -> OrderKey | None:
        """The order a placeOrder or cancelOrder is about."""
        place = {Request.PLACE_ORDER: 1, Request.CANCEL_ORDER: 2}.get(Request(self.kind)) if self._is_request else None
        if place is None or len(self.fields) <= place or not self.fields[place].isdigit():
            return None
        return self.session.client_id, int(self.fields[place])

    @property
    def _is_request(self) -> bool:
        return self.kind in (Request.PLACE_ORDER, Request.CANCEL_ORDER)

    @property
    def order(self) -> SimOrder | None:
        """That order as the gateway has it now; None for one that is new to it."""
        return self.session.simulation.book.orders.get(self.key) if self.key is not None else None

    @property
    def is_modify(self) -> bool:
        """Whether it is a placeOrder that changes a known order."""
        return self.kind == Request.PLACE_ORDER and self.order is not None

    @cached_property
    def order_ref(self) -> str:
        """The orderRef a placeOrder carries, or the known order's."""
        if self.kind == Request.PLACE_ORDER:
            try:
                return order_in.place_order(self.fields, self.session.version)["orderRef"]
            except MalformedFrame:
                return ""
        return self.order.fields["orderRef"] if self.order is not None else ""


@dataclass
class Outgoing:
    """One frame to a client, with its length prefix; `answering` is the request being answered, 0 for none."""

    session: Session
    frame: bytes
    answering: int = 0

    @cached_property
    def kind(self) -> int:
        """Its message id; HELLO for the gateway's first frame, which has none."""
        head = self.frame[4:].split(b"\0", 1)[0]
        return int(head) if int(head) in _REPLIES else HELLO

    @cached_property
    def fields(self) -> list[str]:
        """Its text fields."""
        return split(self.frame[4:])

    @property
    def client_id(self) -> int:
        """Whom it goes to."""
        return self.session.client_id

    @property
    def is_live(self) -> bool:
        """Whether it reports on an order unasked, rather than in an answer to a list request."""
        return self.kind in REPORTS and self.answering not in LISTS and self.order is not None

    @cached_property
    def order(self) -> SimOrder | None:
        """The order it is about."""
        book = self.session.simulation.book
        layout = _WITH_PERM_ID.get(Reply(self.kind)) if self.kind in _ABOUT_ORDERS else None
        if layout is not None:
            return book.by_perm_id.get(int(layout.read(self.fields, self.session.version, "permId")))
        if self.kind == Reply.COMMISSION:
            named = self.fields[2]
            done = next((e for e in reversed(book.executions) if e.execution_id == named), None)
            return book.by_perm_id.get(done.perm_id) if done is not None else None
        if self.kind == Reply.ERROR:
            return book.orders.get((self.client_id, int(self.fields[2])))
        return None

    @property
    def key(self) -> OrderKey | None:
        """That order's client and order id."""
        return (self.order.client_id, self.order.order_id) if self.order is not None else None

    @property
    def order_ref(self) -> str:
        """That order's orderRef."""
        return self.order.fields["orderRef"] if self.order is not None else ""


_REPLIES = frozenset(Reply)
_ABOUT_ORDERS = frozenset(_WITH_PERM_ID)

"""Orders that depend on one another: brackets (parent and children) and one-cancels-all groups.

Simulated, not verified against a real TWS: children work once their parent has filled completely, and go
with it when it is cancelled; a fill in a group cancels the others (ocaType 1) or cuts them in proportion.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from hedgerow.ibsim.book import Book
from hedgerow.ibsim.codes import Code, RequestRefused
from hedgerow.ibsim.orders import OrderFields, SimOrder, Status

_CANCEL_OTHERS = "1"
_GONE = (Status.CANCELED, Status.INACTIVE)


class Groups:
    """Who depends on whom; `working` gives a client's open orders."""

    def __init__(self, book: Book, working: Callable[[int], list[SimOrder]]) -> None:
        self._book = book
        self._working = working

    def check_parent(self, client_id: int, fields: OrderFields) -> None:
        """Refuse an order attached to none, to itself, or to one that is gone. Raises RequestRefused (10006)."""
        if fields["parentId"] in ("", "0"):
            return
        parent = self._book.orders.get((client_id, int(fields["parentId"])))
        if parent is None or fields["parentId"] == fields["orderId"] or parent.status in _GONE:
            raise RequestRefused(Code.MISSING_PARENT, "Missing parent order.")

    def waits(self, order: SimOrder) -> bool:
        """Whether its parent has not filled yet."""
        parent = self._parent(order)
        return parent is not None and parent.status is not Status.FILLED

    def children(self, parent: SimOrder) -> list[SimOrder]:
        """The open orders attached to `parent`."""
        return [o for o in self._working(parent.client_id) if o.parent_id == parent.order_id]

    def held_back(self, order: SimOrder) -> list[SimOrder]:
        """The parent and the siblings that `order`, being transmitted, transmits; the parent first."""
        parent = self._parent(order)
        if parent is None or not order.transmitted:
            return []
        return [o for o in (parent, *self.children(parent)) if not o.transmitted and not o.status.is_done]

    def cuts(self, order: SimOrder, traded: Decimal) -> list[tuple[SimOrder, Decimal]]:
        """The rivals of an order that has traded so much, and what each has left to fill; zero cancels it."""
        group, parent = order.fields["ocaGroup"], order.parent_id
        if not group and not parent:
            return []
        return [
            (other, _left(other, order, traded))
            for other in self._working(order.client_id)
            if other is not order
            and ((group and other.fields["ocaGroup"] == group) or (parent and other.parent_id == parent))
        ]

    def _parent(self, order: SimOrder) -> SimOrder | None:
        return self._book.orders.get((order.client_id, order.parent_id)) if order.parent_id else None


def _left(other: SimOrder, order: SimOrder, traded: Decimal) -> Decimal:
    if order.remaining <= 0 or other.fields["ocaType"] == _CANCEL_OTHERS:
        return Decimal(0)
    share = order.remaining / (order.remaining + traded)
    return (other.remaining * share).to_integral_value(ROUND_HALF_UP)

"""Orders that depend on one another: brackets (parent and children) and one-cancels-all groups.

Simulated, not verified against a real TWS: children work once their parent has filled completely, and go
with it when it is cancelled; a fill in a group cancels the others (ocaType 1) or cuts them in proportion.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from hedgerow.ibsim.orders import SimOrder

CANCEL_OTHERS = "1"


def children(orders: Iterable[SimOrder], parent: SimOrder) -> list[SimOrder]:
    """The orders attached to `parent`."""
    return [o for o in orders if o.parent_id == parent.order_id and o.client_id == parent.client_id and o is not parent]


def rivals(orders: Iterable[SimOrder], order: SimOrder) -> list[SimOrder]:
    """The orders a fill of `order` cancels or cuts: its group's, and those attached to the same parent."""
    group, parent = order.fields["ocaGroup"], order.parent_id
    if not group and not parent:
        return []
    return [
        other
        for other in orders
        if other is not order
        and other.client_id == order.client_id
        and ((group and other.fields["ocaGroup"] == group) or (parent and other.parent_id == parent))
    ]


def cut(other: SimOrder, order: SimOrder, traded: Decimal) -> Decimal:
    """The size `other` has left to fill once its rival `order` has traded that much; zero cancels it."""
    if order.remaining <= 0 or other.fields["ocaType"] == CANCEL_OTHERS:
        return Decimal(0)
    share = order.remaining / (order.remaining + traded)
    return (other.remaining * share).to_integral_value(ROUND_HALF_UP)

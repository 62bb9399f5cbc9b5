"""Execution quality from the stores alone: orders, fills, and the mid each order met when it arrived.

Nothing on the order path records an arrival mid. The strategy's decision records have one of every evaluation, so the
newest of them at or before the moment the intent was journaled tells what the market was then.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from hedgerow.domain.errors import NotFound
from hedgerow.domain.execution_quality import DecidedOrder, ExecutionQuality, WorkedFill, execution_quality
from hedgerow.domain.order import OrderStatus, Side
from hedgerow.store.engine import open_store
from hedgerow.store.location import Place
from hedgerow.store.read import Row, owners, read_fills, read_orders

ARRIVAL_LIMIT_NS = 5_000_000_000
"""Wall time before an order's arrival beyond which a decision record no longer tells of it."""


def quality(place: Place, strategy: str | None = None) -> ExecutionQuality:
    """Over all orders and fills that match; raises Unavailable for a damaged store."""
    # Fills first: the order of every fill seen is then there as well.
    fills = [worked_fill(row) for row in read_fills(place, strategy)]
    return execution_quality(decided_orders(place, strategy).values(), fills)


def worked_fill(row: Row) -> WorkedFill:
    """A row of the fills."""
    return WorkedFill(row["client_order_id"], row["quantity"], row["price"], row["multiplier"], row["receive_ns"])


def decided_orders(place: Place, strategy: str | None = None) -> dict[str, DecidedOrder]:
    """Every order that matches by its client order id, with its arrival mid where one is known."""
    rows = read_orders(place, strategy)
    mids = arrival_mids(place, rows)
    return {row["client_order_id"]: decided_order(row, mids.get(row["client_order_id"])) for row in rows}


def decided_order(row: Row, arrival_mid: float | None = None) -> DecidedOrder:
    """A row of the orders."""
    return DecidedOrder(
        row["client_order_id"], Side(row["side"]), row["bid"], row["ask"], row["created_ns"], arrival_mid,
        OrderStatus(row["order_status"]), row["quantity"],
    )  # fmt: skip


def arrival_mids(place: Place, orders: Iterable[Row]) -> dict[str, float]:
    """The underlying's mid when each order's intent was journaled, by client order id; unknown ones are left out.

    Only orders for stock have one: the decision records hold no quotes of options.
    """
    by_strategy: dict[str, list[Row]] = {}
    for order in orders:
        if " " not in order["instrument"]:  # an option's id has its expiry, strike and right behind the symbol
            by_strategy.setdefault(order["strategy"], []).append(order)
    mids: dict[str, float] = {}
    for strategy, rows in by_strategy.items():
        mids.update(_of_strategy(place, strategy, rows))
    return mids


def _of_strategy(place: Place, strategy: str, orders: list[Row]) -> dict[str, float]:
    owner = f"strategy-{strategy}"
    if owner not in owners(place, "strategy"):
        return {}
    try:
        store = open_store(place, owner, read_only=True)
    except NotFound:
        return {}
    mids: dict[str, float] = {}
    with store, store.read() as connection:
        if not store.backend.columns(connection, "decisions"):
            return {}
        decisions = store.table("decisions")
        newest = (
            sa.select(decisions.c.spot)
            .where(
                decisions.c.wall_ns <= sa.bindparam("arrived"),
                decisions.c.wall_ns > sa.bindparam("arrived") - ARRIVAL_LIMIT_NS,
            )
            .order_by(decisions.c.wall_ns.desc(), decisions.c.sequence.desc())
            .limit(1)
        )
        for order in orders:
            mid = connection.execute(newest, {"arrived": order["created_ns"]}).scalar()
            if mid is not None:
                mids[order["client_order_id"]] = mid
    return mids

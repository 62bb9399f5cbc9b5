"""Cold, read-only queries over a session's databases; what does not exist yet reads as nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.domain.order import OrderStatus
from hedgerow.store.columns import DecimalText
from hedgerow.store.engine import open_store, owners
from hedgerow.store.location import Place
from hedgerow.store.tables import METADATA, owner_kind

__all__ = [
    "Page", "Row", "owners", "read_decisions", "read_fills", "read_history", "read_operations", "read_orders",
    "read_rows", "read_status",
]  # fmt: skip

Row = dict[str, Any]
"""One row by column name; Decimals and JSON documents decoded."""

Conditions = Callable[[sa.Table], Sequence[sa.ColumnElement[bool]]]
Ordering = Callable[[sa.Table], Sequence[sa.ColumnElement[Any]]]

PAGE_LIMIT = 1000


class Page(NamedTuple):
    """Rows, newest first, and the opaque token of the next page (empty at the end)."""

    rows: list[Row]
    next_page_token: str


def read_rows(
    place: Place,
    owner: str,
    table: str,
    *,
    where: Conditions | None = None,
    order: Ordering | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Rows of one owner's table; none when the file or table does not exist yet.

    A column an older file lacks holds its default. Raises Unavailable when the file is damaged.
    """
    wanted = METADATA[owner_kind(owner)].tables[table]
    try:
        store = open_store(place, owner, read_only=True)
    except NotFound:
        return []
    with store, store.read() as connection:
        present = store.backend.columns(connection, table)
        if not present:
            return []
        query = sa.select(*(column for column in wanted.c if column.name in present))
        if where is not None:
            query = query.where(*where(wanted))
        if order is not None:
            query = query.order_by(*order(wanted))
        rows = [dict(row._mapping) for row in connection.execute(query.limit(limit))]
    missing = {column.name: _default(column) for column in wanted.c if column.name not in present}
    return [{**row, **missing} for row in rows] if missing else rows


def _default(column: sa.Column[Any]) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, DecimalText):
        return Decimal(0)
    if isinstance(column.type, sa.JSON):
        return {}
    return "" if isinstance(column.type, sa.Text) else 0


def read_status(place: Place) -> list[Row]:
    """The current snapshot of every strategy: columns of `status_current`, in order of name."""
    return [row for owner in owners(place, "strategy") for row in read_rows(place, owner, "status_current")]


def read_operations(
    place: Place,
    strategy: str | None = None,
    type: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    limit: int = 100,
    page_token: str = "",
) -> Page:
    """Operation records of all owners, newest first; wall times ns, since inclusive, until exclusive.

    Each row carries `owner` and an `operation_id` unique in the session. Raises InvalidValue for
    a limit outside 1..1000 or a token that is not one.
    """
    if not 1 <= limit <= PAGE_LIMIT:
        raise InvalidValue("limit", limit, f"1 to {PAGE_LIMIT}")
    after = _decode_token(page_token)
    merged: list[Row] = []
    for owner in owners(place):
        if "operations" not in METADATA[owner_kind(owner)].tables:
            continue

        def where(t: sa.Table, owner: str = owner) -> list[sa.ColumnElement[bool]]:
            conditions = _between(t.c.wall_ns, since_ns, until_ns)
            if strategy:
                conditions.append(t.c.strategy == strategy)
            if type:
                conditions.append(t.c.type == type)
            if after is not None:
                conditions.append(_older(t, owner, after))
            return conditions

        rows = read_rows(
            place, owner, "operations", where=where,
            order=lambda t: [t.c.wall_ns.desc(), t.c.id.desc()], limit=limit + 1,
        )  # fmt: skip
        merged += [{**row, "owner": owner, "operation_id": f"{owner}:{row['id']}"} for row in rows]
    merged.sort(key=lambda row: (row["wall_ns"], row["owner"], row["id"]), reverse=True)
    last = merged[limit - 1] if len(merged) > limit else None
    return Page(merged[:limit], _encode_token(last) if last else "")


class _Position(NamedTuple):
    wall_ns: int
    owner: str
    id: int


def _older(t: sa.Table, owner: str, after: _Position) -> sa.ColumnElement[bool]:
    """Strictly after `after` in the merged order, newest first: by time, then owner, then id."""
    earlier = t.c.wall_ns < after.wall_ns
    if owner > after.owner:
        return earlier
    same_time = t.c.wall_ns == after.wall_ns
    if owner < after.owner:
        return sa.or_(earlier, same_time)
    return sa.or_(earlier, sa.and_(same_time, t.c.id < after.id))


def _encode_token(row: Row) -> str:
    return base64.urlsafe_b64encode(f"{row['wall_ns']}/{row['owner']}/{row['id']}".encode()).decode()


def _decode_token(token: str) -> _Position | None:
    if not token:
        return None
    try:
        wall_ns, owner, number = base64.b64decode(token.encode(), b"-_", validate=True).decode().split("/")
        return _Position(int(wall_ns), owner, int(number))
    except (ValueError, binascii.Error) as error:
        raise InvalidValue("page_token", token, "the next_page_token of the answer before") from error


def read_fills(
    place: Place, strategy: str | None = None, since_ns: int | None = None, until_ns: int | None = None,
    limit: int | None = None,
) -> list[Row]:  # fmt: skip
    """Fills, oldest first; market times ns, since inclusive, until exclusive."""
    return read_rows(
        place, "execution", "fills", where=lambda t: _of(t, strategy) + _between(t.c.event_ns, since_ns, until_ns),
        order=lambda t: [t.c.sequence, t.c.execution_id], limit=limit,
    )  # fmt: skip


def read_orders(
    place: Place, strategy: str | None = None, open_only: bool = False, limit: int | None = None
) -> list[Row]:
    """Orders, newest first; `open_only` leaves out terminal ones."""
    ended = [status.value for status in OrderStatus if status.is_terminal]

    def where(t: sa.Table) -> list[sa.ColumnElement[bool]]:
        return _of(t, strategy) + ([t.c.order_status.not_in(ended)] if open_only else [])

    return read_rows(
        place, "execution", "orders", where=where,
        order=lambda t: [t.c.created_ns.desc(), t.c.client_order_id.desc()], limit=limit,
    )  # fmt: skip


def read_decisions(
    place: Place, strategy: str, since_ns: int | None = None, until_ns: int | None = None,
    block_reason: str | None = None, intents_only: bool = False, limit: int | None = None, before: int = 0,
) -> list[Row]:  # fmt: skip
    """Decision records of one strategy, newest first; wall times ns, since inclusive, until exclusive.

    `before` leaves out that sequence and newer ones; 0 = none.
    """

    def where(t: sa.Table) -> list[sa.ColumnElement[bool]]:
        conditions = _between(t.c.wall_ns, since_ns, until_ns)
        if block_reason:
            conditions.append(t.c.block_reason == block_reason)
        if intents_only:
            conditions.append(t.c.intent_id != "")
        if before:
            conditions.append(t.c.sequence < before)
        return conditions

    return read_rows(
        place, f"strategy-{strategy}", "decisions", where=where,
        order=lambda t: [t.c.sequence.desc()], limit=limit,
    )  # fmt: skip


def read_history(
    place: Place, strategy: str, since_ns: int | None = None, until_ns: int | None = None, limit: int | None = None
) -> list[Row]:
    """Snapshots of one strategy, newest first; wall times ns, since inclusive, until exclusive."""
    return read_rows(
        place, f"strategy-{strategy}", "status_history", where=lambda t: _between(t.c.ts, since_ns, until_ns),
        order=lambda t: [t.c.id.desc()], limit=limit,
    )  # fmt: skip


def _of(t: sa.Table, strategy: str | None) -> list[sa.ColumnElement[bool]]:
    return [t.c.strategy == strategy] if strategy else []


def _between(column: sa.ColumnElement[int], since_ns: int | None, until_ns: int | None) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if since_ns is not None:
        conditions.append(column >= since_ns)
    if until_ns is not None:
        conditions.append(column < until_ns)
    return conditions

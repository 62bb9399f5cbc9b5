"""Tables that several owners have."""

from __future__ import annotations

import sqlalchemy as sa

from hedgerow.store.columns import decimal_or_null, document, key, sequence, text, whole


def leases(metadata: sa.MetaData) -> None:
    """Every writer counts its starts: `epoch` is the number of the running one."""
    sa.Table("leases", metadata, key("name"), whole("epoch"), text("holder"), whole("acquired_ns"))


def operations(metadata: sa.MetaData) -> None:
    """What touched, or tried to touch, a position or a process; append-only."""
    sa.Table(
        "operations",
        metadata,
        sequence("id"),
        whole("wall_ns", index=True),
        whole("market_ns"),
        text("type"),
        text("strategy"),
        text("instrument"),
        text("side"),
        decimal_or_null("quantity"),
        decimal_or_null("price"),
        text("state"),
        text("reason"),
        text("client_order_id"),
        text("text"),
        sqlite_autoincrement=True,
    )


def command_acks(metadata: sa.MetaData) -> None:
    """Answers to commands, in the store of who gave them."""
    sa.Table(
        "command_acks",
        metadata,
        key("command_id"),
        whole("sequence"),
        text("strategy"),
        text("run_id"),
        text("kind"),
        whole("acked_ns"),
        text("outcome"),
    )


def spans(metadata: sa.MetaData) -> None:
    """What this process did for each hedge, and when; wall times."""
    sa.Table(
        "spans",
        metadata,
        key("trace_id"),
        key("span_id"),
        text("parent_id"),
        text("intent_id"),
        text("process"),
        text("name"),
        whole("start_ns", index=True),
        whole("end_ns"),
        text("error"),
        document("attributes"),
    )

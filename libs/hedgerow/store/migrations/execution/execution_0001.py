"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "execution_0001"
down_revision = None


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "fills",
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("client_order_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("intent_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("strategy", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("account", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("instrument", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("multiplier", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("side", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("quantity", sa.Text(), server_default="0", nullable=False),
        sa.Column("price", sa.Text(), server_default="0", nullable=False),
        sa.Column("commission", sa.Text(), nullable=True),
        sa.Column("realized_pnl", sa.Text(), nullable=True),
        sa.Column("event_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("receive_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("execution_id"),
    )
    op.create_index(op.f("ix_fills_client_order_id"), "fills", ["client_order_id"], unique=False)
    op.create_index(op.f("ix_fills_event_ns"), "fills", ["event_ns"], unique=False)
    op.create_table(
        "journal",
        sa.Column(
            "sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("wall_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("market_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("payload", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("prev_hash", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("hash", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("acquired_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("wall_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("market_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("type", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("strategy", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("instrument", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("side", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=True),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("client_order_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("text", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_operations_wall_ns"), "operations", ["wall_ns"], unique=False)
    op.create_table(
        "orders",
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("strategy", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("account", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("instrument", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("multiplier", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("side", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("order_type", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("time_in_force", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("reduce_only", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("quantity", sa.Text(), server_default="0", nullable=False),
        sa.Column("limit_price", sa.Text(), nullable=True),
        sa.Column("order_status", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("broker_order_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("perm_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cum_qty", sa.Text(), server_default="0", nullable=False),
        sa.Column("leaves_qty", sa.Text(), server_default="0", nullable=False),
        sa.Column("average_price", sa.Text(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("text", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("decision_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bid", sa.Float(), nullable=True),
        sa.Column("ask", sa.Float(), nullable=True),
        sa.Column("intent", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("verdict", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("event_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("client_order_id"),
        sa.UniqueConstraint("intent_id"),
    )
    op.create_index(op.f("ix_orders_created_ns"), "orders", ["created_ns"], unique=False)
    op.create_index(op.f("ix_orders_order_status"), "orders", ["order_status"], unique=False)
    op.create_index(op.f("ix_orders_strategy"), "orders", ["strategy"], unique=False)
    op.create_table(
        "positions",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("multiplier", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quantity", sa.Text(), server_default="0", nullable=False),
        sa.Column("average_price", sa.Text(), server_default="0", nullable=False),
        sa.Column("realized_pnl", sa.Text(), server_default="0", nullable=False),
        sa.Column("commissions", sa.Text(), server_default="0", nullable=False),
        sa.Column("fills", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_fill_price", sa.Text(), nullable=True),
        sa.Column("last_fill_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account", "strategy", "instrument"),
    )

"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "portfolio_0001"
down_revision = None


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("balance", sa.Text(), nullable=True),
        sa.Column("net_liquidation", sa.Text(), nullable=True),
        sa.Column("buying_power", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("broker_values", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("fetched_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "fills",
        sa.Column("execution", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("account", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("strategy", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("instrument", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("multiplier", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("side", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("quantity", sa.Text(), server_default="0", nullable=False),
        sa.Column("price", sa.Text(), server_default="0", nullable=False),
        sa.Column("commission", sa.Text(), nullable=True),
        sa.Column("event_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("execution"),
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
        "marks",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("bid", sa.Float(), nullable=True),
        sa.Column("ask", sa.Float(), nullable=True),
        sa.Column("source", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("market_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("wall_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("instrument"),
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
        "positions",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
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
        sa.PrimaryKeyConstraint("account", "owner", "instrument"),
    )
    op.create_table(
        "transfers",
        sa.Column("transfer_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("account", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("from_owner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("to_owner", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("instrument", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("multiplier", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quantity", sa.Text(), server_default="0", nullable=False),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("wall_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("market_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("transfer_id"),
        sa.UniqueConstraint("request_id"),
    )

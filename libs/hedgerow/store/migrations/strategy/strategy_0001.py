"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "strategy_0001"
down_revision = None


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "command_acks",
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("strategy", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("run_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("acked_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.PrimaryKeyConstraint("command_id"),
    )
    op.create_table(
        "decisions",
        sa.Column(
            "sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("wall_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("market_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cause", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("trading_fsm_state", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("hedge_fsm_state", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("net_delta", sa.Float(), nullable=True),
        sa.Column("spot", sa.Float(), nullable=True),
        sa.Column("block_reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("intent_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("config_hash", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("code_version", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("record", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index(op.f("ix_decisions_wall_ns"), "decisions", ["wall_ns"], unique=False)
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
        "status_current",
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("ts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("market_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status_lamp", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("daemon_state", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("spot", sa.Float(), nullable=True),
        sa.Column("net_delta", sa.Float(), nullable=True),
        sa.Column("snapshot", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("strategy"),
    )
    op.create_table(
        "status_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("strategy", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("ts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("market_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status_lamp", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("daemon_state", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("spot", sa.Float(), nullable=True),
        sa.Column("net_delta", sa.Float(), nullable=True),
        sa.Column("snapshot", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_status_history_ts"), "status_history", ["ts"], unique=False)

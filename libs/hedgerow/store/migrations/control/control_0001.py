"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0001"
down_revision = None


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "commands",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("strategy", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("run_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("actor", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("arguments", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("created_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("command_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_commands_strategy"), "commands", ["strategy"], unique=False)
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

"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stats_0001"
down_revision = None


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "hedge_days",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("hedges", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fills", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("denials", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bought_quantity", sa.Text(), server_default="0", nullable=False),
        sa.Column("sold_quantity", sa.Text(), server_default="0", nullable=False),
        sa.Column("realized_pnl", sa.Text(), server_default="0", nullable=False),
        sa.Column("commissions", sa.Text(), server_default="0", nullable=False),
        sa.Column("daily_pnl", sa.Float(), nullable=True),
        sa.Column("updated_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day", "strategy"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("holder", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("acquired_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )

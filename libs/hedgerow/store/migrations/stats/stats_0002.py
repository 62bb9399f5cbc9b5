"""Backtest runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "stats_0002"
down_revision = "stats_0001"


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "backtest_runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("spec_path", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("sets", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("error", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("config_hash", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("tape_hash", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("code_version", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("pnl", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_index(op.f("ix_backtest_runs_created_ns"), "backtest_runs", ["created_ns"], unique=False)

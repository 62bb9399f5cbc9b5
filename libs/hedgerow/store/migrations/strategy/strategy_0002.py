"""Spans of hedges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "strategy_0002"
down_revision = "strategy_0001"


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "spans",
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("intent_id", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("process", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("end_ns", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default=sa.text("('')"), nullable=False),
        sa.Column("attributes", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "span_id"),
    )
    op.create_index(op.f("ix_spans_start_ns"), "spans", ["start_ns"], unique=False)

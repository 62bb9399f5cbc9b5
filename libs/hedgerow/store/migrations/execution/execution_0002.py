"""Answers to the commands execution carries out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "execution_0002"
down_revision = "execution_0001"


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

"""Alembic's entry: migrates over the connection and for the kind of owner `run` hands in."""

from __future__ import annotations

from alembic import context

from hedgerow.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA[context.config.attributes["kind"]],
    transactional_ddl=True,
    render_as_batch=True,
)
# No transaction of its own: the caller's holds the whole upgrade.
context.run_migrations()

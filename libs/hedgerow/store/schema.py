"""Brings an owner's tables up to date: created at once where there are none, migrated where they are older."""

from __future__ import annotations

import sqlalchemy as sa

from hedgerow.domain.errors import FailedPrecondition
from hedgerow.store.tables import HEADS, METADATA


def bring_up_to_date(connection: sa.Connection, kind: str, name: str) -> None:
    """Works inside the caller's transaction, on the tables its connection sees; `name` is where they are.

    Raises FailedPrecondition for what is not ours (STORE_FOREIGN) and for a newer schema (STORE_TOO_NEW).
    """
    present = set(sa.inspect(connection).get_table_names())
    if not present:
        METADATA[kind].create_all(connection, checkfirst=False)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEADS[kind]}')")
        return
    if "alembic_version" not in present:
        raise FailedPrecondition(f"{name} is not a {kind} database of this project", "STORE_FOREIGN")
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if version == HEADS[kind]:
        return
    # Alembic takes a third of a second to import: only an outdated database pays for it.
    from hedgerow.store.migrations import run  # noqa: PLC0415

    run.upgrade(connection, kind, name)

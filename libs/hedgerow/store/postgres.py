"""PostgreSQL: one schema per owner in one database, an advisory lock per writer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from psycopg import errors
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from hedgerow.domain.errors import AlreadyExists, HedgerowError, InvalidValue, NotFound, Unavailable
from hedgerow.store.backend import Cursor, Pulse, Version, storage_errors
from hedgerow.store.location import StoreLocation
from hedgerow.store.postgres_connections import engine_for, reading_engine
from hedgerow.store.postgres_lock import WriterLock
from hedgerow.store.postgres_session import PostgresSession
from hedgerow.store.schema import bring_up_to_date
from hedgerow.store.tables import owner_kind

SAMPLE_ROWS = 200
"""Newest rows of a table whose mean size stands for all."""


class PostgresBackend:
    """The schema of one owner; reads share the location's pool, writes have connections of their own."""

    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    job_errors: tuple[type[Exception], ...] = (psycopg.IntegrityError, psycopg.DataError)
    alone = "LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"

    def __init__(self, location: StoreLocation, owner: str, lock: WriterLock | None) -> None:
        self.schema = location.schema(owner)
        self.name = f"schema {self.schema} of {location.url}"
        self.dialect: sa.Dialect = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]
        self._url = location.url
        self._owner = owner
        self._lock = lock
        self._writes = engine_for(location.url, self._owner, self.schema)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries, all of one snapshot."""
        with reading_engine(self._url).connect() as connection:
            connection.exec_driver_sql(f"SET LOCAL search_path TO {self.schema}")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection inside a write transaction that commits at the end."""
        if self._lock is not None and not self._lock.held():
            raise psycopg.OperationalError(f"the writer's lock of {self.schema} was lost")
        with self._writes.begin() as connection:
            yield connection

    def session(self, reconnects: bool) -> PostgresSession:
        """A connection of its own for one thread."""
        return PostgresSession(self._url, self._owner, self.schema, self._lock, reconnects)

    def sql(self, statement: str) -> str:
        """The statement with the driver's own parameters."""
        return statement.replace("%", "%%").replace("?", "%s")

    def job_error(self, error: Exception) -> HedgerowError:
        """AlreadyExists for a UNIQUE that is broken, InvalidValue for anything else."""
        if isinstance(error, errors.UniqueViolation):
            return AlreadyExists(_one_line(error))
        return InvalidValue("row", _one_line(error), "what the table requires")

    def columns(self, connection: sa.Connection, table: str) -> set[str]:
        """Names of the columns a table has; empty when there is no such table."""
        query = (
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = to_regclass(%(name)s) AND attnum > 0 AND NOT attisdropped"
        )
        rows = connection.exec_driver_sql(query, {"name": f"{self.schema}.{table}"})
        return {row[0] for row in rows}

    def delete_some(self, table: str, clauses: str) -> str:
        """A DELETE of the rows a SELECT with these clauses finds."""
        return self.sql(f"DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} {clauses}))")

    def data_bytes(self, cursor: Cursor, tables: Collection[str]) -> int:
        """Rows times their mean size: a table's own size does not shrink when rows are deleted."""
        total = 0
        for table in tables:
            cursor.execute(
                f"SELECT (SELECT count(*) FROM {table}) * coalesce(avg(pg_column_size(newest)), 0)"
                f" FROM (SELECT * FROM {table} ORDER BY 1 DESC LIMIT {SAMPLE_ROWS}) AS newest"
            )
            total += int(cursor.fetchone()[0])
        return total

    def held(self) -> bool:
        """Whether the server still keeps the lock, as far as it has said."""
        return self._lock is not None and self._lock.held()

    def beat(self) -> None:
        """A question on the lock's connection: the server notes when it was asked."""
        if self._lock is None:
            raise Unavailable(f"{self.name} is not locked", "STORE_UNAVAILABLE")
        with storage_errors(self.name, psycopg.Error):
            self._lock.beat()

    def make_room(self, room_bytes: int) -> None:
        """Nothing: the server keeps its own log."""

    def close(self) -> None:
        """Closes the writer's connections and lets the next writer in."""
        self._writes.dispose()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class PostgresWatch:
    """The largest value of a column; a table made anew is another incarnation."""

    def __init__(self, location: StoreLocation, owner: str, table: str, column: str) -> None:
        self._url = location.url
        self._name = f"{location.schema(owner)}.{table}"
        self._query = f"SELECT max({column}) FROM {self._name}"

    def version(self) -> Version | None:
        """The version now, None when there is no such table."""
        with storage_errors(f"{self._name} of {self._url}"), reading_engine(self._url).connect() as connection:
            there = connection.exec_driver_sql("SELECT to_regclass(%(name)s)::oid::bigint", {"name": self._name})
            oid = there.scalar()
            if oid is None:
                return None
            return Version(int(oid), connection.exec_driver_sql(self._query).scalar())

    def close(self) -> None:
        """Nothing: the pool is the location's."""


def open_postgres(
    location: StoreLocation, owner: str, *, read_only: bool, locked: bool, evict: Pulse | None
) -> PostgresBackend:
    """The owner's schema, to write with its lock (`locked`) or beside who holds it; raises as `open_store` says."""
    schema = location.schema(owner)
    if not locked:
        if schema not in _schemas(location):
            raise NotFound(f"{location.url} has no schema {schema}: {owner} has not run here")
        return PostgresBackend(location, owner, None)
    lock = WriterLock(location.url, owner, schema, evict)
    backend = PostgresBackend(location, owner, lock)
    try:
        with storage_errors(backend.name, psycopg.Error):
            with backend.writing() as connection:
                _create_schema(connection, location.url, schema)
                bring_up_to_date(connection, owner_kind(owner), backend.name)
                connection.exec_driver_sql(f"COMMENT ON SCHEMA {schema} IS '{_MARK}{owner}'")
            lock.stamp()
    except BaseException:
        backend.close()
        raise
    return backend


def postgres_owners(location: StoreLocation) -> list[str]:
    """Owners of the schemas with the location's prefix, by the mark each schema carries."""
    return [owner for schema, owner in _schemas(location).items() if owner and location.schema(owner) == schema]


def _schemas(location: StoreLocation) -> dict[str, str]:
    query = (
        "SELECT nspname, coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace"
        " WHERE starts_with(nspname, %(prefix)s)"
    )
    with storage_errors(location.url), reading_engine(location.url).connect() as connection:
        rows = connection.exec_driver_sql(query, {"prefix": location.prefix})
        return {str(row[0]): str(row[1]).removeprefix(_MARK) if row[1].startswith(_MARK) else "" for row in rows}


_MARK = "hedgerow "
"""How the comment of a schema of ours begins; its owner follows."""


def _create_schema(connection: sa.Connection, url: str, schema: str) -> None:
    """Makes the schema unless it is there; raises InvalidValue when the role may not."""
    if connection.exec_driver_sql("SELECT to_regnamespace(%(name)s)", {"name": schema}).scalar() is not None:
        return
    try:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    except sa.exc.ProgrammingError as error:
        if not isinstance(error.orig, errors.InsufficientPrivilege):
            raise
        raise InvalidValue(
            "store.url", url, f"a role that may create schemas: {_one_line(error.orig)}",
            "GRANT CREATE ON DATABASE ... TO the role, or make the schemas for it and let it own them",
        ) from error  # fmt: skip


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())

"""What a kind of database must offer: one module per kind implements it, nothing else knows which one it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa

from hedgerow.domain.errors import HedgerowError, Unavailable


class Cursor(Protocol):
    """The part of a driver's cursor jobs use."""

    @property
    def rowcount(self) -> int:
        """Rows the last statement changed or found."""

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> Any:
        """Runs a statement in the driver's own notation."""

    def fetchone(self) -> Any:
        """The next row as a tuple, None at the end."""

    def fetchall(self) -> Any:
        """The rows that are left."""


class Session(Protocol):
    """One connection of one writing thread; raises the backend's `errors`, or Unavailable."""

    @property
    def cursor(self) -> Cursor:
        """The cursor of the connection; another one after a reconnection, so ask for it after `begin`."""

    def begin(self) -> None:
        """Begins a transaction; a session that reconnects does so here."""

    def commit(self) -> None:
        """Returns once the transaction is on disk."""

    def rollback(self) -> None:
        """Ends an open transaction; nothing to do without one."""

    def settle(self) -> None:
        """Housekeeping while nothing is to be written."""

    def close(self) -> None:
        """Closes the connection; an open transaction is rolled back."""


class Version(NamedTuple):
    """What a table looked like: equal versions, equal rows; another `incarnation` is another database."""

    incarnation: int
    change: object


class Pulse(NamedTuple):
    """Who holds a writer's lock, for people, and a `mark` that changes with every beat and nothing else."""

    holder: str
    mark: object


class Watch(Protocol):
    """Tells cheaply, again and again, whether a table may have changed."""

    def version(self) -> Version | None:
        """The table's version now, None when it does not exist; raises Unavailable when that cannot be known."""

    def close(self) -> None:
        """Lets go of the database."""


class Backend(Protocol):
    """One owner's open database."""

    @property
    def name(self) -> str:
        """Where it is, for messages."""

    @property
    def dialect(self) -> sa.Dialect:
        """What a session's statements are compiled for: positional parameters."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """Errors of the driver."""

    @property
    def job_errors(self) -> tuple[type[Exception], ...]:
        """Those among them that are the fault of one statement's values, not of the database."""

    @property
    def alone(self) -> str:
        """Format of a statement that keeps other writers off `{table}` until the commit; empty where it needs none."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection for queries, all of one snapshot."""

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """A connection inside a write transaction that commits at the end."""

    def session(self, reconnects: bool) -> Session:
        """A connection of its own for one thread; with `reconnects` it outlives the loss of its server."""

    def sql(self, statement: str) -> str:
        """A statement with `?` for its parameters, as the driver's cursor takes it."""

    def job_error(self, error: Exception) -> HedgerowError:
        """What a caller is told of one of the `job_errors`: AlreadyExists or InvalidValue."""

    def columns(self, connection: sa.Connection, table: str) -> set[str]:
        """Names of the columns a table has; empty when there is no such table."""

    def delete_some(self, table: str, clauses: str) -> str:
        """A DELETE of the rows a SELECT with these clauses (WHERE, ORDER BY, LIMIT) finds, `?` for parameters."""

    def data_bytes(self, cursor: Cursor, tables: Collection[str]) -> int:
        """Bytes of data the database holds, without what was freed; estimated from `tables` where it cannot tell."""

    def held(self) -> bool:
        """Whether the writer's lock is still this process's; asked before every order, so it must not wait."""

    def beat(self) -> None:
        """Shows whoever waits for the writer's lock that its holder lives; may take a while. Raises Unavailable."""

    def make_room(self, room_bytes: int) -> None:
        """Prepares the log for fast commits, where a log of ours can be prepared."""

    def close(self) -> None:
        """Closes every connection and lets the next writer in."""


@contextmanager
def storage_errors(name: str, *errors: type[Exception]) -> Iterator[None]:
    """Turns a database's own errors into Unavailable, reason STORE_UNAVAILABLE, saying where it is."""
    failures: tuple[type[Exception], ...] = (*errors, sa.exc.DBAPIError, sa.exc.TimeoutError)
    try:
        yield
    except failures as error:
        cause = " ".join(str(error.orig if isinstance(error, sa.exc.DBAPIError) else error).split())
        hint = "; set PGPASSWORD, or PGPASSFILE to a password file" if "password" in cause else ""
        raise Unavailable(f"{name} cannot be used: {cause}{hint}", "STORE_UNAVAILABLE") from error

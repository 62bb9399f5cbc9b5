"""Opens an owner's database: one writing process each, migrated at open, readable by all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, NotFound
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Backend, Pulse, Session, Watch, storage_errors
from hedgerow.store.location import Place, StoreLocation, as_location
from hedgerow.store.lock_file import read_pulse
from hedgerow.store.sqlite import SqliteWatch, open_sqlite, sqlite_owners
from hedgerow.store.tables import METADATA, owner_kind


class Store:
    """One owner's open database.

    `read` and `begin` serve queries and rare writes through SQLAlchemy Core; hot writes go through a
    JournalWriter or AsyncWriter, which use a `session`.
    """

    def __init__(self, owner: str, location: StoreLocation, backend: Backend, read_only: bool) -> None:
        self.owner = owner
        self.kind = owner_kind(owner)
        self.location = location
        self.backend = backend
        self.read_only = read_only

    def table(self, name: str) -> sa.Table:
        """The table of that name; raises NotFound when this owner has none."""
        try:
            return METADATA[self.kind].tables[name]
        except KeyError as error:
            raise NotFound(f"{self.kind} has no table {name!r}") from error

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for queries, all of one snapshot; raises Unavailable when it cannot be read."""
        with self._errors(), self.backend.reading() as connection:
            yield connection

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A write transaction on the calling thread, for start-up and tools; commits at the end."""
        if self.read_only:
            raise FailedPrecondition(f"{self.backend.name} is open for reading only", "STORE_READ_ONLY")
        with self._errors(), self.backend.writing() as connection:
            yield connection

    def session(self, reconnects: bool = False) -> Session:
        """A database connection of its own for one thread, which the caller closes.

        With `reconnects` it takes up again after the loss of its server, unless another writer came in between.
        """
        with self._errors():
            return self.backend.session(reconnects)

    def held(self) -> bool:
        """Whether this process is still the one that writes: its lock can be lost to another while it lives."""
        return self.backend.held()

    def _errors(self) -> AbstractContextManager[None]:
        return storage_errors(self.backend.name, *self.backend.errors)

    def close(self) -> None:
        """Closes every connection and lets the next writer in."""
        self.backend.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(place: Place, owner: str, read_only: bool = False, evict: Pulse | None = None) -> Store:
    """Opens the owner's database: `<owner>.db` in a folder, or its schema in PostgreSQL.

    The writer creates it, brings its tables up to date and keeps a lock until `close`.
    With `evict`, a writer whose pulse is still that one is put out: see `hedgerow.store.lease`.
    Raises InvalidValue when it cannot be created there, FailedPrecondition (STORE_IN_USE,
    naming the process) for a second writer and (STORE_TOO_NEW) for newer tables,
    NotFound when a reader finds none, Unavailable when it is damaged or its server is away.
    """
    return _open(place, owner, read_only=read_only, locked=not read_only, evict=evict)


def holder_pulse(place: Place, owner: str) -> Pulse | None:
    """The pulse of who writes that database, None when nobody does; raises Unavailable when a server is away."""
    location = as_location(place)
    if location.folder is not None:
        return read_pulse(location.folder, owner)
    from hedgerow.store.postgres_lock import read_holder  # noqa: PLC0415

    return read_holder(location.url, owner, location.schema(owner))


def open_beside_writer(place: Place, owner: str) -> Store:
    """Opens a database for writing while its writer, hung or unreachable, still holds the lock.

    Only for the command store: a stop must never be lost. Raises NotFound when there is none.
    """
    return _open(place, owner, read_only=False, locked=False)


def _open(place: Place, owner: str, *, read_only: bool, locked: bool, evict: Pulse | None = None) -> Store:
    location = as_location(place)
    owner_kind(owner)
    backend: Backend
    if location.folder is not None:
        backend = open_sqlite(location.folder, owner, read_only=read_only, locked=locked, evict=evict)
    else:
        # Drivers of a server are loaded by whom needs them.
        from hedgerow.store.postgres import open_postgres  # noqa: PLC0415

        backend = open_postgres(location, owner, read_only=read_only, locked=locked, evict=evict)
    return Store(owner, location, backend, read_only)


def owners(place: Place, kind: str | None = None) -> list[str]:
    """Owners with a database at the place, in order of name; only of `kind` when given."""
    location = as_location(place)
    if location.folder is not None:
        names = sqlite_owners(location.folder)
    else:
        from hedgerow.store.postgres import postgres_owners  # noqa: PLC0415

        names = postgres_owners(location)
    found = []
    for name in sorted(names):
        try:
            this = owner_kind(name)
        except InvalidValue:
            continue  # not ours: nothing of it is read
        if kind is None or this == kind:
            found.append(name)
    return found


def watch(place: Place, owner: str, table: str, column: str) -> Watch:
    """Tells of changes to a table; `column` is one whose largest value every change moves."""
    location = as_location(place)
    if location.folder is not None:
        return SqliteWatch(location.folder, owner, table)
    from hedgerow.store.postgres import PostgresWatch  # noqa: PLC0415

    return PostgresWatch(location, owner, table, column)


def acquire_epoch(store: Store, owner: str) -> int:
    """Counts this start of the writer: 1 for the first, higher each time; durable when it returns."""
    failpoint("epoch.acquire")
    leases = store.table("leases")
    with store.begin() as connection:
        row = connection.execute(sa.select(leases.c.epoch).where(leases.c.name == owner)).first()
        epoch = 1 if row is None else int(row.epoch) + 1
        values = {"epoch": epoch, "holder": f"pid {os.getpid()}", "acquired_ns": wall_now()}
        if row is None:
            connection.execute(leases.insert().values(name=owner, **values))
        else:
            connection.execute(leases.update().where(leases.c.name == owner).values(**values))
    return epoch

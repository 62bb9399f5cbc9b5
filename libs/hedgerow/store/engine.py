"""Opens an owner's database: one writing process each, migrated at open, readable by all."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, NotFound, Unavailable
from hedgerow.store.location import Place, as_location
from hedgerow.store.tables import HEADS, METADATA, owner_kind

BUSY_TIMEOUT_MS = 5000


class Store:
    """One owner's open database.

    `engine` serves reads and rare writes through SQLAlchemy Core; hot writes go through a
    JournalWriter or AsyncWriter, which use `raw_connection`.
    """

    def __init__(self, owner: str, path: Path, engine: sa.Engine, lock: int | None, read_only: bool) -> None:
        self.owner = owner
        self.kind = owner_kind(owner)
        self.path = path
        self.engine = engine
        self.read_only = read_only
        self._lock = lock

    def table(self, name: str) -> sa.Table:
        """The table of that name; raises NotFound when this owner has none."""
        try:
            return METADATA[self.kind].tables[name]
        except KeyError as error:
            raise NotFound(f"{self.kind} has no table {name!r}") from error

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for queries, all of one snapshot; raises Unavailable when it cannot be read."""
        with storage_errors(self.path), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A write transaction on the calling thread, for start-up and tools; commits at the end."""
        if self.read_only:
            raise FailedPrecondition(f"{self.path.name} is open for reading only", "STORE_READ_ONLY")
        with storage_errors(self.path), self.engine.begin() as connection:
            yield connection

    def raw_connection(self) -> sqlite3.Connection:
        """A database connection of its own, outside the pool, for one thread; the caller closes it."""
        with storage_errors(self.path):
            pooled = self.engine.raw_connection()
            connection: Any = pooled.driver_connection
            pooled.detach()
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def close(self) -> None:
        """Closes every pooled connection and lets the next writer in."""
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns a database's own errors into Unavailable, reason STORE_UNAVAILABLE, naming the file."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        raise Unavailable(f"{path} cannot be used: {cause}", "STORE_UNAVAILABLE") from error


def open_store(place: Place, owner: str, read_only: bool = False) -> Store:
    """Opens the owner's database at a place.

    The writer creates the file, brings its schema up to date and keeps a lock until `close`.
    Raises InvalidValue when the folder cannot be written, FailedPrecondition (STORE_IN_USE,
    naming the process) for a second writer and (STORE_TOO_NEW) for a newer schema,
    NotFound when a reader finds no file, Unavailable when the file is damaged.
    """
    store_dir = as_location(place).folder
    assert store_dir is not None
    kind = owner_kind(owner)
    path = (store_dir / f"{owner}.db").absolute()
    if read_only:
        if not path.is_file():
            raise NotFound(f"{path} does not exist: {owner} has not run here")
        return Store(owner, path, _engine(path, read_only=True), None, True)
    lock = _lock(store_dir, owner)
    engine = _engine(path, read_only=False)
    try:
        with storage_errors(path):
            _bring_up_to_date(engine, kind, path)
    except BaseException:
        engine.dispose()
        os.close(lock)
        raise
    return Store(owner, path, engine, lock, False)


def open_beside_writer(place: Place, owner: str) -> Store:
    """Opens a database for writing while its writer, hung or unreachable, still holds the lock.

    Only for the command store: a stop must never be lost. Raises NotFound when there is no file.
    """
    store_dir = as_location(place).folder
    assert store_dir is not None
    path = (store_dir / f"{owner}.db").absolute()
    if not path.is_file():
        raise NotFound(f"{path} does not exist: {owner} has not run here")
    return Store(owner, path, _engine(path, read_only=False), None, False)


def acquire_epoch(store: Store, owner: str) -> int:
    """Counts this start of the writer: 1 for the first, higher each time; durable when it returns."""
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


def _lock(store_dir: Path, owner: str) -> int:
    """Takes the owner's lock file; the number of its open descriptor."""
    path = store_dir / f"{owner}.lock"
    try:
        store_dir.mkdir(parents=True, exist_ok=True)
        if not os.access(store_dir, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InvalidValue(
            "store", str(store_dir), f"a folder this process can write ({error.strerror})",
            "set HEDGEROW_HOME to such a folder",
        ) from error  # fmt: skip
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise FailedPrecondition(
            f"{owner}.db is in use by pid {holder}: one process writes each database; "
            f"end that process, or use another state folder ({store_dir})",
            "STORE_IN_USE",
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _engine(path: Path, *, read_only: bool) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        # autocommit: transactions are begun by hand, so that a writer takes its lock at once.
        connection = sqlite3.connect(
            _address(path, read_only), uri=True, isolation_level=None, check_same_thread=False,
            timeout=BUSY_TIMEOUT_MS / 1000, cached_statements=256,
        )  # fmt: skip
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    engine = sa.create_engine("sqlite+pysqlite://", creator=connect, poolclass=sa.pool.QueuePool)
    statement = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(statement))
    return engine


def _address(path: Path, read_only: bool) -> str:
    if not read_only:
        return f"file:{quote(str(path))}?mode=rwc"
    # A WAL database can be read only where its shared memory file can be; in a folder nobody may
    # write, without a log left over, nobody is writing either, and the file may be read as it is.
    still = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    return f"file:{quote(str(path))}?mode=ro" + ("&immutable=1" if still else "")


def _bring_up_to_date(engine: sa.Engine, kind: str, path: Path) -> None:
    """Creates a fresh schema at once; an older one goes through its migrations."""
    with engine.begin() as connection:
        present = set(sa.inspect(connection).get_table_names())
        if not present:
            METADATA[kind].create_all(connection, checkfirst=False)
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{HEADS[kind]}')")
            return
        if "alembic_version" not in present:
            raise FailedPrecondition(f"{path} is not a {kind} database of this project", "STORE_FOREIGN")
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if version == HEADS[kind]:
            return
        # Alembic takes a third of a second to import: only an outdated file pays for it.
        from hedgerow.store.migrations import run  # noqa: PLC0415

        run.upgrade(connection, kind, path)

"""SQLite: one file per owner in a folder, write-ahead log, a lock file per writer."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from hedgerow.domain.errors import AlreadyExists, HedgerowError, InvalidValue, NotFound, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Cursor, Pulse, Version, storage_errors
from hedgerow.store.lock_file import LockFile
from hedgerow.store.schema import bring_up_to_date
from hedgerow.store.tables import owner_kind

BUSY_TIMEOUT_MS = 5000
CHECKPOINT_PAGES = 4000
"""Under constant load the log is copied into the database once it holds so many pages."""


class SqliteBackend:
    """`<folder>/<owner>.db`."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    job_errors: tuple[type[Exception], ...] = (
        sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError, OverflowError,
    )  # fmt: skip
    alone = ""

    def __init__(self, path: Path, engine: sa.Engine, lock: LockFile | None) -> None:
        self.path = path
        self.name = str(path)
        self.dialect = engine.dialect
        self._engine = engine
        self._lock = lock

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries, all of one snapshot."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection inside a write transaction that commits at the end."""
        with self._engine.begin() as connection:
            self._require_lock()
            yield connection

    def session(self, reconnects: bool) -> SqliteSession:
        """A connection of its own for one thread; a file that is lost from under it is lost for good."""
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        return SqliteSession(connection, self.path, self._require_lock)

    def sql(self, statement: str) -> str:
        """The statement as it is."""
        return statement

    def job_error(self, error: Exception) -> HedgerowError:
        """AlreadyExists for a UNIQUE that is broken, InvalidValue for anything else."""
        if isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in str(error):
            return AlreadyExists(str(error))
        return InvalidValue("row", str(error), "what the table requires")

    def columns(self, connection: sa.Connection, table: str) -> set[str]:
        """Names of the columns a table has; empty when there is no such table."""
        return {row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")')}

    def delete_some(self, table: str, clauses: str) -> str:
        """A DELETE of the rows a SELECT with these clauses finds."""
        return f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} {clauses})"

    def data_bytes(self, cursor: Cursor, tables: Collection[str]) -> int:
        """Bytes of the pages in use."""
        pages, free, size = (
            int(cursor.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def held(self) -> bool:
        """Whether the lock file is still the one this process locked: another may have put its own in its place."""
        return self._lock is not None and self._lock.held()

    def beat(self) -> None:
        """Counts on in the lock file."""
        if self._lock is None or not self._lock.beat():
            raise Unavailable(f"the writer's lock of {self.path} was taken", "STORE_UNAVAILABLE")

    def _require_lock(self) -> None:
        """Inside a write transaction, so that who took the lock sees all of it or nothing."""
        if self._lock is not None and not self._lock.held():
            raise sqlite3.OperationalError("another process has taken the writer's lock; start this one again")

    def make_room(self, room_bytes: int) -> None:
        """Lengthens the log with zeros, which the database takes for nothing written."""
        log = self.path.with_name(f"{self.path.name}-wal")
        with contextlib.suppress(OSError):
            descriptor = os.open(log, os.O_WRONLY)
            try:
                size = os.fstat(descriptor).st_size
                while size < room_bytes:
                    size += os.pwrite(descriptor, bytes(min(1 << 20, room_bytes - size)), size)
                failpoint("sqlite.room")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Closes every pooled connection and lets the next writer in."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


class SqliteSession:
    """One connection; a transaction takes the write lock as it begins."""

    def __init__(self, connection: sqlite3.Connection, path: Path, require_lock: Callable[[], None]) -> None:
        self.connection = connection
        self._require_lock = require_lock
        self._path, self._inode = path, path.stat().st_ino
        self.connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        self.cursor = connection.cursor()

    def begin(self) -> None:
        """Begins a transaction; what is written into a file without its name nobody would ever read."""
        try:
            there = self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            there = False
        if not there:
            raise sqlite3.OperationalError("the file was removed or replaced; start its process again")
        failpoint("sqlite.begin")
        self.cursor.execute("BEGIN IMMEDIATE")
        self._require_lock()

    def commit(self) -> None:
        """Returns once the transaction is on disk."""
        failpoint("sqlite.commit")
        self.cursor.execute("COMMIT")
        failpoint("sqlite.committed")

    def rollback(self) -> None:
        """Ends an open transaction; nothing to do without one."""
        if self.connection.in_transaction:
            failpoint("sqlite.rollback")
            self.cursor.execute("ROLLBACK")

    def settle(self) -> None:
        """Copies the log into the database, off the order path."""
        failpoint("sqlite.checkpoint")
        self.cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Closes the connection."""
        self.connection.close()


class SqliteWatch:
    """Any commit to the file changes the version; another file of the same name is another incarnation."""

    def __init__(self, folder: Path, owner: str, table: str) -> None:
        self._path = folder / f"{owner}.db"
        self._table = table
        self._inode = 0
        self._connection: sqlite3.Connection | None = None

    def version(self) -> Version | None:
        """The file's version now, None when there is no such file or table in it."""
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            return None
        with storage_errors(str(self._path), sqlite3.Error):
            if self._connection is None or inode != self._inode:
                self.close()
                self._connection, self._inode = _connect(self._path, read_only=True), inode
            change = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
            there = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (self._table,)).fetchone()
        return Version(inode, change) if there else None

    def close(self) -> None:
        """Closes the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def open_sqlite(folder: Path, owner: str, *, read_only: bool, locked: bool, evict: Pulse | None) -> SqliteBackend:
    """The owner's file, to write with its lock (`locked`) or beside who holds it; raises as `open_store` says."""
    path = (folder / f"{owner}.db").absolute()
    if not locked:
        if not path.is_file():
            raise NotFound(f"{path} does not exist: {owner} has not run here")
        return SqliteBackend(path, _engine(path, read_only=read_only), None)
    lock = LockFile(folder, owner, evict)
    engine = _engine(path, read_only=False)
    try:
        with storage_errors(str(path), sqlite3.Error), engine.begin() as connection:
            bring_up_to_date(connection, owner_kind(owner), str(path))
    except BaseException:
        engine.dispose()
        lock.close()
        raise
    return SqliteBackend(path, engine, lock)


def sqlite_owners(folder: Path) -> list[str]:
    """Names of the databases in the folder, ours or not."""
    return [path.stem for path in folder.glob("*.db")]


def _engine(path: Path, *, read_only: bool) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite+pysqlite://", creator=lambda: _connect(path, read_only=read_only), poolclass=sa.pool.QueuePool
    )
    statement = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(statement))
    return engine


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
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


def _address(path: Path, read_only: bool) -> str:
    if not read_only:
        return f"file:{quote(str(path))}?mode=rwc"
    # A WAL database can be read only where its shared memory file can be; in a folder nobody may
    # write, without a log left over, nobody is writing either, and the file may be read as it is.
    still = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
    return f"file:{quote(str(path))}?mode=ro" + ("&immutable=1" if still else "")

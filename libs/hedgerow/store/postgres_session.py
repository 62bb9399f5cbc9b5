"""The connection of a PostgreSQL writing thread: transactions by hand, the writer's lock looked at before each."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import TransactionStatus

from hedgerow.domain.errors import Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.postgres_connections import connect
from hedgerow.store.postgres_lock import WriterLock


class _Number(Dumper):
    """An int as a literal without a type, which takes its column's: as SQLite does, and one plan per statement."""

    def dump(self, value: Any) -> Buffer:
        return str(value).encode()


class PostgresSession:
    """One connection; without `lock` it writes beside the process that has it."""

    def __init__(self, url: str, owner: str, schema: str, lock: WriterLock | None, reconnects: bool) -> None:
        self._url, self._owner, self._schema, self._lock = url, owner, schema, lock
        self._reconnects = reconnects
        self._connect()

    def begin(self) -> None:
        """Begins a transaction; raises Unavailable without the lock, or connects again if it is to."""
        if self._lock is not None and not self._lock.held():
            if not self._reconnects:
                raise Unavailable(f"the writer's lock of {self._schema} was lost", "STORE_UNAVAILABLE")
            self.connection.close()  # it shares what the lock is to be had for alone
            self._lock.retake()
        if self.connection.closed and self._reconnects:
            self._connect()
        failpoint("postgres.begin")
        self.cursor.execute("BEGIN")

    def commit(self) -> None:
        """Returns once the transaction is on disk."""
        failpoint("postgres.commit")
        self.cursor.execute("COMMIT")
        failpoint("postgres.committed")
        if self.cursor.statusmessage != "COMMIT":
            raise psycopg.OperationalError(f"the server answered COMMIT with {self.cursor.statusmessage}")

    def rollback(self) -> None:
        """Ends an open transaction; nothing to do without one, or without a connection."""
        if self.connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            failpoint("postgres.rollback")
            self.cursor.execute("ROLLBACK")

    def settle(self) -> None:
        """Nothing: the server looks after its log."""

    def close(self) -> None:
        """Closes the connection."""
        self.connection.close()

    def _connect(self) -> None:
        failpoint("postgres.connect")
        self.connection = connect(self._url, self._owner, self._schema, what="writer" if self._lock else "beside")
        self.connection.adapters.register_dumper(int, _Number)
        try:
            if self._lock is not None:
                self._lock.share(self.connection)
        except BaseException:
            self.connection.close()
            raise
        self.cursor = self.connection.cursor()

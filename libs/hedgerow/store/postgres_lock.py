"""One writer per schema: an advisory lock kept by a connection that does nothing else."""

from __future__ import annotations

import hashlib
import os
import select
import socket
import threading
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors

from hedgerow.clock import wall_now
from hedgerow.domain.errors import FailedPrecondition, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Pulse, storage_errors
from hedgerow.store.postgres_connections import connect

PATIENCE_MS = 2000
"""How long the server may take to notice that the writer before has died."""
CUT_S = 0.2
"""How long a beat under way may take to end by itself when the lock is given up."""
LEASE = "writer"
"""The row of `leases` that counts who took the lock."""


class WriterLock:
    """Held from construction on, until `release` or the loss of its connection.

    Two locks make it sound without asking the server before every commit: this connection holds the
    owner's lock alone, and every writing session holds a second one together with its like. The next
    writer needs both for itself, so none comes in while a session of the one before still lives.
    With `evict`, the server first ends the connections of a holder whose pulse is still that one.
    """

    def __init__(self, url: str, owner: str, schema: str, evict: Pulse | None = None) -> None:
        self._url, self._owner, self._schema = url, owner, schema
        self._alone, self._together = _key(schema), _key(f"{schema} sessions")
        self._taken = 0
        self._asking = threading.Lock()
        """Held while a thread asks on the connection: closed meanwhile, it would take the process down."""
        self._connection = self._acquire(evict)

    def stamp(self) -> None:
        """Counts this taking of the lock, so that its holder knows later whether another had it in between."""
        failpoint("postgres.stamp")
        self._taken = self._count(self._connection)

    def retake(self) -> None:
        """Takes a lost lock again; raises Unavailable when another process has it, or had it meanwhile."""
        failpoint("postgres.retake")
        self._close()
        try:
            connection = self._acquire()
        except FailedPrecondition as error:
            raise Unavailable(f"the writer's lock was lost: {error}", "STORE_UNAVAILABLE") from error
        try:
            with storage_errors(f"schema {self._schema} of {self._url}", psycopg.Error):
                row = connection.execute("SELECT epoch FROM leases WHERE name = %s", (LEASE,)).fetchone()
            if row is None or row[0] != self._taken:
                raise Unavailable(
                    f"the writer's lock was lost, and another process wrote {self._schema} meanwhile; "
                    "start this one again", "STORE_UNAVAILABLE",
                )  # fmt: skip
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def share(self, session: psycopg.Connection[Any]) -> None:
        """Makes a session keep other writers out as long as it lives; raises Unavailable when one is in already."""
        got = session.execute("SELECT pg_try_advisory_lock_shared(%s)", (self._together,)).fetchone()
        if got != (True,):
            raise Unavailable(f"another process is about to write {self._schema}", "STORE_UNAVAILABLE")

    def release(self) -> None:
        """Lets the next writer in; a beat under way fails."""
        self._close()

    def held(self) -> bool:
        """Whether the connection lives; asks the server only when it has said something."""
        connection = self._connection
        try:
            poller = select.poll()
            poller.register(connection.fileno(), select.POLLIN)
            if poller.poll(0):
                self.beat()
        except psycopg.Error:  # closed, or closed by the server
            return False
        return True

    def beat(self) -> None:
        """Asks the server something, which it notes the time of; raises psycopg.Error."""
        with self._asking:
            self._connection.execute("SELECT 1")

    def _close(self) -> None:
        while not self._asking.acquire(timeout=CUT_S):
            _cut(self._connection)  # who asks may wait for as long as TCP hopes
        try:
            self._connection.close()
        finally:
            self._asking.release()

    def _acquire(self, evict: Pulse | None = None) -> psycopg.Connection[Any]:
        failpoint("postgres.lock")
        connection = connect(self._url, self._owner, self._schema, what="lock")
        try:
            if evict is not None:
                connection.execute(
                    f"SELECT pg_terminate_backend(pid) {_HOLDERS} AND (SELECT max(state_change)::text {_HOLDERS}) = %s",
                    (self._alone, self._together, self._alone, self._together, evict.mark),
                )
            connection.execute(f"SET lock_timeout = {PATIENCE_MS}")
            connection.execute("SELECT pg_advisory_lock(%s)", (self._alone,))
            connection.execute("SELECT pg_advisory_lock(%s)", (self._together,))
            connection.execute("SELECT pg_advisory_unlock(%s)", (self._together,))
        except errors.LockNotAvailable as error:
            holder = self._holder(connection)
            connection.close()
            raise FailedPrecondition(
                f"schema {self._schema} is in use by {holder}: one process writes each schema; "
                "end that process, or set store.prefix to another one", "STORE_IN_USE",
            ) from error  # fmt: skip
        except psycopg.Error as error:
            connection.close()
            raise Unavailable(f"schema {self._schema} cannot be locked: {error}", "STORE_UNAVAILABLE") from error
        return connection

    def _holder(self, connection: psycopg.Connection[Any]) -> str:
        """Who holds either lock, as the server lists it: its name, which holds its pid, and its address."""
        query = f"SELECT application_name, coalesce(host(client_addr), 'local') {_HOLDERS}"
        row = connection.execute(query, (self._alone, self._together)).fetchone()
        return "a process that has just ended" if row is None else f"{row[0]} from {row[1]}"

    def _count(self, connection: psycopg.Connection[Any]) -> int:
        row = connection.execute(
            "INSERT INTO leases (name, epoch, holder, acquired_ns) VALUES (%s, 1, %s, %s) ON CONFLICT (name) DO UPDATE"
            " SET epoch = leases.epoch + 1, holder = excluded.holder, acquired_ns = excluded.acquired_ns"
            " RETURNING epoch",
            (LEASE, connection.info.parameter_status("application_name"), wall_now()),
        ).fetchone()
        assert row is not None
        return int(row[0])


def _cut(connection: psycopg.Connection[Any]) -> None:
    """Ends the socket below a connection: whatever waits for the server fails at once."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


_HOLDERS = (
    "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted AND"
    " pid <> pg_backend_pid() AND (classid::bigint << 32 | objid::bigint) IN (%s, %s)"
    " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def read_holder(url: str, owner: str, schema: str) -> Pulse | None:
    """The pulse of who holds a schema's locks, None when nobody does; raises Unavailable."""
    keys = (_key(schema), _key(f"{schema} sessions"))
    with (
        storage_errors(f"schema {schema} of {url}", psycopg.Error),
        connect(url, owner, schema, what="standby") as ours,
    ):
        row = ours.execute(f"SELECT min(application_name), max(state_change)::text {_HOLDERS}", keys).fetchone()
    return None if row is None or row[1] is None else Pulse(str(row[0]), row[1])


def _key(name: str) -> int:
    """A name as the 64-bit number advisory locks have; positive, so that its halves join again."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1

"""Connections to PostgreSQL: what every one of them says and asks for, and one small pool per database for reads."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any

import psycopg
import sqlalchemy as sa

from hedgerow.store.backend import storage_errors

CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT_MS = 5000
"""As long as SQLite waits for a locked file."""
SILENT_S = 15
"""A server that acknowledges nothing for so long is taken for dead."""
POOL_SIZE, POOL_MORE, POOL_TIMEOUT_S = 4, 12, 10

_engines: dict[str, sa.Engine] = {}
_making = threading.Lock()


def connect(url: str, owner: str, schema: str, *, what: str = "") -> psycopg.Connection[Any]:
    """A connection in autocommit that sees one schema; raises Unavailable when there is none to be had.

    The server lists it as `hedgerow <owner> [<what>] pid <n>`.
    """
    with storage_errors(f"schema {schema} of {url}", psycopg.Error):
        return psycopg.connect(url, autocommit=True, **_parameters(owner, what, f"-c search_path={schema}"))


def engine_for(url: str, owner: str, schema: str) -> sa.Engine:
    """For rare writes into one schema: keeps no connection."""
    parameters = _parameters(owner, "", f"-c search_path={schema}")
    return sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, **parameters), poolclass=sa.pool.NullPool,
        use_native_hstore=False,
    )  # fmt: skip


def reading_engine(url: str) -> sa.Engine:
    """The pool all reads of a database share; each transaction reads one snapshot, and cannot write."""
    with _making:
        engine = _engines.get(url)
        if engine is None:
            # Plans are not kept: the same statement means another schema's tables a moment later.
            parameters = _parameters(
                "", "reader", "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
            )
            engine = _engines[url] = sa.create_engine(
                "postgresql+psycopg://", creator=lambda: psycopg.connect(url, prepare_threshold=None, **parameters),
                pool_size=POOL_SIZE, max_overflow=POOL_MORE, pool_timeout=POOL_TIMEOUT_S, pool_pre_ping=True,
                use_native_hstore=False,
            )  # fmt: skip
        return engine


@atexit.register
def close_pools() -> None:
    """Closes the pools of every database; a later read opens a new one."""
    with _making:
        for engine in _engines.values():
            engine.dispose()
        _engines.clear()


def _parameters(owner: str, what: str, options: str) -> dict[str, Any]:
    words = [word for word in ("hedgerow", owner, what) if word]
    pid = f" pid {os.getpid()}"
    return {
        "application_name": " ".join(words)[: 63 - len(pid)] + pid,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives": 1,
        "keepalives_idle": SILENT_S,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": SILENT_S * 1000,
        "options": f"-c synchronous_commit=on -c lock_timeout={LOCK_TIMEOUT_MS} {options}",
    }

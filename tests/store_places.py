"""Places a store can be, for tests that hold wherever it is."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from hedgerow.store.backend import Cursor
from hedgerow.store.location import StoreLocation
from hedgerow.store.postgres_connections import close_pools
from tests.postgres import Server

PLACES = ("sqlite", "postgresql")

PLACE_OF_ARGUMENTS = """
import pathlib, sys
from hedgerow.store.backend import Cursor
from hedgerow.store.location import StoreLocation
place = StoreLocation(pathlib.Path(sys.argv[1]) if sys.argv[1] else None, *sys.argv[2:4])
"""
"""How a script in another process begins that was given `arguments(location)`."""

FreshLocation = Callable[[], StoreLocation]

_prefixes = itertools.count(1)


def arguments(location: StoreLocation) -> list[str]:
    """A location as three arguments of a script."""
    return ["" if location.folder is None else str(location.folder), location.url, location.prefix]


@pytest.fixture(scope="session")
def store_database(postgres_server: Server) -> Iterator[str]:
    """The address of a database the tests of a session share, each with schemas of its own."""
    with postgres_server.database() as url:
        yield url
        close_pools()


@pytest.fixture(params=PLACES)
def fresh_location(request: pytest.FixtureRequest, tmp_path: Path) -> FreshLocation:
    """Gives another place with nothing in it at every call: folders, or schemas of the shared database."""

    def fresh() -> StoreLocation:
        number = next(_prefixes)
        if request.param == "sqlite":
            return StoreLocation(folder=tmp_path / f"store{number}")
        return StoreLocation(url=request.getfixturevalue("store_database"), prefix=f"t{number}_")

    return fresh


@pytest.fixture
def location(fresh_location: FreshLocation) -> StoreLocation:
    """Where the test's stores are: the same test runs on SQLite and on PostgreSQL."""
    return fresh_location()


@pytest.fixture
def postgres(store_database: str) -> StoreLocation:
    """A place in PostgreSQL, for what only a server does."""
    return StoreLocation(url=store_database, prefix=f"t{next(_prefixes)}_")


def server_side(location: StoreLocation, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Runs a statement in the database of a location, with nothing of ours."""
    with psycopg.connect(location.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def cut_off(location: StoreLocation, what: str) -> int:
    """Has the server end the location's connections whose name holds `what`, as a failover would; how many."""
    query = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name LIKE %s AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    return len(server_side(location, query, f"hedgerow {what}%"))


on_sqlite = pytest.mark.parametrize("fresh_location", ["sqlite"], indirect=True)
"""For what concerns a file: its log, its lock, damage to it."""

on_postgresql = pytest.mark.parametrize("fresh_location", ["postgresql"], indirect=True)
"""For what concerns a server: its loss, its sessions, its roles."""


def file_of(location: StoreLocation, owner: str) -> Path:
    """The file of an owner's SQLite database."""
    assert location.folder is not None
    return location.folder / f"{owner}.db"


def lose(location: StoreLocation, owner: str) -> None:
    """Takes an owner's database away: its files, or its schema."""
    if location.folder is None:
        server_side(location, f"DROP SCHEMA {location.schema(owner)} CASCADE")
        return
    for path in location.folder.glob(f"{owner}.db*"):
        path.unlink()


def impatient(cursor: Cursor) -> None:
    """Has a writer's connection wait for locks of others 20 ms instead of seconds; a job of its own."""
    if isinstance(cursor, sqlite3.Cursor):
        cursor.execute("PRAGMA busy_timeout=20").fetchall()
    else:
        cursor.execute("SET lock_timeout=20")


@contextmanager
def intruder(location: StoreLocation, owner: str, table: str) -> Iterator[None]:
    """A program that locks others out of a table, and goes."""
    if location.folder is None:
        with psycopg.connect(location.url) as connection:
            connection.execute(f"LOCK TABLE {location.schema(owner)}.{table} IN EXCLUSIVE MODE".encode())
            yield
        return
    database = sqlite3.connect(file_of(location, owner), isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        database.execute("ROLLBACK")
        database.close()

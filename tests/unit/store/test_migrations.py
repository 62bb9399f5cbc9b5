"""Migrations: every chain ends at the tables the code speaks of, and costs nothing when there is nothing to do."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from hedgerow.domain.errors import FailedPrecondition
from hedgerow.store.engine import open_store
from hedgerow.store.location import StoreLocation
from hedgerow.store.migrations import run
from hedgerow.store.postgres_connections import engine_for
from hedgerow.store.tables import HEADS, METADATA
from tests.store_places import PLACE_OF_ARGUMENTS, arguments, server_side

KINDS = sorted(METADATA)
OWNERS = {kind: "strategy-goog" if kind == "strategy" else kind for kind in KINDS}


def compare_default(_: object, _found: object, column: sa.Column[object], *_rest: object) -> bool | None:
    """Alembic's own comparison, but for JSON: PostgreSQL knows no two documents as equal."""
    return False if isinstance(column.type, sa.JSON) else None


@pytest.mark.parametrize("kind", KINDS)
def test_upgrading_from_empty_gives_the_tables_of_the_code(kind: str, location: StoreLocation) -> None:
    if location.url:
        server_side(location, f"CREATE SCHEMA {location.schema(kind)}")
        engine = engine_for(location.url, kind, location.schema(kind))
    else:
        engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        run.upgrade(connection, kind, "here")
        options = {"compare_type": True, "compare_server_default": compare_default}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA[kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_newest_revision_is_the_one_the_code_names(kind: str) -> None:
    assert run.head(kind) == HEADS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_created_at_once_equals_one_migrated(kind: str, tmp_path: Path) -> None:
    def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
        with sqlite3.connect(path) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
            found = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in tables}
        connection.close()
        return found

    open_store(tmp_path / "fresh", OWNERS[kind]).close()
    (tmp_path / "old").mkdir()
    old = tmp_path / "old" / f"{OWNERS[kind]}.db"
    with sqlite3.connect(old) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.close()
    open_store(old.parent, OWNERS[kind]).close()
    assert columns(old) == columns(tmp_path / "fresh" / f"{OWNERS[kind]}.db")
    open_store(old.parent, OWNERS[kind]).close()  # and it is current now


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_can_live_in_postgresql(kind: str) -> None:
    for table in METADATA[kind].sorted_tables:
        statement = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        assert "AUTOINCREMENT" not in statement
        # Times and sequences need 64 bits; SQLite's INTEGER has them, PostgreSQL's has not.
        assert " INTEGER" not in statement


def test_a_database_of_a_newer_version_is_refused_untouched(location: StoreLocation) -> None:
    with open_store(location, "risk") as store, store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'risk_9999'")
    with pytest.raises(FailedPrecondition, match="newer version") as refusal:
        open_store(location, "risk")
    assert refusal.value.reason == "STORE_TOO_NEW"
    with open_store(location, "risk", read_only=True) as store, store.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "risk_9999"


def test_a_database_of_something_else_is_refused(location: StoreLocation) -> None:
    if location.folder is None:
        server_side(location, f"CREATE SCHEMA {location.schema('risk')}")
        server_side(location, f"CREATE TABLE {location.schema('risk')}.songs (title TEXT)")
    else:
        location.folder.mkdir()
        with closing(sqlite3.connect(location.folder / "risk.db")) as connection:
            connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(FailedPrecondition, match="not a risk database"):
        open_store(location, "risk")


def test_opening_a_fresh_or_current_file_does_not_import_alembic(
    location: StoreLocation, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    script = (
        PLACE_OF_ARGUMENTS
        + """
from hedgerow.store.engine import open_store
for _ in range(2):
    open_store(place, "execution").close()
print("alembic" in sys.modules)
"""
    )
    result = run_python(script, *arguments(location))
    assert result.stdout == "False\n", result.stderr

"""Opening databases: one writer, clear refusals, readers that disturb nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hedgerow.domain.errors import FailedPrecondition, InvalidValue, NotFound, Unavailable
from hedgerow.store.engine import Store, acquire_epoch, open_beside_writer, open_store, owners
from hedgerow.store.location import StoreLocation
from hedgerow.store.tables import METADATA, owner_kind
from tests.store_places import PLACE_OF_ARGUMENTS, arguments, on_postgresql, on_sqlite

Run = Callable[..., subprocess.CompletedProcess[str]]

HOLD = """
from hedgerow.store.engine import open_store
store = open_store(place, "risk")
print("held", flush=True)
sys.stdin.read()
"""


def epoch_of(store: Store) -> sa.Select[tuple[int]]:
    leases = store.table("leases")
    return sa.select(leases.c.epoch).where(leases.c.name == store.owner)


@pytest.fixture
def holder(location: StoreLocation, repo_root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has risk's database open for writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", PLACE_OF_ARGUMENTS + HOLD, *arguments(location)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(repo_root / "libs")},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


@on_sqlite
def test_the_writer_syncs_every_commit_to_a_log(execution: Store) -> None:
    with execution.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@on_postgresql
def test_the_server_syncs_every_commit(execution: Store) -> None:
    session = execution.session()
    settings = {
        name: session.cursor.execute(f"SHOW {name}").fetchone()[0] for name in ("synchronous_commit", "search_path")
    }
    session.close()
    assert settings == {"synchronous_commit": "on", "search_path": execution.location.schema("execution")}


def test_a_path_means_a_folder_of_files(tmp_path: Path) -> None:
    with open_store(tmp_path, "stats") as store:
        assert store.location == StoreLocation(folder=tmp_path)
        assert (tmp_path / "stats.db").is_file()


@pytest.mark.parametrize("owner", ["execution", "risk", "portfolio", "control", "stats", "strategy-goog-scalper"])
def test_every_owner_has_its_tables(location: StoreLocation, owner: str) -> None:
    with open_store(location, owner) as store, store.read() as connection:
        present = set(sa.inspect(connection).get_table_names())
    assert present == set(METADATA[owner_kind(owner)].tables) | {"alembic_version"}


@pytest.mark.parametrize("owner", ["strategy", "strategy-", "strategy-../x", "ledger", ""])
def test_an_unknown_owner_is_refused(location: StoreLocation, owner: str) -> None:
    with pytest.raises(InvalidValue, match="owner"):
        open_store(location, owner)


def test_a_second_writer_is_told_who_writes(location: StoreLocation, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(FailedPrecondition, match=rf"risk.* is in use by .*pid {holder.pid}") as refusal:
        open_store(location, "risk")
    assert refusal.value.reason == "STORE_IN_USE"
    holder.kill()
    holder.wait()
    open_store(location, "risk").close()


def test_closing_lets_the_next_writer_in(location: StoreLocation) -> None:
    open_store(location, "risk").close()
    open_store(location, "risk").close()


def test_readers_read_beside_the_writer_and_cannot_write(execution: Store, location: StoreLocation) -> None:
    acquire_epoch(execution, "execution")
    with open_store(location, "execution", read_only=True) as reader:
        with reader.read() as connection:
            assert connection.execute(epoch_of(reader)).scalar() == 1
        with pytest.raises(FailedPrecondition, match="reading only"), reader.begin():
            pass
        with pytest.raises(Unavailable, match=r"read-?only"), reader.read() as connection:
            connection.execute(reader.table("leases").delete())


def test_a_reader_needs_a_database(location: StoreLocation) -> None:
    with pytest.raises(NotFound, match="execution has not run here"):
        open_store(location, "execution", read_only=True)
    with pytest.raises(NotFound):
        open_beside_writer(location, "control")
    assert owners(location) == []
    assert location.folder is None or not location.folder.exists()


def test_epochs_only_go_up(location: StoreLocation) -> None:
    epochs = []
    for _ in range(3):
        with open_store(location, "execution") as store:
            epochs.append(acquire_epoch(store, "execution"))
    assert epochs == [1, 2, 3]


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidValue, match="HEDGEROW_HOME"):
        open_store(tmp_path / "file" / "store", "execution")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder anybody may read; pytest's own are closed to others, again with every run beside this one."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_an_unwritable_folder_is_refused_and_stays_readable(open_folder: Path, run_python: Run) -> None:
    with open_store(open_folder / "store", "execution") as store:
        acquire_epoch(store, "execution")
    (open_folder / "store").chmod(0o555)
    script = """
import os, pathlib, sys
import sqlalchemy.dialects.sqlite
from hedgerow.domain.errors import HedgerowError
from hedgerow.store.engine import open_store
if os.geteuid() == 0:  # root may write anywhere: go on as nobody
    os.setgid(65534)
    os.setuid(65534)
with open_store(pathlib.Path(sys.argv[1]), "execution", read_only=True) as store, store.read() as connection:
    print("epoch", connection.exec_driver_sql("SELECT epoch FROM leases").scalar())
try:
    open_store(pathlib.Path(sys.argv[1]), "execution")
except HedgerowError as error:
    print(error.reason, error)
"""
    result = run_python(script, open_folder / "store")
    assert "epoch 1" in result.stdout, result.stderr
    assert "INVALID_VALUE store: " in result.stdout
    assert "Permission denied" in result.stdout
    assert "HEDGEROW_HOME" in result.stdout


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "execution.db").write_bytes(b"this is no database at all" * 1000)
    with pytest.raises(Unavailable, match=r"execution\.db cannot be used: file is not a database"):
        open_store(tmp_path, "execution")
    with (
        pytest.raises(Unavailable, match="not a database"),
        open_store(tmp_path, "execution", read_only=True) as store,
        store.read() as connection,
    ):
        connection.exec_driver_sql("SELECT name FROM sqlite_master")


def test_a_table_of_another_owner_is_not_found(execution: Store) -> None:
    with pytest.raises(NotFound, match="no table 'commands'"):
        execution.table("commands")

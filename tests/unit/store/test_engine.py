"""Opening databases: one writer, clear refusals, readers that disturb nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hedgerow.domain.errors import FailedPrecondition, InvalidValue, NotFound, Unavailable
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import Store, acquire_epoch, open_beside_writer, open_store
from hedgerow.store.tables import METADATA, owner_kind

Run = Callable[..., subprocess.CompletedProcess[str]]

HOLD = """
import pathlib, sys
from hedgerow.store.engine import open_store
store = open_store(pathlib.Path(sys.argv[1]), "risk")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path, repo_root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has risk's database open for writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(repo_root / "libs")},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_writer_syncs_every_commit_to_a_log(execution: Store) -> None:
    with execution.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_state_dir_names_the_folder(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "live")
    with open_store(state.store_dir, "stats") as store:
        assert store.path == state.store_dir / "stats.db"


@pytest.mark.parametrize("owner", ["execution", "risk", "portfolio", "control", "stats", "strategy-goog-scalper"])
def test_every_owner_has_its_tables(tmp_path: Path, owner: str) -> None:
    with open_store(tmp_path, owner) as store, store.read() as connection:
        present = set(sa.inspect(connection).get_table_names())
    assert present == set(METADATA[owner_kind(owner)].tables) | {"alembic_version"}


@pytest.mark.parametrize("owner", ["strategy", "strategy-", "strategy-../x", "ledger", ""])
def test_an_unknown_owner_is_refused(tmp_path: Path, owner: str) -> None:
    with pytest.raises(InvalidValue, match="owner"):
        open_store(tmp_path, owner)


def test_a_second_writer_is_told_who_writes(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(FailedPrecondition, match=rf"risk\.db is in use by pid {holder.pid}") as refusal:
        open_store(tmp_path, "risk")
    assert refusal.value.reason == "STORE_IN_USE"
    holder.kill()
    holder.wait()
    open_store(tmp_path, "risk").close()


def test_closing_lets_the_next_writer_in(tmp_path: Path) -> None:
    open_store(tmp_path, "risk").close()
    open_store(tmp_path, "risk").close()


def test_readers_read_beside_the_writer_and_cannot_write(execution: Store, tmp_path: Path) -> None:
    acquire_epoch(execution, "execution")
    with open_store(tmp_path, "execution", read_only=True) as reader:
        with reader.read() as connection:
            assert connection.execute(sa.select(reader.table("leases").c.epoch)).scalar() == 1
        with pytest.raises(FailedPrecondition, match="reading only"), reader.begin():
            pass
        with pytest.raises(Unavailable, match="readonly"), reader.read() as connection:
            connection.execute(reader.table("leases").delete())


def test_a_reader_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="execution has not run here"):
        open_store(tmp_path, "execution", read_only=True)
    with pytest.raises(NotFound):
        open_beside_writer(tmp_path, "control")
    assert list(tmp_path.iterdir()) == []


def test_epochs_only_go_up(tmp_path: Path) -> None:
    epochs = []
    for _ in range(3):
        with open_store(tmp_path, "execution") as store:
            epochs.append(acquire_epoch(store, "execution"))
    assert epochs == [1, 2, 3]


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidValue, match="HEDGEROW_HOME"):
        open_store(tmp_path / "file" / "store", "execution")


def test_an_unwritable_folder_is_refused_and_stays_readable(tmp_path: Path, run_python: Run) -> None:
    for folder in (tmp_path, *tmp_path.parents):  # pytest's own folders are closed to others, however deep
        if folder.name.startswith(("test_", "pytest-", "popen-")):
            folder.chmod(0o755)
    with open_store(tmp_path / "store", "execution") as store:
        acquire_epoch(store, "execution")
    (tmp_path / "store").chmod(0o555)
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
    result = run_python(script, tmp_path / "store")
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

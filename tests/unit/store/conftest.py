"""Fixtures of the store's tests: real databases in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteCompiler


@pytest.fixture
def execution(tmp_path: Path) -> Iterator[Store]:
    """Execution's database, open for writing."""
    with open_store(tmp_path, "execution") as store:
        yield store


@pytest.fixture
async def journal(execution: Store) -> AsyncIterator[JournalWriter]:
    """A running journal writer."""
    writer = JournalWriter(execution, acquire_epoch(execution, "execution"))
    yield writer
    await writer.close()


@pytest.fixture
def strategy(tmp_path: Path) -> Iterator[Store]:
    """A strategy's database, open for writing."""
    with open_store(tmp_path, "strategy-goog") as store:
        yield store


@pytest.fixture
async def strategy_writer(strategy: Store) -> AsyncIterator[AsyncWriter]:
    """A running writer of the strategy's database."""
    writer = AsyncWriter(strategy)
    yield writer
    await writer.close()


@pytest.fixture
def run_python(repo_root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a process of its own."""

    def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=60,
            check=False, env={**os.environ, "PYTHONPATH": str(repo_root / "libs")},
        )  # fmt: skip

    return run


@pytest.fixture
def fill() -> Callable[[Path, str, list[Write]], None]:
    """Writes rows into an owner's database and closes it: what a session leaves behind."""

    def write_rows(folder: Path, owner: str, writes: list[Write]) -> None:
        with open_store(folder, owner) as store:
            compiler = WriteCompiler(store)
            connection = store.raw_connection()
            for write in writes:
                compiler.prepare(write).execute(connection.cursor())
            connection.close()

    return write_rows

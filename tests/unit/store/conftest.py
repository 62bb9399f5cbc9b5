"""Fixtures of the store's tests: real databases, in files and on a server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter
from hedgerow.store.location import Place, StoreLocation
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteCompiler
from tests.store_places import fresh_location, location, postgres, store_database

__all__ = ["fresh_location", "location", "postgres", "store_database"]


@pytest.fixture
def execution(location: StoreLocation) -> Iterator[Store]:
    """Execution's database, open for writing."""
    with open_store(location, "execution") as store:
        yield store


@pytest.fixture
async def journal(execution: Store) -> AsyncIterator[JournalWriter]:
    """A running journal writer."""
    writer = JournalWriter(execution, acquire_epoch(execution, "execution"))
    yield writer
    await writer.close()


@pytest.fixture
def strategy(location: StoreLocation) -> Iterator[Store]:
    """A strategy's database, open for writing."""
    with open_store(location, "strategy-goog") as store:
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
def fill() -> Callable[[Place, str, list[Write]], None]:
    """Writes rows into an owner's database and closes it: what a session leaves behind."""

    def write_rows(place: Place, owner: str, writes: list[Write]) -> None:
        with open_store(place, owner) as store:
            compiler = WriteCompiler(store)
            session = store.session()
            session.begin()
            for write in writes:
                compiler.prepare(write).execute(session.cursor)
            session.commit()
            session.close()

    return write_rows

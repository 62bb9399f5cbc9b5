"""One writer on a server that forgets who it is: whoever lost the lock sends nothing more."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.catalog import ENTRIES
from hedgerow.settings import StoreSettings
from hedgerow.store.location import StoreLocation
from hedgerow.store.read import read_rows
from tests.integration.execution.world import World, status_name
from tests.integration.service_process import until
from tests.store_places import cut_off, postgres, store_database

__all__ = ["postgres", "store_database"]


@pytest.fixture
async def world(postgres: StoreLocation, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose state is on the server, not started."""
    world = World(tmp_path, store=StoreSettings(url=postgres.url, prefix=postgres.prefix))
    try:
        yield world
    finally:
        await world.close()


async def test_an_idle_execution_that_lost_its_lock_says_so(world: World, postgres: StoreLocation) -> None:
    await world.start()
    cut_off(postgres, "execution lock")

    async def lost() -> bool:
        state = await world.exec_state()
        return not (state.lease_ok or state.journal_ok)

    await until(lost, "its state says that the lease is lost")
    answer = await world.submit(world.intent(10))
    assert (status_name(answer.order_status), answer.reason) == ("DENIED", "LEASE_LOST")
    assert world.frames() == []


async def test_stopped_between_commit_and_frame_while_the_server_gave_the_lock_away(
    world: World, postgres: StoreLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = ENTRIES["execution"]
    with monkeypatch.context() as patched:
        patched.syspath_prepend(Path(__file__).parent)
        patched.setitem(ENTRIES, "execution", entry._replace(module="stops_before_send"))
        await world.start()
    asked = asyncio.create_task(world.submit(world.intent(10), timeout_s=60))
    stopped = Path(f"/proc/{world.execution.pid}/stat")
    await until(lambda: stopped.read_text().rpartition(")")[2].split()[0] == "T", "execution is stopped")
    assert [row["order_status"] for row in read_rows(postgres, "execution", "orders")] == ["PENDING"]
    assert cut_off(postgres, "execution") > 1
    os.kill(world.execution.pid, signal.SIGCONT)
    answer = await asked
    assert (status_name(answer.order_status), answer.reason, answer.sequence) == ("DENIED", "JOURNAL_UNAVAILABLE", 0)
    assert world.frames() == []

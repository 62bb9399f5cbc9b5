"""History on SQLite: rows go through the owner's writer, each once, in order, and what is lost is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.store.copy_history import CopyHistory
from hedgerow.store.engine import Store
from hedgerow.store.history import History, WriterHistory, open_history
from hedgerow.store.location import StoreLocation
from hedgerow.store.read import read_rows
from hedgerow.store.writer import AsyncWriter
from tests.store_rows import decision, snapshot

OWNER = "strategy-goog"


@pytest.fixture
async def history(location: StoreLocation, strategy_writer: AsyncWriter) -> AsyncIterator[History]:
    history = open_history(location, OWNER, strategy_writer)
    yield history
    await history.close()


async def test_rows_arrive_in_order(history: History, location: StoreLocation) -> None:
    for number in range(1, 101):
        history.append("decisions", decision(number))
        history.append("status_history", snapshot(number))
    assert history.pending == 200
    await history.close()
    assert [row["sequence"] for row in read_rows(location, OWNER, "decisions")] == list(range(1, 101))
    assert [row["ts"] for row in read_rows(location, OWNER, "status_history")] == list(range(1, 101))
    assert (history.pending, history.dropped, history.failed) == (0, 0, "")


async def test_a_row_that_is_there_already_stays(history: History, location: StoreLocation) -> None:
    history.append("decisions", decision(1))
    history.append("decisions", {**decision(1), "cause": "TIMER"})
    await history.close()
    assert [row["cause"] for row in read_rows(location, OWNER, "decisions")] == ["QUOTE"]
    assert history.dropped == 0


async def test_rows_the_database_does_not_take_are_counted(history: History, strategy: Store) -> None:
    with strategy.begin() as connection:
        connection.exec_driver_sql("DROP TABLE decisions")
    history.append("decisions", decision(1))
    history.append("status_history", snapshot(1))
    await asyncio.wait_for(history.close(), 10)
    assert history.dropped >= 1
    assert "decisions" in history.failed


async def test_what_cannot_be_is_refused_at_once(history: History) -> None:
    with pytest.raises(NotFound, match="no_such"):
        history.append("no_such", {})
    with pytest.raises(InvalidValue, match="colour"):
        history.append("decisions", {"sequence": 1, "colour": "red"})
    assert history.pending == 0


async def test_the_location_decides_the_way(location: StoreLocation, strategy_writer: AsyncWriter) -> None:
    url = StoreLocation(url="postgresql://hedgerow@127.0.0.1/hedgerow", prefix="live_")
    assert isinstance(open_history(StoreLocation(folder=location), OWNER, strategy_writer), WriterHistory)
    copying = open_history(url, OWNER, strategy_writer)
    assert isinstance(copying, CopyHistory)
    await copying.close()

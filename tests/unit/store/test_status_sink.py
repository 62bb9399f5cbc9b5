"""Status sinks: the keys asked for, a current view and a history, by configuration."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.store.engine import Store
from hedgerow.store.location import StoreLocation
from hedgerow.store.read import read_history, read_status
from hedgerow.store.status_sink import SNAPSHOT_KEYS, StoreSink, open_status_sink
from hedgerow.store.writer import AsyncWriter
from tests.store_places import PLACE_OF_ARGUMENTS, arguments, file_of, server_side


def snapshot(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(SNAPSHOT_KEYS)
    values |= {"daemon_state": "RUNNING", "status_lamp": "green", "spot": 748.4, "net_delta": -12.5, "ts": 1_000}
    return values | changes


async def test_current_view_and_history(strategy: Store, strategy_writer: AsyncWriter) -> None:
    """TC-1-R-H1-1: one current row, an append-only history, as often as asked."""
    sink = open_status_sink("", "goog", strategy_writer)
    for ts, history in ((1, True), (2, False), (3, True), (4, False)):
        await sink.write(snapshot(ts=ts, spot=700.0 + ts), history, market_ns=ts * 10)
    folder = strategy.location
    (current,) = read_status(folder)
    assert (current["strategy"], current["ts"], current["market_ns"], current["spot"]) == ("goog", 4, 40, 704.0)
    assert set(SNAPSHOT_KEYS) <= set(current["snapshot"])
    assert [row["ts"] for row in read_history(folder, "goog")] == [3, 1]
    assert [row["ts"] for row in read_history(folder, "goog", since_ns=2, until_ns=9)] == [3]


async def test_one_line_query_reads_state_and_timestamp(strategy: Store, strategy_writer: AsyncWriter) -> None:
    """TC-1-R-M1a-2: without the console, with nothing but SQL."""
    await open_status_sink("sqlite", "goog", strategy_writer).write(snapshot(), history=False)
    query = "SELECT strategy, ts, daemon_state, status_lamp, spot, net_delta FROM"
    if strategy.location.folder is None:
        rows = server_side(strategy.location, f"{query} {strategy.location.schema('strategy-goog')}.status_current")
    else:
        connection = sqlite3.connect(f"file:{file_of(strategy.location, 'strategy-goog')}?mode=ro", uri=True)
        rows = connection.execute(f"{query} status_current").fetchall()
        connection.close()
    assert rows == [("goog", 1_000, "RUNNING", "green", 748.4, -12.5)]


async def test_another_process_reads_it(
    strategy: Store, strategy_writer: AsyncWriter, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """TC-1-R-M4a-3: readable while the writer lives."""
    await open_status_sink("", "goog", strategy_writer).write(snapshot(), history=True)
    script = (
        PLACE_OF_ARGUMENTS
        + """
from hedgerow.store.read import read_status
print(read_status(place))
"""
    )
    result = run_python(script, *arguments(strategy.location))
    assert "'daemon_state': 'RUNNING'" in result.stdout, result.stderr


@pytest.mark.parametrize("key", SNAPSHOT_KEYS)
async def test_a_missing_key_is_an_error(strategy_writer: AsyncWriter, tmp_path: Path, key: str) -> None:
    """TC-1-R-M1a-3."""
    broken = snapshot()
    del broken[key]
    for url in ("", f"file://{tmp_path}/status.json"):
        with pytest.raises(InvalidValue, match=rf"snapshot\.{key}"):
            open_status_sink(url, "goog", strategy_writer).write(broken, history=False)


async def test_the_time_is_whole_nanoseconds(strategy_writer: AsyncWriter) -> None:
    with pytest.raises(InvalidValue, match=r"snapshot\.ts"):
        open_status_sink("", "goog", strategy_writer).write(snapshot(ts=1.5), history=False)


async def test_a_snapshot_without_a_spot_and_with_a_delta_that_is_no_number(
    strategy: Store, strategy_writer: AsyncWriter
) -> None:
    values = snapshot(spot=None, net_delta=float("nan"), config={"cap": float("inf"), "legs": [float("nan"), 1.0]})
    await open_status_sink("", "goog", strategy_writer).write(values, history=True)
    (current,) = read_status(strategy.location)
    assert current["spot"] is None
    assert current["net_delta"] is None
    assert current["snapshot"]["config"] == {"cap": None, "legs": [None, 1.0]}


async def test_a_file_holds_the_current_view_only(strategy_writer: AsyncWriter, tmp_path: Path) -> None:
    """TC-1-R-H1-3: file:///path.json."""
    path = tmp_path / "my status.json"
    sink = open_status_sink(f"file://{tmp_path}/my%20status.json", "goog", strategy_writer)
    for ts in range(1, 50):
        sink.write(snapshot(ts=ts), history=True)
        if path.exists():
            assert json.loads(path.read_text())["ts"] <= ts  # whole at any moment
        await asyncio.sleep(0)
    await sink.close()
    assert json.loads(path.read_text())["ts"] == 49
    assert sink.failed == ""
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


async def test_a_file_that_cannot_be_written_says_so_and_recovers(strategy_writer: AsyncWriter, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.mkdir()
    sink = open_status_sink(path.as_uri(), "goog", strategy_writer)
    with pytest.raises(Unavailable, match="Is a directory"):
        await sink.write(snapshot(), history=False)
    assert "Is a directory" in sink.failed
    path.rmdir()
    await sink.write(snapshot(), history=False)
    assert sink.failed == ""


async def test_another_database_holds_current_view_and_history(
    strategy: Store, strategy_writer: AsyncWriter, postgres: StoreLocation
) -> None:
    sink = open_status_sink(postgres.url, "goog", strategy_writer, prefix=postgres.prefix)
    if strategy.location.url:  # the strategy's own database: no other schema, no second connection
        assert isinstance(sink, StoreSink)
        return
    for ts in (1, 2, 3):
        await sink.write(snapshot(ts=ts), history=ts != 2, market_ns=ts * 10)
    assert len(sink.writers) == 2
    await sink.close()
    (current,) = read_status(postgres)
    assert (current["ts"], current["market_ns"]) == (3, 30)
    assert [row["ts"] for row in read_history(postgres, "goog")] == [3, 1]
    # a restart goes on from the own store's view
    assert [row["ts"] for row in read_status(strategy.location)] == [3]
    assert read_history(strategy.location, "goog") == []


async def test_a_file_beside_leaves_the_current_view_in_the_store(
    strategy: Store, strategy_writer: AsyncWriter, tmp_path: Path
) -> None:
    """Latches, the hedge count and a standing pause are restored from it."""
    sink = open_status_sink(f"file://{tmp_path}/status.json", "goog", strategy_writer)
    await sink.write(snapshot(ts=7), history=True)
    await sink.close()
    await strategy_writer.write([])
    assert [row["ts"] for row in read_status(strategy.location)] == [7]
    assert read_history(strategy.location, "goog") == []


@pytest.mark.parametrize("url", ["", "sqlite", "postgresql"])
async def test_the_own_store_has_several_names(strategy_writer: AsyncWriter, url: str) -> None:
    assert isinstance(open_status_sink(url, "goog", strategy_writer), StoreSink)


@pytest.mark.parametrize(
    "url", ["redis://here", "mysql://db/x", "file://status.json", "file:///", "file:///no/such/folder/s.json", "x"]
)
async def test_an_unknown_sink_is_refused_by_name(strategy_writer: AsyncWriter, url: str) -> None:
    with pytest.raises(InvalidValue, match=r"status\.sink") as refusal:
        open_status_sink(url, "goog", strategy_writer)
    assert refusal.value.value == url

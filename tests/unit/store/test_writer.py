"""The general writer: off the loop, in order, and back at work when the database is."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from hedgerow.domain.errors import AlreadyExists, Unavailable
from hedgerow.store import writer as writer_module
from hedgerow.store.engine import Store, open_store
from hedgerow.store.writer import AsyncWriter, make_log_room
from hedgerow.store.writes import Write
from tests.store_places import file_of, impatient, intruder, on_sqlite


def decision(sequence: int) -> Write:
    return Write("decisions", {"sequence": sequence, "record": {"n": sequence}})


def rows(store: Store) -> list[int]:
    with store.read() as connection:
        return list(connection.execute(store.table("decisions").select()).scalars())


async def test_rows_are_written_off_the_loop(strategy: Store, strategy_writer: AsyncWriter) -> None:
    threads: list[str] = []
    await strategy_writer.submit(lambda _: threads.append(threading.current_thread().name))
    await strategy_writer.write([decision(1), decision(2)])
    assert rows(strategy) == [1, 2]
    assert threads == ["store-strategy-goog"]


async def test_a_failed_commit_fails_its_rows_and_later_ones_succeed(
    strategy: Store, strategy_writer: AsyncWriter
) -> None:
    await strategy_writer.submit(impatient)
    with intruder(strategy.location, "strategy-goog", "decisions"):
        with pytest.raises(Unavailable, match="lock") as failure:
            await strategy_writer.write([decision(1)])
        assert failure.value.reason == "STORE_UNAVAILABLE"
        assert "lock" in strategy_writer.failed
    await strategy_writer.write([decision(2)])
    assert strategy_writer.failed == ""
    assert rows(strategy) == [2]


async def test_rows_of_one_call_stand_or_fall_together(strategy: Store, strategy_writer: AsyncWriter) -> None:
    await strategy_writer.write([decision(1)])
    with pytest.raises(AlreadyExists):
        await strategy_writer.write([decision(2), decision(1)])
    assert rows(strategy) == [1]


async def test_an_answer_nobody_awaits_makes_no_noise(
    strategy_writer: AsyncWriter, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        strategy_writer.write([decision(1)])
    await strategy_writer.write([decision(2)])
    assert caplog.records == []


async def test_a_canceled_caller_does_not_stop_the_writer(strategy: Store, strategy_writer: AsyncWriter) -> None:
    strategy_writer.write([decision(1)]).cancel()
    await strategy_writer.write([decision(2)])
    assert rows(strategy) == [1, 2]
    assert strategy_writer.pending == 0


async def test_a_disk_that_stopped_costs_bounded_memory(
    strategy: Store, strategy_writer: AsyncWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "PENDING_LIMIT", 10)
    release = threading.Event()
    stuck = strategy_writer.submit(lambda _: release.wait(30))
    waiting = [strategy_writer.write([decision(n)]) for n in range(9)]
    with pytest.raises(Unavailable, match="10 writes are waiting for the disk"):
        await strategy_writer.write([decision(99)])
    release.set()
    await asyncio.gather(stuck, *waiting)
    await strategy_writer.write([decision(10)])
    assert rows(strategy) == [*range(9), 10]


@on_sqlite
async def test_an_idle_writer_empties_its_log(
    strategy: Store, strategy_writer: AsyncWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "IDLE_CHECKPOINT_S", 0.01)
    await strategy_writer.write([decision(n) for n in range(1000)])
    path = file_of(strategy.location, "strategy-goog")
    size = path.stat().st_size
    async with asyncio.timeout(10):
        while path.stat().st_size == size:  # noqa: ASYNC110 - a file tells nobody that it grew
            await asyncio.sleep(0.005)
    assert path.stat().st_size > size


async def test_closing_an_unused_writer_is_quick(strategy: Store) -> None:
    writer = AsyncWriter(strategy)
    await writer.close()
    await writer.close()
    with pytest.raises(Unavailable, match="closed"):
        await writer.write([decision(1)])


async def test_a_lingering_writer_shares_its_commits(strategy: Store) -> None:
    commits: list[int] = []

    class Counting(AsyncWriter):
        def on_commit(self) -> None:
            commits.append(1)

    writer = Counting(strategy, linger_s=5.0)
    first = writer.write([decision(1)])
    await asyncio.sleep(0)
    second = writer.write([decision(2)])
    await writer.close()
    await asyncio.gather(first, second)
    assert len(commits) == 1


async def test_room_in_the_log_is_nothing_written(tmp_path: Path) -> None:
    with open_store(tmp_path, "strategy-roomy") as store:
        make_log_room(store, 3 << 20)
        database = file_of(store.location, "strategy-roomy")
        log = database.with_name(f"{database.name}-wal")
        assert log.stat().st_size == 3 << 20
        writer = AsyncWriter(store)
        await writer.write([decision(n) for n in range(50)])
        assert log.stat().st_size == 3 << 20
        # what a killed process leaves: database and log as they are now
        left = tmp_path / "left"
        left.mkdir()
        for path in (database, log):
            shutil.copy(path, left / path.name)
        await writer.close()
    with open_store(left, "strategy-roomy") as store, store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(store.table("decisions"))).scalar() == 50


@on_sqlite
async def test_a_file_that_lost_its_name_takes_nothing(strategy: Store, strategy_writer: AsyncWriter) -> None:
    await strategy_writer.write([decision(1)])
    file = file_of(strategy.location, "strategy-goog")
    file.unlink()
    with pytest.raises(Unavailable, match="removed or replaced"):
        await strategy_writer.write([decision(2)])
    file.touch()
    with pytest.raises(Unavailable, match="removed or replaced"):
        await strategy_writer.write([decision(3)])

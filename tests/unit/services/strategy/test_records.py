"""The daemon keeps its history within the configured days, and a failing disk does not end it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from hedgerow.clock import wall_now
from hedgerow.settings import StatusSettings
from hedgerow.store.engine import open_store
from hedgerow.store.read import read_history
from hedgerow.store.retention import NS_PER_DAY
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write
from services.strategy.records import keep_within

STATUS = StatusSettings(retention_days=30)


async def test_old_history_goes_and_new_history_stays(tmp_path: Path) -> None:
    now = wall_now()
    with open_store(tmp_path, "strategy-a") as store:
        writer = AsyncWriter(store)
        ages = (0, 29, 31, 400)
        rows = [{"strategy": "a", "ts": now - age * NS_PER_DAY, "snapshot": {"age": age}} for age in ages]
        await writer.write([Write("status_history", row) for row in rows])
        keeping = asyncio.create_task(keep_within(STATUS, writer))
        for _ in range(2000):
            if len(read_history(tmp_path, "a")) == 2:
                break
            await asyncio.sleep(0.005)
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await writer.close()
    assert {row["ts"] for row in read_history(tmp_path, "a")} == {rows[0]["ts"], rows[1]["ts"]}


async def test_a_writer_that_is_closed_costs_a_warning(tmp_path: Path) -> None:
    with open_store(tmp_path, "strategy-a") as store:
        writer = AsyncWriter(store)
        await writer.close()
        keeping = asyncio.create_task(keep_within(STATUS, writer))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not keeping.done()
        keeping.cancel()

"""How much faster history is copied to PostgreSQL in batches than each row is committed by itself."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from hedgerow.store.copy_history import LIMIT_ROWS
from hedgerow.store.engine import open_store
from hedgerow.store.history import History, open_history
from hedgerow.store.location import StoreLocation
from hedgerow.store.status_sink import snapshot_json
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write
from tests.postgres import NoPostgres, Server

OWNER = "strategy-bench"
COPIED = LIMIT_ROWS
SINGLE = 200


def history_copy_vs_single(rounds: int) -> dict[str, Any]:
    """One row for build/bench.json: rows per second into `status_history` through the history, over one by one.

    One by one: the same rows through the same owner's writer, the next when the one before is committed. Same server,
    same table, alternating, from the call until the last commit. `ratio` is the median of the rounds' ratios, `min`
    and `max` their extremes, `ours` and `reference` the medians.
    """
    row: dict[str, Any] = {"name": "history_copy_vs_single", "kind": "ratio", "better": "higher", "unit": "rows/s"}
    try:
        with Server() as server, server.database() as url:
            ours, reference = asyncio.run(_measure(StoreLocation(url=url, prefix="bench_"), rounds))
    except NoPostgres as error:
        absent = {"ours": None, "reference": None, "ratio": None, "rounds": 0, "min": None, "max": None}
        return {**row, **absent, "absent": str(error)}
    ratios = [a / b for a, b in zip(ours, reference, strict=True)]
    return {
        **row,
        "ours": statistics.median(ours),
        "reference": statistics.median(reference),
        "ratio": statistics.median(ratios),
        "rounds": rounds,
        "min": min(ratios),
        "max": max(ratios),
    }


async def _measure(location: StoreLocation, rounds: int) -> tuple[list[float], list[float]]:
    rows = [_row(number) for number in range(COPIED)]
    ours: list[float] = []
    reference: list[float] = []
    with open_store(location, OWNER) as store:
        writer = AsyncWriter(store)
        history = open_history(location, OWNER, writer)
        await _copy(history, rows[:1])
        await _one_by_one(writer, rows[:1])
        for _ in range(rounds):
            start = time.perf_counter()
            await _copy(history, rows)
            between = time.perf_counter()
            await _one_by_one(writer, rows[:SINGLE])
            end = time.perf_counter()
            ours.append(COPIED / (between - start))
            reference.append(SINGLE / (end - between))
        await history.close()
        await writer.close()
        with store.read() as connection:
            stored = connection.exec_driver_sql("SELECT count(*) FROM status_history").scalar()
    assert (stored, history.dropped) == (rounds * (COPIED + SINGLE) + 2, 0)
    return ours, reference


async def _copy(history: History, rows: list[dict[str, Any]]) -> None:
    """Rows come while others are on their way; returns when all are committed."""
    for number, row in enumerate(rows):
        history.append("status_history", row)
        if number % 100 == 0:
            await asyncio.sleep(0)
    while history.pending:  # noqa: ASYNC110 - what nobody waits for has no event to wait for
        await asyncio.sleep(0.001)


async def _one_by_one(writer: AsyncWriter, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        await writer.write([Write("status_history", row)])


def _row(number: int) -> dict[str, Any]:
    """A row whose snapshot holds what is seen at a glance, 230 bytes.

    Whole ones, 3 kB with the configuration, the server has to compress, copied or not: their ratio is about a third.
    """
    spot = 747 + number / 1000
    snapshot = {
        "counters": {"evaluations": number, "intents": 7, "quotes": 209},
        "legs": {"GOOG 20160115 750 C": 20.0, "GOOG 20160115 750 P": 20.0},
        "net_delta": spot / 7,
        "reasons": ["OUTSIDE_RTH: the exchange is closed"],
        "spot": spot,
        "ts": 1795266929716148945 + number,
    }
    return {
        "strategy": "gamma-scalper", "ts": number, "market_ns": number, "status_lamp": "green",
        "daemon_state": "RUNNING", "spot": spot, "net_delta": spot / 7, "snapshot": snapshot_json(snapshot),
    }  # fmt: skip

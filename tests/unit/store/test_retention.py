"""Retention: histories keep their days and megabytes, and nothing else is touched."""

from __future__ import annotations

import pytest

from hedgerow.store import retention
from hedgerow.store.engine import Store
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.read import read_decisions, read_history, read_operations, read_status
from hedgerow.store.retention import NS_PER_DAY, prune
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write

TEXT = {"text": "x" * 1000}


async def write_days(writer: AsyncWriter, days: int) -> None:
    """One snapshot, one decision and one operation per day."""
    writes = []
    for day in range(days):
        ns = day * NS_PER_DAY
        writes.append(Write("status_history", {"strategy": "goog", "ts": ns, "snapshot": TEXT}))
        writes.append(Write("decisions", {"sequence": day, "wall_ns": ns, "record": TEXT}))
        writes.append(operation_row(OperationType.STATE, wall_ns=ns, market_ns=ns, strategy="goog"))
    await writer.write([*writes, Write("status_current", {"strategy": "goog", "ts": 1})])


async def test_old_rows_go_in_slices(
    strategy: Store, strategy_writer: AsyncWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE_ROWS", 7)
    await write_days(strategy_writer, 100)
    deleted = await prune(strategy_writer, now_ns=100 * NS_PER_DAY, retention_days=30, max_mb=1000)
    folder = strategy.location
    assert deleted == 140
    assert [row["ts"] // NS_PER_DAY for row in read_history(folder, "goog")] == list(range(99, 69, -1))
    assert [row["sequence"] for row in read_decisions(folder, "goog")] == list(range(99, 69, -1))
    assert len(read_operations(folder).rows) == 100
    assert len(read_status(folder)) == 1
    assert await prune(strategy_writer, now_ns=100 * NS_PER_DAY, retention_days=30, max_mb=1000) == 0


async def test_a_large_database_loses_its_oldest_rows_first(strategy: Store, strategy_writer: AsyncWriter) -> None:
    await write_days(strategy_writer, 800)
    await prune(strategy_writer, now_ns=800 * NS_PER_DAY, retention_days=10_000, max_mb=1.0)
    folder = strategy.location
    snapshots = [row["ts"] // NS_PER_DAY for row in read_history(folder, "goog")]
    decisions = [row["sequence"] for row in read_decisions(folder, "goog")]
    assert 100 < len(snapshots) < 700
    assert 100 < len(decisions) < 700
    assert snapshots == list(range(799, 799 - len(snapshots), -1))
    assert decisions == list(range(799, 799 - len(decisions), -1))
    session = strategy.session()
    assert strategy.backend.data_bytes(session.cursor, retention.PRUNED) <= 1_000_000
    session.close()


async def test_a_limit_that_cannot_be_met_ends(strategy_writer: AsyncWriter) -> None:
    await write_days(strategy_writer, 20)
    assert await prune(strategy_writer, now_ns=0, retention_days=10, max_mb=0.0) == 40

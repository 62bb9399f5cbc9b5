"""However rows, batches and cuts fall: each row once, in order, a batch whole and no larger than its limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import groupby

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.store.copy_history import CopyHistory
from hedgerow.store.tables import METADATA
from tests.cutting_proxy import Cut, CuttingProxy
from tests.postgres import Server
from tests.store_rows import SCHEMA, decision, make_tables, snapshot

LIMIT_S = 30.0

# How many rows come at once, of which table; a zero lets the loop run, so that a batch may begin there.
BURSTS = st.lists(st.tuples(st.booleans(), st.integers(0, 40)), min_size=1, max_size=8)
CUTS = st.lists(st.sampled_from(["no", "before", "after"]), max_size=5)


@pytest.fixture(scope="module")
def url(postgres_server: Server) -> Iterator[str]:
    with postgres_server.database() as url:
        make_tables(url)
        yield url


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(BURSTS, CUTS, st.integers(1, 50))
def test_each_row_once_in_order_in_whole_batches(
    url: str, bursts: list[tuple[bool, int]], cuts: list[Cut], batch_rows: int
) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f'TRUNCATE "{SCHEMA}".decisions, "{SCHEMA}".status_history')
    decisions, snapshots = asyncio.run(_play(url, bursts, cuts, batch_rows))
    with psycopg.connect(url) as connection:
        batches = f"""
            SELECT xmin::text, sequence, 'd' FROM "{SCHEMA}".decisions
            UNION ALL SELECT xmin::text, ts, 's' FROM "{SCHEMA}".status_history ORDER BY 2"""
        stored = connection.execute(batches).fetchall()
        by_id = connection.execute(f'SELECT ts FROM "{SCHEMA}".status_history ORDER BY id').fetchall()
    assert [key for _, key, kind in stored if kind == "d"] == decisions
    assert [key for _, key, kind in stored if kind == "s"] == snapshots
    assert [row[0] for row in by_id] == snapshots
    transactions = [(key, len(list(rows))) for key, rows in groupby(stored, key=lambda row: row[0])]
    assert len(transactions) == len(dict(transactions)), "one batch's rows came one after the other"
    assert all(size <= batch_rows for _, size in transactions)


async def _play(
    url: str, bursts: list[tuple[bool, int]], cuts: list[Cut], batch_rows: int
) -> tuple[list[int], list[int]]:
    """Appends the bursts while the proxy cuts; the keys of the decisions and of the snapshots, in order."""
    keys: tuple[list[int], list[int]] = ([], [])
    number = 0
    async with CuttingProxy(url, cuts) as proxy:
        history = CopyHistory(
            proxy.url, SCHEMA, METADATA["strategy"], batch_rows=batch_rows, linger_s=0.001, limit_rows=1000
        )
        for is_decision, count in bursts:
            for _ in range(count):
                number += 1
                if is_decision:
                    history.append("decisions", decision(number))
                else:
                    history.append("status_history", snapshot(number))
                keys[0 if is_decision else 1].append(number)
            await asyncio.sleep(0)
        deadline = time.monotonic() + LIMIT_S
        while history.pending:
            assert time.monotonic() < deadline, history.failed
            await asyncio.sleep(0.001)
        await history.close()
        assert history.dropped == 0
    return keys

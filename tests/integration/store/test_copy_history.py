"""History on PostgreSQL: each row once, in order, through crashes, cuts, bad rows and outages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.store.copy_history import CopyHistory
from hedgerow.store.tables import METADATA
from tests.cutting_proxy import CuttingProxy
from tests.postgres import Server
from tests.store_rows import SCHEMA, decision, make_tables, snapshot

LIMIT_S = 30.0


@pytest.fixture(scope="module")
def fragile() -> Iterator[Server]:
    """A server of this module's own, to crash."""
    with Server() as server:
        yield server


@pytest.fixture
def url(fragile: Server) -> Iterator[str]:
    with fragile.database() as url:
        make_tables(url)
        yield url


@pytest_asyncio.fixture
async def history(url: str) -> AsyncIterator[CopyHistory]:
    made = _history(url)
    yield made
    await made.close()


def _history(url: str, **limits: Any) -> CopyHistory:
    return CopyHistory(url, SCHEMA, METADATA["strategy"], **{"batch_rows": 100, "linger_s": 0.02, **limits})


def _values(url: str, sql: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(sql.replace("FROM ", f'FROM "{SCHEMA}".'))]


async def _until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT_S:.0f} s: {what}"
        await asyncio.sleep(0.01)


async def test_rows_of_both_tables_arrive_in_order_and_soon(history: CopyHistory, url: str) -> None:
    for number in range(1, 251):
        history.append("decisions", decision(number))
        history.append("status_history", snapshot(number))
    await _until(lambda: history.pending == 0, "everything stored")
    assert _values(url, "SELECT sequence FROM decisions ORDER BY sequence") == list(range(1, 251))
    assert _values(url, "SELECT ts FROM status_history ORDER BY id") == list(range(1, 251))
    assert (history.dropped, history.failed) == (0, "")
    with psycopg.connect(url) as connection:
        row = connection.execute(f'SELECT record, spot, net_delta FROM "{SCHEMA}".decisions LIMIT 1').fetchone()
    assert row == ({"sequence": 1, "text": "première"}, 100.5, None)


async def test_a_batch_is_one_transaction_of_at_most_so_many_rows(history: CopyHistory, url: str) -> None:
    for number in range(1, 1001):
        history.append("decisions", decision(number))
    await _until(lambda: history.pending == 0, "everything stored")
    sizes = _values(url, "SELECT count(*) FROM decisions GROUP BY xmin::text")
    assert sizes == [100] * 10


async def test_it_continues_the_numbers_the_table_has(url: str) -> None:
    for number in (1, 2):
        history = _history(url)
        history.append("status_history", snapshot(number))
        await history.close()
    assert _values(url, "SELECT ts FROM status_history ORDER BY id") == [1, 2]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_connection_cut_at_the_commit_neither_loses_nor_doubles(url: str, moment: Any) -> None:
    async with CuttingProxy(url, ["no", moment, moment]) as proxy:
        history = _history(proxy.url)
        for number in range(1, 301):
            history.append("decisions", decision(number))
            history.append("status_history", snapshot(number))
        await _until(lambda: history.pending == 0, "everything stored")
        await history.close()
        assert not proxy.cuts
    assert _values(url, "SELECT sequence FROM decisions ORDER BY sequence") == list(range(1, 301))
    assert _values(url, "SELECT ts FROM status_history ORDER BY id") == list(range(1, 301))
    assert history.dropped == 0


async def test_a_server_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    history: CopyHistory, fragile: Server, url: str
) -> None:
    """The first table of the batch is copied already, the second is locked, when the server dies."""
    with contextlib.closing(psycopg.connect(url)) as other:
        other.execute(f'LOCK TABLE "{SCHEMA}".decisions IN EXCLUSIVE MODE')
        for number in range(1, 401):
            history.append("status_history", snapshot(number))
            history.append("decisions", decision(number))
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        await _until(lambda: other.execute(waits).fetchone() == (1,), "the copy waits for the table")
        fragile.crash()
    await _until(lambda: history.failed, "the outage seen")
    for number in range(401, 501):
        history.append("status_history", snapshot(number))
        history.append("decisions", decision(number))
    fragile.start()
    await _until(lambda: history.pending == 0, "everything stored")
    assert _values(url, "SELECT sequence FROM decisions ORDER BY sequence") == list(range(1, 501))
    assert _values(url, "SELECT ts FROM status_history ORDER BY id") == list(range(1, 501))
    assert (history.dropped, history.failed) == (0, "")


async def test_in_an_outage_memory_is_bounded_the_oldest_go_and_are_counted(fragile: Server, url: str) -> None:
    history = _history(url, batch_rows=10, limit_rows=50)
    history.append("decisions", decision(1))
    await _until(lambda: history.pending == 0, "connected")
    fragile.crash()
    try:
        for number in range(2, 1002):
            history.append("decisions", decision(number))
            assert history.pending <= 50
            if number == 2:
                await _until(lambda: history.failed, "the outage seen")
    finally:
        fragile.start()
    await _until(lambda: history.pending == 0, "everything stored")
    await history.close()
    kept = _values(url, "SELECT sequence FROM decisions ORDER BY sequence")
    assert kept == [1, 2, *range(953, 1002)]  # 2 was in hand when the server had gone
    assert history.dropped == 1001 - len(kept)


async def test_closing_in_an_outage_ends_soon_and_counts_what_it_gives_up(fragile: Server, url: str) -> None:
    history = _history(url)
    fragile.crash()
    try:
        history.append("decisions", decision(1))
        started = time.monotonic()
        await history.close()
        assert time.monotonic() - started < 5.0
    finally:
        fragile.start()
    assert (history.dropped, history.pending) == (1, 0)


async def test_closing_stores_what_is_pending(url: str) -> None:
    history = _history(url, linger_s=60.0)
    for number in range(1, 8):
        history.append("decisions", decision(number))
    await history.close()
    assert len(_values(url, "SELECT sequence FROM decisions")) == 7
    history.append("decisions", decision(8))
    assert (history.pending, history.dropped) == (0, 1)


async def test_a_row_the_table_does_not_take_costs_only_itself(history: CopyHistory, url: str) -> None:
    for number in range(1, 101):
        bad = number in (17, 64)
        history.append("decisions", {**decision(number), "intent_id": "no\x00text" if bad else ""})
    history.append("status_history", {**snapshot(1), "ts": 2**63})
    history.append("status_history", {**snapshot(1), "strategy": 5})
    history.append("status_history", snapshot(2))
    await _until(lambda: history.pending == 0, "everything dealt with")
    stored = _values(url, "SELECT sequence FROM decisions ORDER BY sequence")
    assert stored == [number for number in range(1, 101) if number not in (17, 64)]
    assert _values(url, "SELECT ts FROM status_history") == [2]
    assert history.dropped == 4


async def test_a_row_that_is_there_already_stays_and_is_not_counted(history: CopyHistory, url: str) -> None:
    history.append("decisions", decision(1))
    await _until(lambda: history.pending == 0, "stored")
    history.append("decisions", {**decision(1), "cause": "TIMER"})
    await _until(lambda: history.pending == 0, "seen to be there")
    for number in (1, 2, 3):
        history.append("decisions", {**decision(number), "cause": "TIMER"})
    await _until(lambda: history.pending == 0, "the others stored")
    assert _values(url, "SELECT cause FROM decisions ORDER BY sequence") == ["QUOTE", "TIMER", "TIMER"]
    assert (history.dropped, history.failed) == (0, "")


async def test_a_missing_table_is_an_outage_until_it_is_there(history: CopyHistory, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f'DROP SCHEMA "{SCHEMA}" CASCADE')
    history.append("decisions", decision(1))
    await _until(lambda: history.failed, "the failure seen")
    assert "does not exist" in history.failed
    make_tables(url)
    await _until(lambda: history.pending == 0, "stored")
    assert _values(url, "SELECT sequence FROM decisions") == [1]
    assert history.failed == ""


async def test_what_cannot_be_is_refused_at_once(history: CopyHistory) -> None:
    with pytest.raises(NotFound, match="no_such"):
        history.append("no_such", {})
    with pytest.raises(InvalidValue, match="colour"):
        history.append("decisions", {"sequence": 1, "colour": "red"})
    with pytest.raises(InvalidValue, match="key"):
        history.append("decisions", {"cause": "QUOTE"})
    with pytest.raises(InvalidValue, match="JSON"):
        history.append("decisions", {"sequence": 1, "record": {"spot": float("nan")}})
    assert history.pending == 0

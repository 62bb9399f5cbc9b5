"""Spans of hedges in a store: kept once, bounded in number and days, and never in the way of what matters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hedgerow.clock import wall_now
from hedgerow.domain.trace_context import TraceContext
from hedgerow.settings import TelemetrySettings
from hedgerow.store import spans as module
from hedgerow.store.engine import open_store
from hedgerow.store.journal import JournalEvent, JournalWriter
from hedgerow.store.location import StoreLocation
from hedgerow.store.retention import NS_PER_DAY
from hedgerow.store.spans import SpanStore, read_spans
from hedgerow.store.writer import AsyncWriter
from hedgerow.telemetry.metrics import REGISTRY
from hedgerow.telemetry.traces import configure_traces, flush, record, span


class Kept:
    """A risk store that keeps spans."""

    def __init__(self, place: StoreLocation, **keeping: Any) -> None:
        self.place = place
        self.store = open_store(place, "risk")
        self.writer = AsyncWriter(self.store)
        self.spans = SpanStore(self.store, self.writer.write, TelemetrySettings(**keeping))

    async def close(self) -> None:
        await self.spans.close()
        await self.writer.close()
        self.store.close()


@pytest.fixture
async def kept(location: StoreLocation) -> AsyncIterator[Kept]:
    configure_traces("risk")
    store = Kept(location)
    yield store
    await store.close()
    configure_traces("hedgerow")


def one(number: int, start_ns: int, **attributes: object) -> None:
    record("check_order", TraceContext(7, number), 3, start_ns, start_ns + 5, intent_id="i-1", **attributes)


async def test_a_hedges_span_reads_back(kept: Kept) -> None:
    one(8, 1000, price=1.5, net_delta=float("nan"), rules={"size": "allowed", "value": None}, none=None)
    await kept.close()
    [row] = read_spans(kept.place, trace_id=f"{7:032x}")
    assert (row["span_id"], row["parent_id"], row["intent_id"]) == (f"{8:016x}", f"{3:016x}", "i-1")
    assert (row["process"], row["name"], row["start_ns"], row["end_ns"]) == ("risk", "check_order", 1000, 1005)
    assert row["attributes"] == {"price": 1.5, "rules": {"size": "allowed", "value": None}}
    assert read_spans(kept.place, intent_id="other") == []


async def test_a_span_of_no_hedge_is_not_kept(kept: Kept) -> None:
    with span("GetRuleSet"):
        pass
    await kept.close()
    assert read_spans(kept.place) == []


async def test_what_is_told_again_keeps_its_first_time(kept: Kept) -> None:
    one(8, 1000)
    one(8, 2000)
    await kept.close()
    assert [row["start_ns"] for row in read_spans(kept.place)] == [1000]


async def test_old_spans_go(location: StoreLocation) -> None:
    configure_traces("risk")
    now = wall_now()
    first = Kept(location)
    for number in range(1, 30):
        one(number, now - 40 * NS_PER_DAY + number)
    await first.close()
    second = Kept(location, trace_retention_days=30)
    one(100, now)
    flush()
    await _cut(second)
    await second.close()
    assert [row["span_id"] for row in read_spans(location)] == [f"{100:016x}"]
    configure_traces("hedgerow")


async def test_the_oldest_beyond_the_number_go(location: StoreLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    configure_traces("risk")
    monkeypatch.setattr(module, "SLICE_SPANS", 100)
    now = wall_now()
    first = Kept(location)
    for number in range(1, 1301):
        one(number, now + number)
    await first.close()
    second = Kept(location, trace_max_spans=1000)
    one(2000, now + 2000)
    flush()
    await _cut(second)
    await second.close()
    kept = read_spans(location)
    assert len(kept) in (1000, 1001)  # the one that caused the cut may have been under way
    assert kept[-1]["span_id"] == f"{2000:016x}"
    configure_traces("hedgerow")


async def _cut(kept: Kept) -> None:
    cutting = kept.spans._cutting
    assert cutting is not None
    await asyncio.wait_for(cutting, 10)


async def test_a_disk_that_hangs_costs_spans_not_memory(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def dropped() -> float:
        return REGISTRY.get_sample_value("hedgerow_telemetry_spans_dropped_total", {"sink": "store"}) or 0.0

    monkeypatch.setattr(module, "PENDING_SPANS", 10)
    hangs: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    kept.spans._write = lambda rows: hangs
    before = dropped()
    for number in range(1, 9):
        one(number, number)
    flush()
    for number in range(11, 19):
        one(number, number)
    flush()
    assert dropped() == before + 8
    hangs.set_result(None)


async def test_spans_ride_the_journals_writer_and_take_no_sequence(location: StoreLocation) -> None:
    configure_traces("execution")
    store = open_store(location, "execution")
    journal = JournalWriter(store, 1)
    spans = SpanStore(store, lambda rows: journal.append((), rows), TelemetrySettings())
    assert await journal.append([JournalEvent("SENT", {}, 1, 1)]) == (1,)
    one(8, 1000)
    await spans.close()
    assert await journal.append([JournalEvent("SENT", {}, 2, 2)]) == (2,)
    await journal.close()
    store.close()
    assert len(read_spans(location)) == 1
    configure_traces("hedgerow")

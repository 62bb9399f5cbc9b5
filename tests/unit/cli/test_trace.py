"""`hedgerow trace`: one hedge out of the stores of four processes, nothing running."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from hedgerow.cli.trace import find, tree
from hedgerow.domain.errors import NotFound
from hedgerow.store.engine import open_store
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write

TRACE, MS = "0af7651916cd43dd8448eb211c80319c", 1_000_000


def span(number: int, parent: int, name: str, process: str, start_ms: float, end_ms: float, **more: object) -> Write:
    values = {
        "trace_id": TRACE, "span_id": f"{number:016x}", "parent_id": f"{parent:016x}" if parent else "",
        "intent_id": "i-1", "process": process, "name": name, "start_ns": int(start_ms * MS),
        "end_ns": int(end_ms * MS), "attributes": {}, **more,
    }  # fmt: skip
    return Write("spans", values)


def order(intent_id: str, name: str) -> Write:
    traceparent = f"00-{TRACE}-b7ad6b7169203331-01"
    return Write("orders", {"client_order_id": name, "intent_id": intent_id, "intent": {"traceparent": traceparent}})


@pytest.fixture
async def place(tmp_path: Path) -> Path:
    """Two hedges on one tick, and an order whose spans are gone."""
    rows = {
        "strategy-s": [
            span(1, 0, "tick", "market-data", 100, 101),
            span(2, 1, "decide", "strategy-s", 102, 103, attributes={"net_delta": 170.25, "gates": {"SIZE": "PASS"}}),
            span(12, 1, "decide", "strategy-s", 110, 111, intent_id="i-2"),
        ],
        "risk": [span(4, 3, "check_order", "risk", 104.25, 104.5, error="ValueError: x")],
        "execution": [
            span(3, 2, "submit_intent", "execution", 104, 108, attributes={"client_order_id": "hr-1"}),
            order("i-1", "hr-1"), order("i-9", "hr-9"),
        ],
    }  # fmt: skip
    for owner, writes in rows.items():
        with open_store(tmp_path, owner) as store:
            writer = AsyncWriter(store)
            await writer.write(writes)
            await writer.close()
    return tmp_path


async def test_a_hedge_is_found_by_order_and_by_intent(place: Path) -> None:
    found = find(place, "hr-1")
    assert find(place, "i-1") == found
    assert (found["trace_id"], found["intent_id"], found["duration_ms"]) == (TRACE, "i-1", 8.0)
    shown = [(span["name"], span["depth"], span["offset_ms"], span["duration_ms"]) for span in found["spans"]]
    assert shown == [
        ("tick", 0, 0.0, 1.0), ("decide", 1, 2.0, 1.0), ("submit_intent", 2, 4.0, 4.0), ("check_order", 3, 4.25, 0.25)
    ]  # fmt: skip


async def test_a_trace_shows_every_hedge_on_its_tick(place: Path) -> None:
    spans = find(place, TRACE)["spans"]
    assert [(span["name"], span["depth"]) for span in spans if span["name"] == "decide"] == [("decide", 1)] * 2


async def test_an_intent_without_an_order_is_found_by_its_spans(place: Path) -> None:
    found = find(place, "i-2")
    # the tick is kept once, in the name of the first hedge on it
    assert [(span["name"], span["depth"]) for span in found["spans"]] == [("tick", 0), ("decide", 1)]


async def test_an_order_whose_spans_are_gone_is_known_all_the_same(place: Path) -> None:
    assert find(place, "hr-9")["spans"] == []


@pytest.mark.parametrize("name", ["hr-2", "", "f" * 32])
async def test_what_nobody_knows_is_said_so(place: Path, name: str) -> None:
    with pytest.raises(NotFound, match="no client_order_id, intent_id or trace id"):
        find(place, name)


async def test_the_tree_shows_where_the_time_went(place: Path) -> None:
    console = Console(width=120, record=True)
    console.print(tree(find(place, "hr-1")))
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert lines[0].startswith("hr-1  8.0 ms  1970-01-01T00:00:00.100Z")
    assert "└── tick market-data  +0.000 ms  1.000 ms" in lines
    assert any("check_order risk  +4.250 ms  0.250 ms  ValueError: x" in line for line in lines)
    assert any("net_delta=170.25" in line for line in lines)
    assert any("gates: SIZE PASS" in line for line in lines)

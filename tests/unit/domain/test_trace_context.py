"""Trace contexts: read and written as W3C says, and derived alike by whoever knows what they are about."""

from __future__ import annotations

import pytest

from hedgerow.domain.trace_context import TraceContext, child_of, of_tick, parse

REMOTE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_traceparent_reads_back_as_it_was_written() -> None:
    context = parse(REMOTE)
    assert context is not None
    assert context.traceparent == REMOTE
    assert parse(TraceContext(1, 2, False).traceparent) == (1, 2, False)


@pytest.mark.parametrize(
    "text",
    ["", "00", "00-0-0-0", f"ff{REMOTE[2:]}", "00-" + "0" * 32 + "-b7ad6b7169203331-01", REMOTE.replace("a", "x"), "é",
     REMOTE.replace("-b7ad6b7169203331", "--7ad6b716920333")],
)  # fmt: skip
def test_a_malformed_traceparent_is_none(text: str) -> None:
    assert parse(text) is None
    assert child_of(text, "fill") == ""


def test_a_newer_version_is_read_by_its_first_four_parts() -> None:
    assert parse(f"01{REMOTE[2:]}-what-ever") is not None


def test_a_named_child_is_the_same_for_everybody() -> None:
    context = parse(REMOTE)
    assert context is not None
    assert child_of(REMOTE, "fill/7") == context.child("fill/7").traceparent
    others = {context.child("fill/8"), context.child("fill/7"), context.child("fill/7").child("fill/7")}
    assert len(others) == 3
    assert {each.trace_id for each in others} == {context.trace_id}


def test_an_unnamed_child_is_another_each_time() -> None:
    context = TraceContext(1, 2)
    assert len({context.child() for _ in range(100)}) == 100


def test_a_trace_follows_from_the_tick() -> None:
    assert of_tick("GOOG", 1) == of_tick("GOOG", 1)
    assert len({of_tick(name, time).trace_id for name in ("GOOG", "SPY") for time in (1, 2)}) == 4


def test_a_child_is_recorded_where_its_trace_is() -> None:
    assert TraceContext(1, 2, False).child().sampled is False

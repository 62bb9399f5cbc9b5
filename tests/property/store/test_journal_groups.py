"""Whatever is appended, in whatever groups and with whatever failures: order, gaplessness, one chain."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.domain.errors import AlreadyExists
from hedgerow.store.engine import open_store
from hedgerow.store.journal import JournalEvent, JournalWriter, read_journal, verify_chain
from hedgerow.store.location import StoreLocation
from hedgerow.store.read import read_rows
from hedgerow.store.writes import EventSequence, Write
from tests.store_places import FreshLocation


class Append(NamedTuple):
    """One call: how many events, which order row (a repeated key fails), and whether to let the thread run first."""

    events: int
    order: int
    pause: bool


APPENDS = st.lists(st.builds(Append, st.integers(0, 3), st.integers(0, 40), st.booleans()), max_size=40)


async def append_all(place: StoreLocation, calls: list[Append], restart_at: int) -> list[tuple[int, ...] | None]:
    """Answers per call, None where the row's key existed; restarts the writer once on the way."""
    answers: list[tuple[int, ...] | None] = []
    for epoch, part in enumerate((calls[:restart_at], calls[restart_at:]), start=1):
        with open_store(place, "execution") as store:
            journal = JournalWriter(store, epoch)
            futures = []
            for number, call in enumerate(part, start=len(answers)):
                events = [JournalEvent("X", {"call": number, "event": n}, 1, 2) for n in range(call.events)]
                values: dict[str, object] = {"client_order_id": str(call.order), "intent_id": str(call.order)}
                if call.events:
                    values["sequence"] = EventSequence(call.events - 1)
                futures.append(journal.append(events, [Write("orders", values)]))
                if call.pause:
                    await asyncio.sleep(0)
            await journal.close()
            for result in await asyncio.gather(*futures, return_exceptions=True):
                assert isinstance(result, tuple | AlreadyExists), result
                answers.append(result if isinstance(result, tuple) else None)
            assert verify_chain(store, journal.head) is None
    return answers


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=APPENDS, restart=st.floats(0, 1))
def test_sequences_follow_the_calls_without_gap(
    fresh_location: FreshLocation, calls: list[Append], restart: float
) -> None:
    place = fresh_location()
    answers = asyncio.run(append_all(place, calls, int(len(calls) * restart)))
    with open_store(place, "execution", read_only=True) as store:
        recorded = [(r.sequence, r.payload["call"], r.payload["event"]) for r in read_journal(store)]
    orders = {row["client_order_id"]: row["sequence"] for row in read_rows(place, "execution", "orders")}
    seen: set[int] = set()
    expected = []
    for number, (call, answer) in enumerate(zip(calls, answers, strict=True)):
        # A call fails exactly when its key was taken before, and then leaves nothing.
        assert (answer is None) == (call.order in seen)
        seen.add(call.order)
        if answer is None:
            continue
        assert len(answer) == call.events
        expected += [(sequence, number, event) for event, sequence in enumerate(answer)]
        assert orders[str(call.order)] == (answer[-1] if answer else 0)
    assert recorded == expected
    assert [sequence for sequence, _, _ in recorded] == list(range(1, len(recorded) + 1))
    assert len(orders) == len(seen)

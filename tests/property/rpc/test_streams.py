"""For every interleaving of publishing and reading: lossless is exact, conflation is newest plus an honest count."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.rpc.streams import SLOW_CONSUMER, ConflatingBroadcast, LosslessBroadcast

KEYS = st.sampled_from("abcdef")
STEPS = st.lists(st.one_of(st.none(), st.lists(KEYS, min_size=1, max_size=6)), max_size=40)
"""None = the reader takes what is pending; a list = one publish_all of those keys."""


@given(STEPS, st.integers(1, 8))
def test_conflation_accounts_for_every_item(steps: list[list[str] | None], limit: int) -> None:
    async def scenario() -> None:
        broadcast = ConflatingBroadcast[tuple[str, int]](key=lambda item: item[0], limit=limit)
        reader = broadcast.subscribe()
        published = delivered = dropped = 0
        newest: dict[str, int] = {}
        seen: dict[str, int] = {}

        async def take() -> None:
            nonlocal delivered, dropped
            batch = await reader.next(30.0)
            keys = [key for key, _ in batch.items]
            numbers = [number for _, number in batch.items]
            assert len(set(keys)) == len(keys) <= limit
            assert numbers == sorted(numbers), "oldest first"
            assert all(number > seen.get(key, 0) for key, number in batch.items), "never backwards"
            assert batch.sequence == published
            seen.update(batch.items)
            delivered += len(batch.items)
            dropped += batch.dropped

        for step in steps:
            if step is not None:
                items = [(key, published + i + 1) for i, key in enumerate(step)]
                published += len(items)
                newest.update(items)
                broadcast.publish_all(items)
                assert reader.pending <= limit, "memory is bounded"
            elif reader.pending:
                await take()
        if reader.pending:
            await take()
        assert delivered + dropped == published
        if limit >= 6:
            assert seen == newest, "the newest of every key arrives"

    asyncio.run(scenario())


@given(STEPS, st.integers(1, 8), st.integers(0, 5))
def test_lossless_is_an_unbroken_prefix(steps: list[list[str] | None], limit: int, backlog: int) -> None:
    async def scenario() -> None:
        broadcast = LosslessBroadcast[int](limit=limit)
        reader = broadcast.subscribe(initial=range(backlog))
        published = backlog
        got: list[int] = []
        closing = ""
        for step in steps:
            if step is not None:
                broadcast.publish_all(list(range(published, published + len(step))))
                published += len(step)
                assert reader.pending <= limit + backlog, "memory is bounded"
            elif (reader.pending or broadcast.readers == 0) and not closing:
                batch = await reader.next(30.0)
                got += batch.items
                closing = batch.closing
        while (reader.pending or broadcast.readers == 0) and not closing:
            batch = await reader.next(30.0)
            got += batch.items
            closing = batch.closing
        assert got == list(range(len(got))), "in order, without gap or repeat"
        assert closing in ("", SLOW_CONSUMER)
        assert closing or len(got) == published, "nothing is missing unless the reader was told"

    asyncio.run(scenario())

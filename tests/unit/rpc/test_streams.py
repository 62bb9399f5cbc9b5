"""Fan-out: fast readers see everything at once, slow ones are bounded, and nobody is fooled about what is missing."""

from __future__ import annotations

import asyncio
import time

import pytest

from hedgerow.rpc.streams import BACKLOG_BATCH, SLOW_CONSUMER, Batch, ConflatingBroadcast, LosslessBroadcast

Tick = tuple[str, int]
LONG = 30.0


def conflating(limit: int = 100) -> ConflatingBroadcast[Tick]:
    return ConflatingBroadcast(key=lambda tick: tick[0], limit=limit)


async def test_a_reader_takes_everything_pending_at_once() -> None:
    broadcast = LosslessBroadcast[int]()
    reader = broadcast.subscribe()
    for number in range(5):
        broadcast.publish(number)
    assert await reader.next(LONG) == Batch((0, 1, 2, 3, 4), 5)


async def test_conflation_keeps_the_newest_per_key_and_counts_the_rest() -> None:
    broadcast = conflating()
    reader = broadcast.subscribe()
    broadcast.publish_all([("a", 1), ("b", 1), ("a", 2), ("a", 3)])
    batch = await reader.next(LONG)
    assert batch == Batch((("b", 1), ("a", 3)), 4, dropped=2)
    broadcast.publish(("a", 4))
    assert await reader.next(LONG) == Batch((("a", 4),), 5), "the count starts again"


async def test_more_keys_than_the_bound_drop_the_oldest() -> None:
    broadcast = conflating(limit=2)
    reader = broadcast.subscribe()
    broadcast.publish_all([("a", 1), ("b", 1), ("c", 1)])
    assert await reader.next(LONG) == Batch((("b", 1), ("c", 1)), 3, dropped=1)


async def test_a_reader_gets_only_what_it_accepts() -> None:
    broadcast = conflating()
    reader = broadcast.subscribe(lambda tick: tick[0] == "b", initial=[("a", 0), ("b", 0)])
    broadcast.publish_all([("a", 1), ("b", 1)])
    assert (await reader.next(LONG)).items == (("b", 1),)


async def test_what_nobody_accepts_wakes_nobody() -> None:
    broadcast = LosslessBroadcast[int]()
    reader = broadcast.subscribe(lambda number: number > 10)
    waiting = asyncio.create_task(reader.next(LONG))
    await asyncio.sleep(0)
    broadcast.publish(1)
    await asyncio.sleep(0)
    assert not waiting.done()
    broadcast.publish(11)
    assert (await waiting).items == (11,)


async def test_a_lossless_reader_behind_the_bound_gets_the_unbroken_start_and_the_reason() -> None:
    broadcast = LosslessBroadcast[int](limit=3)
    reader, other = broadcast.subscribe(), broadcast.subscribe()
    for number in range(4):
        broadcast.publish(number)
        if number == 2:
            await other.next(LONG)
    assert [batch async for batch in reader.batches(LONG)] == [Batch((0, 1, 2), 4, closing=SLOW_CONSUMER)]
    assert await other.next(LONG) == Batch((3,), 4), "a reader that keeps up is not touched"
    assert broadcast.readers == 1


async def test_a_backlog_comes_first_in_bounded_messages_and_does_not_count() -> None:
    broadcast = LosslessBroadcast[int](limit=2)
    reader = broadcast.subscribe(initial=range(BACKLOG_BATCH + 10))
    broadcast.publish_all([-1, -2])
    sizes = [len((await reader.next(LONG)).items) for _ in range(2)]
    assert sizes == [BACKLOG_BATCH, 10]
    assert (await reader.next(LONG)).items == (-1, -2)


async def test_closing_delivers_what_is_pending_then_the_reason() -> None:
    broadcast = LosslessBroadcast[int]()
    reader = broadcast.subscribe(initial=range(BACKLOG_BATCH + 1))
    broadcast.publish(-1)
    broadcast.close()
    broadcast.publish(-2)
    batches = [batch async for batch in reader.batches(LONG)]
    assert [batch.closing for batch in batches] == ["", "", "DRAINING"]
    assert sum(len(batch.items) for batch in batches) == BACKLOG_BATCH + 2
    assert batches[-1].items == (-1,)


async def test_closing_wakes_a_waiting_reader_and_ends_those_that_come_later() -> None:
    broadcast = conflating()
    waiting = asyncio.create_task(broadcast.subscribe().next(LONG))
    await asyncio.sleep(0)
    broadcast.close("OUT_OF_RANGE")
    assert (await waiting).closing == "OUT_OF_RANGE"
    assert (await broadcast.subscribe().next(LONG)).closing == "OUT_OF_RANGE"


async def test_an_idle_reader_is_told_after_the_interval_and_only_then() -> None:
    broadcast = LosslessBroadcast[int]()
    with broadcast.subscribe() as reader:
        started = time.monotonic()
        assert (await reader.next(0.05)).idle
        first = time.monotonic()
        assert (await reader.next(0.05)).idle
        second = time.monotonic()
    assert first - started >= 0.045
    assert second - first >= 0.045


async def test_activity_puts_the_idle_batch_off() -> None:
    broadcast = LosslessBroadcast[int]()
    loop = asyncio.get_running_loop()
    with broadcast.subscribe() as reader:
        for delay in (0.03, 0.06, 0.09):
            loop.call_later(delay, broadcast.publish, 1)
        batches = [await reader.next(0.05) for _ in range(4)]
    assert [batch.idle for batch in batches] == [False, False, False, True]


async def test_leaving_a_batch_loop_unsubscribes_and_frees_the_timer() -> None:
    broadcast = LosslessBroadcast[int]()
    with broadcast.subscribe(initial=[1]) as reader:
        async for _ in reader.batches(LONG):
            break
    assert broadcast.readers == 0
    assert reader._timer is None


async def test_a_canceled_reader_leaves_nothing_behind() -> None:
    broadcast = LosslessBroadcast[int]()

    async def read() -> None:
        with broadcast.subscribe() as reader:
            async for _ in reader.batches(LONG):
                pass

    task = asyncio.create_task(read())
    await asyncio.sleep(0)
    assert broadcast.readers == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert broadcast.readers == 0


def test_a_bound_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LosslessBroadcast[int](limit=0)

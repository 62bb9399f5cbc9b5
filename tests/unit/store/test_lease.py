"""The lock with a pulse, and the lease on it, wherever the store is."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest

from hedgerow.domain.errors import FailedPrecondition, JournalUnavailable, Unavailable
from hedgerow.store.engine import acquire_epoch, holder_pulse, open_store
from hedgerow.store.journal import JournalEvent, JournalWriter, read_journal
from hedgerow.store.lease import Lease, stand_by
from hedgerow.store.location import StoreLocation
from tests.store_places import fresh_location, location, store_database

__all__ = ["fresh_location", "location", "store_database"]

EVENT = JournalEvent("TEST", {}, 1, 1)


def test_a_beat_changes_the_pulse_and_nothing_else_does(location: StoreLocation) -> None:
    assert holder_pulse(location, "execution") is None
    with open_store(location, "execution") as store:
        seen = [holder_pulse(location, "execution") for _ in range(3)]
        assert seen[0] is not None
        assert len(set(seen)) == 1
        store.backend.beat()
        assert holder_pulse(location, "execution") != seen[0]
        assert store.held()


def test_a_holder_that_beat_meanwhile_is_not_put_out(location: StoreLocation) -> None:
    with open_store(location, "execution") as store:
        stale = holder_pulse(location, "execution")
        store.backend.beat()
        with pytest.raises(FailedPrecondition) as refusal:
            open_store(location, "execution", evict=stale)
        assert refusal.value.reason == "STORE_IN_USE"
        assert store.held()


async def test_a_writer_that_was_put_out_writes_nothing_more(location: StoreLocation) -> None:
    old = open_store(location, "execution")
    first = JournalWriter(old, acquire_epoch(old, "execution"))
    await first.append([EVENT])
    with open_store(location, "execution", evict=holder_pulse(location, "execution")) as new:
        assert not old.held()
        epoch = acquire_epoch(new, "execution")
        second = JournalWriter(new, epoch)
        with pytest.raises(JournalUnavailable):
            await first.append([EVENT])
        with pytest.raises(Unavailable):
            acquire_epoch(old, "execution")
        with suppress(Unavailable):
            old.backend.beat()
            pytest.fail("a beat without the lock")
        await second.append([EVENT])
        assert [(row.sequence, row.epoch) for row in read_journal(new)] == [(1, 1), (2, 2)]
        await second.close()
        assert new.held()
    await first.close()
    old.close()


async def test_who_waits_takes_over_at_once_when_the_lock_is_free(location: StoreLocation) -> None:
    holder = open_store(location, "execution")
    told: list[str] = []
    waiting = asyncio.create_task(stand_by(location, "execution", 60.0, told.append))
    async with asyncio.timeout(20):
        while not told:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        holder.close()
        store = await waiting
    assert store.held()
    store.close()


async def test_a_lease_runs_from_the_beginning_of_a_beat(
    location: StoreLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(location, "execution") as store:
        now = [100.0]
        lease = Lease(store, 3.0, lambda: now[0])
        now[0] = 102.0
        beat = type(store.backend).beat
        beaten = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow() -> None:
            beat(store.backend)  # type: ignore[arg-type]
            now[0] += 2.5
            loop.call_soon_threadsafe(beaten.set)

        monkeypatch.setattr(store.backend, "beat", slow)
        keeping = asyncio.create_task(lease.keep())
        async with asyncio.timeout(10):
            await beaten.wait()
            while not lease.held():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        now[0] = 104.9
        assert lease.held()
        now[0] = 105.0
        assert not lease.held()
        with pytest.raises(Unavailable) as lost:
            lease.require()
        assert lost.value.reason == "LEASE_LOST"
        lease.require_unreplaced()
        keeping.cancel()


async def test_a_lease_somebody_else_ended_is_never_held_again(location: StoreLocation) -> None:
    with open_store(location, "execution") as store:
        lease = Lease(store, 60.0)
        lease.end("a newer writer")
        assert not lease.held()
        with pytest.raises(Unavailable):
            lease.require_unreplaced()
        began = time.monotonic()
        with pytest.raises(FailedPrecondition, match="a newer writer"):
            await lease.keep()
        assert time.monotonic() - began < 5

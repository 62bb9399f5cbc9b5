"""The writer's lock is given up beside a beat under way: neither waits for the other, and the process lives on."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from itertools import count

import psycopg
import pytest

from hedgerow.store.postgres_lock import WriterLock
from tests.silent_proxy import SilentProxy

OWNER, SCHEMA = "execution", "lock_test_execution"


async def test_a_beat_that_waits_for_a_silent_server_ends_with_the_lock(postgres_url: str) -> None:
    async with SilentProxy.before(postgres_url) as proxy:
        lock = await asyncio.to_thread(WriterLock, proxy.url(postgres_url), OWNER, SCHEMA)
        proxy.part()
        beat = asyncio.create_task(asyncio.to_thread(lock.beat))
        async with asyncio.timeout(10):
            while not lock._asking.locked():  # noqa: ASYNC110 (a thread tells no loop)
                await asyncio.sleep(0.001)
            await asyncio.to_thread(lock.release)
            with pytest.raises(psycopg.Error):
                await beat
        assert not lock.held()


def test_a_lock_that_is_released_among_beats_takes_nobody_down(postgres_url: str) -> None:
    for _ in range(20):
        lock, well_begun = WriterLock(postgres_url, OWNER, SCHEMA), threading.Event()

        def beat(lock: WriterLock = lock, well_begun: threading.Event = well_begun) -> None:
            with suppress(psycopg.Error):
                for number in count(1):
                    lock.beat()
                    if number == 3:
                        well_begun.set()

        beating = threading.Thread(target=beat)
        beating.start()
        assert well_begun.wait(10)
        lock.release()
        beating.join(10)
        assert not beating.is_alive()

"""kill -9 at any moment: whatever was acknowledged is in the journal, whole and chained."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from hedgerow.store.engine import acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter, read_journal, verify_chain
from hedgerow.store.location import StoreLocation
from tests.store_places import PLACE_OF_ARGUMENTS, arguments, on_sqlite

# Appends until killed, says each acknowledged sequence, and keeps a few appends in flight.
APPEND = """
import asyncio, os
from hedgerow.store.engine import acquire_epoch, open_store
from hedgerow.store.journal import JournalEvent, JournalWriter
from hedgerow.store.writes import EventSequence, Write

async def main():
    store = open_store(place, "execution")
    epoch = acquire_epoch(store, "execution")
    journal = JournalWriter(store, epoch)

    async def chain(lane):
        n = 0
        while True:
            n += 1
            name = f"{epoch}-{lane}-{n}"
            row = {"client_order_id": name, "intent_id": name, "sequence": EventSequence()}
            (sequence,) = await journal.append([JournalEvent("INTENT", {"id": name}, 1, 2)], [Write("orders", row)])
            os.write(1, f"{sequence} {name}\\n".encode())

    await asyncio.gather(*(chain(lane) for lane in range(4)))

asyncio.run(main())
"""


@pytest.mark.parametrize("seed", range(5))
def test_nothing_acknowledged_is_lost(location: StoreLocation, repo_root: Path, seed: int) -> None:
    wanted = random.Random(seed).randrange(1, 400)
    process = subprocess.Popen(
        [sys.executable, "-c", PLACE_OF_ARGUMENTS + APPEND, *arguments(location)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(repo_root / "libs")},
    )  # fmt: skip
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(wanted)]
    process.kill()
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    acknowledged = dict(line.split() for line in lines if line.endswith("\n"))
    assert len(acknowledged) >= wanted
    with open_store(location, "execution") as store:
        recorded = {str(row.sequence): row.payload["id"] for row in read_journal(store)}
        assert acknowledged.items() <= recorded.items()
        assert verify_chain(store) is None
        orders = store.table("orders")
        with store.read() as connection:
            rows = connection.execute(sa.select(orders.c.sequence, orders.c.client_order_id)).all()
        # Event and row committed together: neither has one the other lacks.
        assert {str(row.sequence): row.client_order_id for row in rows} == recorded
        assert JournalWriter(store, acquire_epoch(store, "execution")).head.sequence == len(recorded)


# A file may grow no further: what a full disk does, made by the kernel.
FULL = """
import asyncio, resource, signal
from hedgerow.domain.errors import JournalUnavailable
from hedgerow.store.engine import acquire_epoch, open_store
from hedgerow.store.journal import JournalEvent, JournalWriter

async def main():
    store = open_store(place, "execution")
    journal = JournalWriter(store, acquire_epoch(store, "execution"))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    last = 0
    try:
        while True:
            (last,) = await journal.append([JournalEvent("INTENT", {"text": "x" * 5000}, 1, 2)])
    except JournalUnavailable as error:
        print(last, error.reason, error)
    await journal.close()

asyncio.run(main())
"""


@on_sqlite
def test_a_file_that_cannot_grow_ends_the_journal_and_keeps_what_was_acknowledged(
    location: StoreLocation, repo_root: Path
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PLACE_OF_ARGUMENTS + FULL, *arguments(location)], capture_output=True, text=True,
        timeout=60, check=True, env={**os.environ, "PYTHONPATH": str(repo_root / "libs")},
    )  # fmt: skip
    last, reason, _ = result.stdout.split(maxsplit=2)
    assert reason == "JOURNAL_UNAVAILABLE"
    assert int(last) > 10
    with open_store(location, "execution") as store:
        assert len(list(read_journal(store))) == int(last)
        assert verify_chain(store) is None

"""Any edit, deletion, reorder or truncation of the journal is found offline, where it begins."""

from __future__ import annotations

import asyncio
import copy
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.errors import Unavailable
from hedgerow.store.engine import open_store
from hedgerow.store.journal import ChainCheck, JournalEvent, JournalWriter, check_chain

RECORDS = 1000
ALL_BITS_EVERY = 20
"""Every twentieth record has all bits flipped, the others one bit of each byte: another one in each record."""
FILE_FLIPS = 120

Row = tuple[Any, ...]


async def make(folder: Path) -> None:
    with open_store(folder, "execution") as store:
        for epoch in (1, 2):
            journal = JournalWriter(store, epoch)
            for number in range(RECORDS // 2):
                payload = {
                    "client_order_id": f"hr-{number:020}",
                    "fill": [f"e.{number}.01", "12", "99.75"],
                    "é": number,
                }
                await journal.append([JournalEvent("FILL", payload, 10**18 + number, 10**18 + 2 * number)])
            await journal.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("chain")
    asyncio.run(make(place))
    return place


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Row]:
    database = sqlite3.connect(folder / "execution.db")
    found = database.execute("SELECT * FROM journal ORDER BY sequence").fetchall()
    database.close()
    assert len(found) == RECORDS
    return found


def first_fault(rows: list[Row], check: ChainCheck | None = None) -> int | None:
    """The place, from 1, of the first row that does not hold; None when all do."""
    check = check or ChainCheck()
    return next((number for number, row in enumerate(rows, 1) if check.fault(row)), None)


def flips(row: Row, offset: int, bits: range) -> Iterator[Row]:
    """The row with one bit of one value flipped, for every byte of every column; `bits` counts from `offset`."""
    for column, value in enumerate(row):
        data = value.to_bytes(8, "big", signed=True) if isinstance(value, int) else value.encode()
        for position in range(len(data)):
            for bit in bits:
                changed = bytearray(data)
                changed[position] ^= 1 << (position + offset + bit) % 8
                made = (
                    int.from_bytes(changed, "big", signed=True)
                    if isinstance(value, int)
                    else changed.decode("utf-8", "surrogateescape")
                )
                yield (*row[:column], made, *row[column + 1 :])


def test_the_chain_holds(rows: list[Row]) -> None:
    assert first_fault(rows) is None


def test_every_byte_of_every_record_counts(rows: list[Row]) -> None:
    check, flipped = ChainCheck(), 0
    for number, row in enumerate(rows):
        bits = range(8) if number % ALL_BITS_EVERY == 0 else range(1)
        for changed in flips(row, number, bits):
            assert copy.copy(check).fault(changed), (number, changed)
            flipped += 1
        assert not check.fault(row)
    assert flipped > 300_000


def test_every_truncation_deletion_and_swap_is_found(folder: Path, rows: list[Row]) -> None:
    head = ChainCheck()
    for row in rows:
        assert not head.fault(row)
    check = ChainCheck()
    for number, row in enumerate(rows):
        # Whatever comes in this row's place: the next one, a later one, itself twice, or one of another chain.
        others = [rows[(number + step) % RECORDS] for step in (1, 2, 17, RECORDS - 1)]
        for other in others:
            assert copy.copy(check).fault(other), number
            assert copy.copy(check).fault((row[0], *other[1:])), number  # renumbered to fit
        assert check.head.sequence == number
        assert check.head != head.head  # a journal that ends here is not the one whose head was kept
        assert not check.fault(row)
        assert copy.copy(check).fault(row), number


def test_an_older_epoch_never_writes_after_a_newer_one(folder: Path, tmp_path: Path) -> None:
    async def write() -> None:
        with open_store(tmp_path, "execution") as store:
            for epoch in (2, 1):
                journal = JournalWriter(store, epoch)
                await journal.append([JournalEvent("SENT", {}, 1, 2)])
                await journal.close()

    asyncio.run(write())
    with open_store(tmp_path, "execution", read_only=True) as store:
        fault = check_chain(store).fault
    assert fault is not None
    assert (fault.sequence, fault.problem) == (2, "epoch 1 wrote after epoch 2 had begun")


@pytest.mark.parametrize("seed", [1])
def test_a_flipped_bit_of_the_file_is_found_or_changed_no_record(
    folder: Path, rows: list[Row], tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    original = (folder / "execution.db").read_bytes()
    path = tmp_path / "execution.db"
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    # Where records lie: nearly the whole file; a bit elsewhere (free space, another table) changes none of them.
    found = 0
    for _ in range(FILE_FLIPS):
        data = bytearray(original)
        data[dice.randrange(100, len(data))] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
        try:
            with open_store(tmp_path, "execution", read_only=True) as store:
                fault = check_chain(store).fault
        except Unavailable:
            found += 1  # not even readable
            continue
        if fault is not None:
            found += 1
            continue
        database = sqlite3.connect(path)
        assert database.execute("SELECT * FROM journal ORDER BY sequence").fetchall() == rows
        database.close()
    assert found > FILE_FLIPS / 4

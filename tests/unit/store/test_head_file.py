"""The head kept beside the journal: after every commit it says where the journal ended, and it shows what was cut."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.store.engine import open_store
from hedgerow.store.head_file import HeadFile, known_heads, read_head
from hedgerow.store.journal import Head, JournalEvent, JournalWriter, check_chain
from hedgerow.store.location import StoreLocation

EVENT = JournalEvent("SENT", {"n": 1}, 1, 2)


async def grow(place: StoreLocation, path: Path, epoch: int, events: int) -> JournalWriter:
    """Opens the journal, appends, closes."""
    with open_store(place, "execution") as store:
        journal = JournalWriter(store, epoch, HeadFile(path))
        for _ in range(events):
            await journal.append([EVENT])
            assert read_head(path) == journal.head
        await journal.close()
    return journal


async def test_it_holds_the_head_of_every_commit(location: StoreLocation, tmp_path: Path) -> None:
    path = tmp_path / "journal.head"
    first = await grow(location, path, 1, 5)
    assert (first.cut_short, first.head.sequence) == ("", 5)
    again = await grow(location, path, 2, 3)
    assert (again.cut_short, again.head.sequence) == ("", 8)
    with open_store(location, "execution", read_only=True) as store:
        report = check_chain(store, tuple(known_heads(path).values()))
    assert (report.fault, report.events, report.head, report.epochs) == (None, 8, again.head, {1: 5, 2: 3})


@pytest.mark.parametrize("left", [0, 1, 4])
async def test_a_journal_cut_short_is_found_and_stays_found_when_it_grows_again(
    location: StoreLocation, tmp_path: Path, left: int
) -> None:
    path = tmp_path / "journal.head"
    await grow(location, path, 1, 5)
    with open_store(location, "execution") as store, store.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM journal WHERE sequence > {left}")
    with open_store(location, "execution", read_only=True) as store:
        cut = check_chain(store, tuple(known_heads(path).values())).fault
    assert cut is not None
    assert (cut.sequence, cut.problem) == (left + 1, "the journal went on to 5 once: its end is cut off")
    journal = await grow(location, path, 2, 7)
    assert journal.cut_short == f"the journal ends at {left}, and went on to 5 once"
    with open_store(location, "execution", read_only=True) as store:
        replaced = check_chain(store, tuple(known_heads(path).values())).fault
    assert replaced is not None
    assert (replaced.sequence, replaced.problem) == (5, "another event was here when its hash was kept elsewhere")


async def test_a_disk_that_refuses_the_file_stops_no_append(location: StoreLocation, tmp_path: Path) -> None:
    heads = HeadFile(tmp_path / "absent" / "journal.head")
    with open_store(location, "execution") as store:
        journal = JournalWriter(store, 1, heads)
        assert await journal.append([EVENT]) == (1,)
        await journal.close()
    assert "No such file" in heads.failed


async def test_a_damaged_file_is_told_of_and_replaced(location: StoreLocation, tmp_path: Path) -> None:
    path = tmp_path / "journal.head"
    path.write_text('{"sequence": 3')
    journal = await grow(location, path, 1, 2)
    assert "journal's `sequence` and `hash`" in journal.cut_short
    assert read_head(path) == journal.head


def test_a_head_is_read_from_what_verify_printed(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(json.dumps({"ok": True, "head": {"sequence": 7, "hash": "ab"}}))
    assert read_head(path) == Head(7, "ab")
    for text in ("", "[]", '{"head": 3}', '{"sequence": "x", "hash": ""}'):
        path.write_text(text)
        with pytest.raises(InvalidValue):
            read_head(path)
    with pytest.raises(InvalidValue):
        read_head(tmp_path / "absent")

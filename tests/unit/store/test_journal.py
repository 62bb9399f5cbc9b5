"""The journal: what is acknowledged is on disk, in order, chained; any failure of the disk ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
import sqlalchemy as sa

from hedgerow.domain.errors import AlreadyExists, InvalidValue, JournalUnavailable, NotFound
from hedgerow.store.backend import Cursor
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import GENESIS, Head, JournalEvent, JournalWriter, journal_head, read_journal, verify_chain
from hedgerow.store.location import StoreLocation
from hedgerow.store.writes import EventSequence, Write, WriteMode
from tests.store_places import impatient, intruder, server_side


def event(kind: str = "SENT", **payload: object) -> JournalEvent:
    return JournalEvent(kind, payload, market_ns=1, wall_ns=2)


def order(number: int, **values: object) -> Write:
    return Write("orders", {"client_order_id": f"c{number}", "intent_id": f"i{number}", **values})


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(store.table(table))).scalar_one())


async def test_events_are_numbered_chained_and_stamped(execution: Store, journal: JournalWriter) -> None:
    assert await journal.append([event("INTENT", quantity=Decimal("1.50")), event("SENT")]) == (1, 2)
    assert await journal.append([event("FILL")]) == (3,)
    rows = list(read_journal(execution))
    assert [(r.sequence, r.kind, r.epoch, r.market_ns, r.wall_ns) for r in rows] == [
        (1, "INTENT", 1, 1, 2), (2, "SENT", 1, 1, 2), (3, "FILL", 1, 1, 2),
    ]  # fmt: skip
    assert rows[0].payload == {"quantity": "1.50"}
    assert [r.prev_hash for r in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert journal.head == journal_head(execution) == Head(3, rows[2].hash)
    assert verify_chain(execution, journal.head) is None
    assert [r.sequence for r in read_journal(execution, after=1, limit=1)] == [2]


async def test_state_and_event_commit_together(execution: Store, journal: JournalWriter) -> None:
    (sequence,) = await journal.append([event()], [order(1, sequence=EventSequence(), quantity=Decimal(5))])
    orders = execution.table("orders")
    with execution.read() as connection:
        assert connection.execute(sa.select(orders.c.sequence)).scalars().all() == [sequence]


async def test_rows_without_an_event_commit_too(execution: Store, journal: JournalWriter) -> None:
    assert await journal.append([], [order(1)]) == ()
    assert count(execution, "orders") == 1


async def test_everything_pending_commits_together(execution: Store, journal: JournalWriter) -> None:
    commits = 0
    original = journal.on_commit

    def counting() -> None:
        nonlocal commits
        commits += 1
        original()

    journal.on_commit = counting  # type: ignore[method-assign]
    answers = await asyncio.gather(*(journal.append([event(number=n)]) for n in range(500)))
    assert answers == [(n,) for n in range(1, 501)]
    assert commits < 50
    assert [r.payload["number"] for r in read_journal(execution)] == list(range(500))


async def test_a_row_that_breaks_a_rule_fails_alone(execution: Store, journal: JournalWriter) -> None:
    results = await asyncio.gather(
        journal.append([event(number=1)], [order(1)]),
        journal.append([event(number=2)], [order(1)]),
        journal.append([event(number=3)], [Write("orders", {"client_order_id": "x", "text": "y"}, WriteMode.UPDATE)]),
        journal.append([event(number=4)], [order(4, quantity=None)]),
        journal.append([event(number=5)], [order(5, perm_id=2**70)]),
        journal.append([event(number=6)], [order(6)]),
        return_exceptions=True,
    )
    assert results[0] == (1,)
    assert [type(result) for result in results[1:5]] == [AlreadyExists, NotFound, InvalidValue, InvalidValue]
    assert results[5] == (2,)
    assert [r.payload["number"] for r in read_journal(execution)] == [1, 6]
    assert count(execution, "orders") == 2
    assert journal.failed == ""
    assert verify_chain(execution) is None


async def test_a_wrong_shape_is_refused_before_it_is_queued(execution: Store, journal: JournalWriter) -> None:
    with pytest.raises(InvalidValue):
        journal.append([event(price=float("inf"))])
    with pytest.raises(NotFound):
        journal.append([event()], [Write("commands", {"command_id": "x"})])
    assert journal.pending == 0
    assert await journal.append([event()]) == (1,)


async def test_closing_commits_what_is_pending_and_refuses_what_comes_after(location: StoreLocation) -> None:
    with open_store(location, "execution") as store:
        journal = JournalWriter(store, 1)
        futures = [journal.append([event()]) for _ in range(100)]
        await asyncio.gather(journal.close(), journal.close())
        assert [future.result() for future in futures] == [(n,) for n in range(1, 101)]
        with pytest.raises(JournalUnavailable, match="closed"):
            await journal.append([event()])
        assert journal_head(store).sequence == 100


async def test_a_restart_continues_the_chain_in_a_new_epoch(location: StoreLocation) -> None:
    for epoch in (1, 2):
        with open_store(location, "execution") as store:
            journal = JournalWriter(store, acquire_epoch(store, "execution"))
            await journal.append([event(), event()])
            await journal.close()
            assert [r.epoch for r in read_journal(store)] == [1, 1, 2, 2][: 2 * epoch]
            assert verify_chain(store) is None


async def fail_with(
    journal: JournalWriter, statements: Mapping[str, Sequence[str]], expected: str, events: Sequence[JournalEvent]
) -> None:
    def apply(cursor: Cursor) -> None:
        for statement in statements[journal.backend.dialect.name]:
            cursor.execute(statement)

    await journal.submit(apply)
    pending = [journal.append(events, [order(n)]) for n in range(3)]
    for future in pending:
        with pytest.raises(JournalUnavailable, match=expected) as failure:
            await future
        assert failure.value.reason == "JOURNAL_UNAVAILABLE"
    assert expected in journal.failed


# A server's disk is not ours to fill: its refusal is the one a full disk makes it give.
FULL_DISK = {
    "sqlite": ["PRAGMA max_page_count=1"],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
        " 'could not extend file: the disk is full' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}
READ_ONLY = {"sqlite": ["PRAGMA query_only=ON"], "postgresql": ["SET default_transaction_read_only=on"]}


async def test_a_full_disk_ends_the_journal_and_leaves_nothing_half_done(
    execution: Store, journal: JournalWriter, location: StoreLocation
) -> None:
    await journal.append([event()], [order(100)])
    big = [event(text="x" * 20_000) for _ in range(20)]
    await fail_with(journal, FULL_DISK, "full", big)
    with pytest.raises(JournalUnavailable, match="nothing is sent until the store is opened anew"):
        await journal.append([event()])
    await journal.close()
    execution.close()
    if location.url:
        server_side(location, f"DROP TRIGGER full_disk ON {location.schema('execution')}.journal")
    with open_store(location, "execution") as store:
        assert count(store, "journal") == 1
        assert count(store, "orders") == 1
        assert verify_chain(store) is None
        again = JournalWriter(store, 2)
        assert await again.append([event()]) == (2,)
        await again.close()


async def test_a_locked_database_ends_the_journal(execution: Store, journal: JournalWriter) -> None:
    await journal.append([event()])
    await journal.submit(impatient)
    with (
        intruder(execution.location, "execution", "journal"),
        pytest.raises(JournalUnavailable, match="lock"),
    ):
        await journal.append([event()])
    with pytest.raises(JournalUnavailable, match="lock"):
        await journal.append([event()])  # it stays failed until opened anew
    assert journal_head(execution).sequence == 1


async def test_a_database_that_turned_read_only_ends_the_journal(execution: Store, journal: JournalWriter) -> None:
    await journal.append([event()])
    await fail_with(journal, READ_ONLY, "only", [event()])
    assert journal_head(execution).sequence == 1


async def test_a_job_with_a_bug_answers_instead_of_hanging(journal: JournalWriter) -> None:
    def bug(_: Cursor) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(JournalUnavailable, match="RuntimeError: a bug"):
        await journal.submit(bug)


TAMPERINGS = {
    "payload": ("UPDATE journal SET payload = '{\"number\":9}' WHERE sequence = 3", 3),
    "kind": ("UPDATE journal SET kind = 'FILL' WHERE sequence = 2", 2),
    "wall time": ("UPDATE journal SET wall_ns = wall_ns + 1 WHERE sequence = 4", 4),
    "market time": ("UPDATE journal SET market_ns = 0 WHERE sequence = 4", 4),
    "epoch": ("UPDATE journal SET epoch = 2 WHERE sequence = 1", 1),
    "deleted first": ("DELETE FROM journal WHERE sequence = 1", 1),
    "deleted middle": ("DELETE FROM journal WHERE sequence = 3", 3),
    "cut off": ("DELETE FROM journal WHERE sequence > 4", 5),
    "all gone": ("DELETE FROM journal", 1),
    "renumbered": ("UPDATE journal SET sequence = 9 WHERE sequence = 5", 5),
    "hash": ("UPDATE journal SET hash = upper(hash) WHERE sequence = 5", 5),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_tampering_is_found_where_it_begins(execution: Store, journal: JournalWriter, name: str) -> None:
    for number in range(5):
        await journal.append([event("SENT", number=number)])
    statement, first_bad = TAMPERINGS[name]
    with execution.begin() as connection:
        connection.exec_driver_sql(statement)
    assert verify_chain(execution, journal.head) == first_bad


async def test_a_change_of_any_character_is_found(execution: Store, journal: JournalWriter) -> None:
    await journal.append([event("SENT", text="abc", quantity=Decimal("1.5"))])
    with execution.read() as connection:
        payload = str(connection.exec_driver_sql("SELECT payload FROM journal").scalar_one())
    for position in range(len(payload)):
        changed = payload[:position] + chr(ord(payload[position]) ^ 1) + payload[position + 1 :]
        with execution.begin() as connection:
            connection.execute(execution.table("journal").update().values(payload=changed))
        assert verify_chain(execution) == 1

"""What only a server does: it goes away and comes back, ends sessions, and has roles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from hedgerow.domain.command import CommandKind, NewCommand
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, JournalUnavailable, Unavailable
from hedgerow.store.commands import CommandReader, list_commands, write_command
from hedgerow.store.engine import Store, acquire_epoch, open_beside_writer, open_store, owners
from hedgerow.store.journal import JournalEvent, JournalWriter, read_journal, verify_chain
from hedgerow.store.location import StoreLocation
from hedgerow.store.read import read_fills, read_rows
from hedgerow.store.status_reader import StatusReader
from hedgerow.store.writer import AsyncWriter
from hedgerow.store.writes import Write, WriteCompiler
from tests.postgres import Server
from tests.store_places import cut_off, on_postgresql, server_side

EVENT = JournalEvent("SENT", {"number": 1}, market_ns=1, wall_ns=2)


def decision(sequence: int) -> Write:
    return Write("decisions", {"sequence": sequence, "record": {"n": sequence}})


def stored(location: StoreLocation) -> list[int]:
    return [
        row["sequence"] for row in read_rows(location, "strategy-goog", "decisions", order=lambda t: [t.c.sequence])
    ]


@on_postgresql
async def test_a_server_that_dies_ends_the_journal_and_keeps_what_was_acknowledged(
    execution: Store, journal: JournalWriter, postgres_server: Server
) -> None:
    for _ in range(3):
        await journal.append([EVENT])
    postgres_server.crash()
    with pytest.raises(JournalUnavailable):
        await journal.append([EVENT])
    postgres_server.start()
    with pytest.raises(JournalUnavailable):  # it stays failed until opened anew
        await journal.append([EVENT])
    await journal.close()
    execution.close()
    with open_store(execution.location, "execution") as store:
        assert [row.sequence for row in read_journal(store)] == [1, 2, 3]
        assert verify_chain(store) is None
        again = JournalWriter(store, acquire_epoch(store, "execution"))
        assert await again.append([EVENT]) == (4,)
        await again.close()


@on_postgresql
async def test_a_server_that_comes_back_finds_its_writer_and_readers(
    strategy: Store, strategy_writer: AsyncWriter, postgres_server: Server
) -> None:
    location = strategy.location
    reader, status = CommandReader(location, "goog"), StatusReader(location, "goog")
    command = NewCommand("a", CommandKind.PAUSE, "goog")
    write_command(location, command, wall_ns=1, market_ns=1)
    await strategy_writer.write([decision(1)])
    assert len(reader.poll()) == 1
    postgres_server.crash()
    with pytest.raises(Unavailable):
        await strategy_writer.write([decision(2)])
    assert strategy_writer.failed
    for read in (
        reader.poll,
        status.read,
        lambda: read_fills(location),
        lambda: stored(location),
        lambda: owners(location),
    ):
        with pytest.raises(Unavailable) as failure:
            read()
        assert failure.value.reason == "STORE_UNAVAILABLE"
    with pytest.raises(Unavailable):
        open_store(location, "risk")
    postgres_server.start()
    await strategy_writer.write([decision(3)])
    assert strategy_writer.failed == ""
    assert stored(location) == [1, 3]
    assert reader.poll() == []
    assert status.read() is None


@on_postgresql
async def test_a_lock_that_is_lost_ends_the_journal(execution: Store, journal: JournalWriter) -> None:
    await journal.append([EVENT])
    assert cut_off(execution.location, "execution lock") == 1
    with pytest.raises(JournalUnavailable, match=r"lock of .* was lost"):
        await journal.append([EVENT])
    # Its session still lives, and so nobody else comes in.
    with pytest.raises(FailedPrecondition, match="in use by hedgerow execution writer"):
        open_store(execution.location, "execution")


@on_postgresql
async def test_a_writer_takes_a_lost_lock_again(strategy: Store, strategy_writer: AsyncWriter) -> None:
    await strategy_writer.write([decision(1)])
    assert cut_off(strategy.location, "strategy-goog lock") == 1
    await strategy_writer.write([decision(2)])
    assert cut_off(strategy.location, "strategy-goog writer") == 1
    with pytest.raises(Unavailable):
        await strategy_writer.write([decision(3)])
    await strategy_writer.write([decision(4)])
    assert stored(strategy.location) == [1, 2, 4]


@on_postgresql
async def test_a_writer_that_lost_its_place_to_another_never_writes_again(
    strategy: Store, strategy_writer: AsyncWriter
) -> None:
    await strategy_writer.write([decision(1)])
    cut_off(strategy.location, "strategy-goog")
    with open_store(strategy.location, "strategy-goog") as other:
        writer = AsyncWriter(other)
        await writer.write([decision(2)])
        with pytest.raises(Unavailable, match="in use by hedgerow strategy-goog"):
            await strategy_writer.write([decision(3)])
        await writer.close()
    for number in (4, 5):
        with pytest.raises(Unavailable, match="another process wrote"):
            await strategy_writer.write([decision(number)])
    assert stored(strategy.location) == [1, 2]


async def test_commands_become_visible_in_the_order_of_their_sequences(postgres: StoreLocation) -> None:
    """Whoever polls takes the largest sequence for all before it: one still uncommitted would be missed for ever."""
    open_store(postgres, "control").close()
    with open_beside_writer(postgres, "control") as store:
        slow = store.session()
        slow.begin()
        slow.cursor.execute(store.backend.alone.format(table="commands"))
        first = Write("commands", {"command_id": "first", "kind": "PAUSE"})
        WriteCompiler(store).prepare(first).execute(slow.cursor)
        second = asyncio.create_task(
            asyncio.to_thread(
                write_command, postgres, NewCommand("second", CommandKind.STOP, "goog"), wall_ns=2, market_ns=2
            )
        )
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
        async with asyncio.timeout(10):
            while not server_side(postgres, waiting, f"{postgres.schema('control')}.commands"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert list_commands(postgres, answered=False) == []
        slow.commit()
        assert (await second).sequence == 2
        slow.close()
    assert [command.command_id for command in list_commands(postgres, answered=False)] == ["first", "second"]


def test_no_two_strategies_share_a_schema(postgres: StoreLocation) -> None:
    names = ["strategy-a-b", "strategy-a_b", "strategy-a.b", f"strategy-{'x' * 63}a", f"strategy-{'x' * 63}b"]
    for name in names:
        with open_store(postgres, name) as store, store.begin() as connection:
            connection.execute(store.table("decisions").insert().values(sequence=len(name), record={}))
    assert postgres.schema("strategy-a-b") == f"{postgres.prefix}strategy_a_b"
    assert owners(postgres) == sorted(names)
    for name in names:
        assert [row["sequence"] for row in read_rows(postgres, name, "decisions")] == [len(name)]


def other_role(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))


@pytest.fixture
def plain_role(postgres: StoreLocation) -> Iterator[str]:
    """The database's address for a role that may only connect."""
    server_side(postgres, f"CREATE ROLE plain LOGIN PASSWORD '{os.environ['PGPASSWORD']}'")
    yield other_role(postgres.url, "plain")
    server_side(postgres, "DROP OWNED BY plain")
    server_side(postgres, "DROP ROLE plain")


def test_a_role_that_may_not_create_schemas_is_told_so(postgres: StoreLocation, plain_role: str) -> None:
    location = StoreLocation(url=plain_role, prefix=postgres.prefix)
    with pytest.raises(InvalidValue, match="GRANT CREATE") as refusal:
        open_store(location, "risk")
    assert refusal.value.key == "store.url"
    server_side(postgres, f"CREATE SCHEMA {postgres.schema('risk')} AUTHORIZATION plain")
    with open_store(location, "risk") as store:
        assert acquire_epoch(store, "risk") == 1
    assert owners(location) == ["risk"]


def test_a_refused_password_names_where_it_belongs(postgres: StoreLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    password = os.environ["PGPASSWORD"]
    monkeypatch.setenv("PGPASSWORD", "wrong")
    with pytest.raises(Unavailable, match="PGPASSFILE") as failure:
        open_store(postgres, "risk")
    assert password not in str(failure.value)


def test_every_connection_says_whose_it_is(postgres: StoreLocation) -> None:
    with open_store(postgres, "risk") as store:
        session = store.session()
        names = server_side(
            postgres, "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'hedgerow risk%'"
        )
        session.close()
    pid = os.getpid()
    assert sorted(names) == [(f"hedgerow risk lock pid {pid}",), (f"hedgerow risk writer pid {pid}",)]


def test_a_commit_the_server_turned_into_a_rollback_is_no_commit(postgres: StoreLocation) -> None:
    with open_store(postgres, "risk") as store:
        session = store.session()
        session.begin()
        with pytest.raises(psycopg.Error):
            session.cursor.execute("SELECT nothing")
        with pytest.raises(psycopg.OperationalError, match="ROLLBACK"):
            session.commit()
        session.close()

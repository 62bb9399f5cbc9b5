"""The command store: idempotent, durable, reachable with and without control."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hedgerow.domain.command import Command
from hedgerow.domain.errors import AlreadyExists, InvalidValue, NotFound
from hedgerow.store.commands import (
    CommandKind,
    CommandReader,
    CommandStore,
    NewCommand,
    acknowledgement,
    find_command,
    list_commands,
    pending_commands,
    recent_commands,
    write_command,
)
from hedgerow.store.engine import open_store
from hedgerow.store.location import StoreLocation
from hedgerow.store.read import read_operations
from hedgerow.store.writer import AsyncWriter
from tests.store_places import PLACE_OF_ARGUMENTS, arguments, file_of, lose, on_sqlite


@pytest.fixture
async def control(location: StoreLocation) -> AsyncIterator[CommandStore]:
    """Control's side of a running control."""
    with open_store(location, "control") as store:
        writer = AsyncWriter(store)
        yield CommandStore(store, writer)
        await writer.close()


def new(command_id: str, kind: CommandKind = CommandKind.PAUSE, strategy: str = "goog", **values: Any) -> NewCommand:
    return NewCommand(command_id, kind, strategy, actor="ann", reason="lunch", **values)


async def test_the_same_command_again_gets_the_first_answer(control: CommandStore, location: StoreLocation) -> None:
    first = await control.insert(new("a", arguments={"latch": "CIRCUIT_BREAKER"}), wall_ns=10, market_ns=1)
    again = await control.insert(new("a", arguments={"latch": "CIRCUIT_BREAKER"}), wall_ns=99, market_ns=9)
    assert again == first
    assert (first.sequence, first.created_ns, first.arguments) == (1, 10, {"latch": "CIRCUIT_BREAKER"})
    assert list_commands(location) == [first]
    (operation,) = read_operations(location).rows
    assert (operation["type"], operation["state"], operation["reason"]) == ("COMMAND", "PAUSE", "lunch")


@pytest.mark.parametrize(
    "other",
    [
        new("a", CommandKind.RESUME),
        new("a", strategy="twx"),
        new("a", run_id="r1"),
        new("a", arguments={"x": 1}),
        NewCommand("a", CommandKind.PAUSE, "goog", actor="bob", reason="lunch"),
    ],
)
async def test_the_same_id_for_something_else_is_refused(
    control: CommandStore, location: StoreLocation, other: NewCommand
) -> None:
    await control.insert(new("a"), wall_ns=1, market_ns=1)
    with pytest.raises(AlreadyExists, match="command_id 'a'"):
        await control.insert(other, wall_ns=2, market_ns=2)
    with pytest.raises(AlreadyExists):
        write_command(location, other, wall_ns=2, market_ns=2)
    assert len(list_commands(location)) == 1


@pytest.mark.parametrize("command_id", ["", "x" * 65])
def test_a_command_needs_a_fit_id(command_id: str) -> None:
    with pytest.raises(InvalidValue, match="command_id"):
        new(command_id)


async def test_pending_until_the_strategy_answers(control: CommandStore, location: StoreLocation) -> None:
    for name, strategy, run_id in (("a", "goog", ""), ("b", "twx", ""), ("c", "", ""), ("d", "goog", "run-7")):
        await control.insert(new(name, strategy=strategy, run_id=run_id), wall_ns=1, market_ns=1)
    assert [c.command_id for c in pending_commands(location, "goog")] == ["a", "c", "d"]
    assert [c.command_id for c in pending_commands(location, "goog", "run-8")] == ["a", "c"]
    with open_store(location, "strategy-goog") as store:
        writer = AsyncWriter(store)
        for command in list_commands(location, strategy="goog")[:2]:
            await writer.write([acknowledgement(command, "goog", "run-8", wall_ns=50, outcome="PAUSED")])
        await writer.close()
    assert [c.command_id for c in pending_commands(location, "goog")] == ["d"]
    assert [c.command_id for c in pending_commands(location, "twx")] == ["b", "c"]
    answered = list_commands(location, strategy="goog")[0]
    assert (answered.acked_ns, answered.outcome) == (50, "PAUSED")
    assert [c.command_id for c in list_commands(location, after=2, limit=1)] == ["c"]


async def answer(location: StoreLocation, owner: str, command: Command, wall_ns: int, outcome: str) -> None:
    with open_store(location, owner) as store:
        writer = AsyncWriter(store)
        await writer.write([acknowledgement(command, "goog", "", wall_ns=wall_ns, outcome=outcome)])
        await writer.close()


async def test_a_flatten_is_answered_by_execution_and_tells_of_its_progress(
    control: CommandStore, location: StoreLocation
) -> None:
    flatten = await control.insert(new("f", CommandKind.FLATTEN), wall_ns=1, market_ns=1)
    assert flatten.arguments == {"target": "ZERO", "include_options": False}

    def seen() -> tuple[int, str]:
        found = find_command(location, "f")
        return found.acked_ns, found.outcome

    assert seen() == (0, "")
    await answer(location, "strategy-goog", flatten, 5, "done: paused")
    assert seen() == (0, "done: paused")  # the daemon's part is not the whole
    await answer(location, "execution", flatten, 0, "closing 30 GOOG")
    assert seen() == (0, "closing 30 GOOG")
    assert recent_commands(location, pending_only=True) == [find_command(location, "f")]
    await answer(location, "execution", flatten, 9, "done: flat")
    assert seen() == (9, "done: flat")
    assert pending_commands(location, "goog") == recent_commands(location, pending_only=True) == []


async def test_the_newest_commands_come_first_page_by_page(control: CommandStore, location: StoreLocation) -> None:
    for number in range(25):
        await control.insert(new(f"c{number}", strategy="goog" if number % 2 else "twx"), wall_ns=1, market_ns=1)
    every, before = [], 0
    while page := recent_commands(location, before=before, limit=10):
        every += [command.command_id for command in page]
        before = page[-1].sequence
    assert every == [f"c{number}" for number in reversed(range(25))]
    assert [c.command_id for c in recent_commands(location, "goog", limit=2)] == ["c23", "c21"]
    for command in list_commands(location, strategy="goog")[1:]:
        await answer(location, "strategy-goog", command, 5, "done")
    # The only pending one of goog's is its oldest: found although it is on a later page.
    assert [c.command_id for c in recent_commands(location, "goog", limit=3, pending_only=True)] == ["c1"]
    with pytest.raises(NotFound):
        find_command(location, "no")


def test_the_command_line_can_write_when_control_never_ran(location: StoreLocation) -> None:
    assert list_commands(location) == []
    written = write_command(location, new("a", CommandKind.STOP), wall_ns=1, market_ns=1)
    assert write_command(location, new("a", CommandKind.STOP), wall_ns=2, market_ns=2) == written
    assert pending_commands(location, "goog") == [written]
    open_store(location, "control").close()  # and control can start on it


@on_sqlite
def test_a_file_control_had_no_time_to_fill_is_no_obstacle(location: StoreLocation) -> None:
    file_of(location, "control").parent.mkdir()
    file_of(location, "control").touch()
    write_command(location, new("a"), wall_ns=1, market_ns=1)
    assert len(list_commands(location)) == 1


async def test_the_command_line_can_write_beside_a_control_that_hangs(
    control: CommandStore, location: StoreLocation
) -> None:
    await control.insert(new("a"), wall_ns=1, market_ns=1)
    assert write_command(location, new("b", CommandKind.STOP), wall_ns=2, market_ns=2).sequence == 2
    assert (await control.insert(new("c"), wall_ns=3, market_ns=3)).sequence == 3


async def test_a_reader_gets_each_command_once(control: CommandStore, location: StoreLocation) -> None:
    reader = CommandReader(location, "goog")
    assert reader.poll() == []
    seen = []
    for number in range(20):
        await control.insert(new(f"g{number}"), wall_ns=1, market_ns=1)
        await control.insert(new(f"t{number}", strategy="twx"), wall_ns=1, market_ns=1)
        seen += [c.command_id for c in reader.poll()]
        assert reader.poll() == []
    assert seen == [f"g{number}" for number in range(20)]
    assert [c.command_id for c in CommandReader(location, "goog", after=37).poll()] == ["g19"]
    reader.close()


def test_a_reader_outlives_the_loss_of_the_database(location: StoreLocation) -> None:
    reader = CommandReader(location, "goog")
    assert reader.poll() == []  # no file yet
    for number in range(3):
        write_command(location, new(f"old{number}"), wall_ns=1, market_ns=1)
    assert len(reader.poll()) == 3
    lose(location, "control")
    assert reader.poll() == []
    write_command(location, new("stop", CommandKind.STOP), wall_ns=1, market_ns=1)
    assert [c.command_id for c in reader.poll()] == ["stop"]
    reader.close()


def test_another_process_sees_a_command(
    location: StoreLocation, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    write_command(location, new("a", CommandKind.STOP), wall_ns=1, market_ns=1)
    script = (
        PLACE_OF_ARGUMENTS
        + """
from hedgerow.store.commands import pending_commands
print([c.kind.value for c in pending_commands(place, "goog")])
"""
    )
    assert run_python(script, *arguments(location)).stdout == "['STOP']\n"

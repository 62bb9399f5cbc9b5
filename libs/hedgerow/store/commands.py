"""The command store: what operators ask of a strategy, idempotent by command_id, never lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from hedgerow.domain.command import Command, CommandKind, NewCommand
from hedgerow.domain.errors import AlreadyExists, NotFound
from hedgerow.failpoints import failpoint
from hedgerow.store import answers
from hedgerow.store.answers import acknowledgement
from hedgerow.store.backend import Backend, Cursor, Version, storage_errors
from hedgerow.store.engine import Store, open_beside_writer, open_store, watch
from hedgerow.store.location import Place
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.read import read_rows
from hedgerow.store.writer import AsyncWriter, Job
from hedgerow.store.writes import Write, WriteCompiler, canonical_json

__all__ = [
    "Command", "CommandKind", "CommandReader", "CommandStore", "NewCommand", "acknowledgement", "find_command",
    "list_commands", "pending_commands", "recent_commands", "write_command",
]  # fmt: skip


class CommandStore:
    """Control's side: records commands with their operation record, off the event loop."""

    def __init__(self, store: Store, writer: AsyncWriter) -> None:
        self._compiler = WriteCompiler(store)
        self._backend = store.backend
        self._writer = writer

    def insert(self, command: NewCommand, *, wall_ns: int, market_ns: int) -> asyncio.Future[Command]:
        """Resolves, once on disk, to the command as first recorded.

        Fails with AlreadyExists when the command_id was used for something else, Unavailable
        when the database fails.
        """
        return self._writer.submit(_insert(self._compiler, self._backend, command, wall_ns, market_ns))


def write_command(place: Place, command: NewCommand, *, wall_ns: int, market_ns: int) -> Command:
    """Records a command without control: for the command line, when control does not answer.

    Creates the store when control never ran. Raises AlreadyExists as CommandStore does,
    Unavailable when a hung control keeps the database locked, InvalidValue when the folder
    cannot be written.
    """
    with _store_to_write(place) as store:
        job = _insert(WriteCompiler(store), store.backend, command, wall_ns, market_ns)
        session = store.session()
        try:
            with storage_errors(store.backend.name, *store.backend.errors):
                session.begin()
                recorded = job(session.cursor)
                failpoint("commands.beside")
                session.commit()
        finally:
            session.close()  # an open transaction is rolled back
    return recorded


def _store_to_write(place: Place) -> Store:
    """The command store without its lock, which control keeps or is about to take; creates a missing one."""
    try:
        store = open_beside_writer(place, "control")
        with store.read() as connection:
            if sa.inspect(connection).has_table("commands"):
                return store
        store.close()
    except NotFound:
        pass
    return open_store(place, "control")


_COLUMNS = "sequence, command_id, kind, strategy, run_id, actor, reason, arguments, created_ns"


def _insert(
    compiler: WriteCompiler, backend: Backend, command: NewCommand, wall_ns: int, market_ns: int
) -> Job[Command]:
    values: dict[str, Any] = {
        "command_id": command.command_id,
        "kind": command.kind,
        "strategy": command.strategy,
        "run_id": command.run_id,
        "actor": command.actor,
        "reason": command.reason,
        "arguments": canonical_json(command.arguments),
        "created_ns": wall_ns,
    }
    insert = compiler.prepare(Write("commands", values))
    operation = compiler.prepare(
        operation_row(
            OperationType.COMMAND,
            wall_ns=wall_ns,
            market_ns=market_ns,
            strategy=command.strategy,
            state=command.kind,
            reason=command.reason,
            text=f"{command.kind} asked by {command.actor or 'nobody named'} ({command.command_id})",
        )
    )

    # Sequences must become visible in their order: whoever polls takes the largest for all before it.
    alone = backend.alone.format(table="commands")
    find = backend.sql(f"SELECT {_COLUMNS} FROM commands WHERE command_id = ?")
    number = backend.sql("SELECT sequence FROM commands WHERE command_id = ?")

    def job(cursor: Cursor) -> Command:
        if alone:
            cursor.execute(alone)
        cursor.execute(find, (command.command_id,))
        row = cursor.fetchone()
        if row is None:
            failpoint("commands.insert")
            insert.execute(cursor)
            failpoint("commands.operation")
            operation.execute(cursor)
            return _command(dict(values, sequence=cursor_sequence(cursor)))
        first = dict(zip(_COLUMNS.split(", "), row, strict=True))
        if not isinstance(first["arguments"], str):
            first["arguments"] = canonical_json(first["arguments"])
        for name, value in values.items():
            if name != "created_ns" and first[name] != value:
                raise AlreadyExists(f"command_id {command.command_id!r} was used before with another {name}")
        return _command(first)

    def cursor_sequence(cursor: Cursor) -> int:
        cursor.execute(number, (command.command_id,))
        return int(cursor.fetchone()[0])

    return job


def _command(row: Mapping[str, Any]) -> Command:
    arguments = row["arguments"]
    return Command(
        sequence=row["sequence"],
        command_id=row["command_id"],
        kind=CommandKind(row["kind"]),
        strategy=row["strategy"],
        run_id=row["run_id"],
        actor=row["actor"],
        reason=row["reason"],
        arguments=json.loads(arguments) if isinstance(arguments, str) else dict(arguments),
        created_ns=row["created_ns"],
    )


def list_commands(
    place: Place, after: int = 0, strategy: str | None = None, limit: int | None = None, answered: bool = True
) -> list[Command]:
    """Commands with a sequence above `after`, oldest first, with the answers given; empty when there is no store.

    `answered` False leaves the answers out and reads no store but control's.
    """
    found = read_rows(
        place, "control", "commands",
        where=lambda t: [t.c.sequence > after, *_addressing(t, strategy)],
        order=lambda t: [t.c.sequence], limit=limit,
    )  # fmt: skip
    commands = [_command(row) for row in found]
    return answers.answered(place, commands, strategy) if answered else commands


def recent_commands(
    place: Place, strategy: str | None = None, before: int = 0, limit: int = 100, pending_only: bool = False
) -> list[Command]:
    """At most `limit` commands with the answers given, newest first; `before` leaves out that sequence and newer ones.

    With `pending_only` those without an answer: in steps, since answers lie in the stores of who gives them.
    """
    found: list[Command] = []
    while True:
        page = _before(place, strategy, before, limit)
        found += [command for command in page if not (pending_only and command.acked_ns)]
        if len(page) < limit or len(found) >= limit:
            return found[:limit]
        before = page[-1].sequence


def _before(place: Place, strategy: str | None, before: int, limit: int) -> list[Command]:
    rows = read_rows(
        place, "control", "commands",
        where=lambda t: _addressing(t, strategy) + ([t.c.sequence < before] if before else []),
        order=lambda t: [t.c.sequence.desc()], limit=limit,
    )  # fmt: skip
    return answers.answered(place, [_command(row) for row in rows], strategy)


def find_command(place: Place, command_id: str) -> Command:
    """The command of that id with the answers given; raises NotFound."""
    rows = read_rows(place, "control", "commands", where=lambda t: [t.c.command_id == command_id])
    if not rows:
        raise NotFound(f"no command has the id {command_id!r}")
    [found] = answers.answered(place, [_command(rows[0])])
    return found


def _addressing(t: sa.Table, strategy: str | None) -> list[sa.ColumnElement[bool]]:
    return [] if strategy is None else [t.c.strategy.in_(("", strategy))]


def pending_commands(place: Place, strategy: str, run_id: str = "") -> list[Command]:
    """Commands that address this run of this strategy and that it has not answered, oldest first."""
    commands = list_commands(place, strategy=strategy)
    return [one for one in commands if not one.acked_ns and one.addresses(strategy, run_id)]


class CommandReader:
    """Polls the command store read-only: what a strategy, and execution, does beside control's stream.

    `strategy` None reads the commands of all. Answers are left out: whoever reads knows what it answered itself.
    """

    def __init__(self, place: Place, strategy: str | None, after: int = 0) -> None:
        self._place = place
        self._strategy = strategy
        self._after = after
        self._watch = watch(place, "control", "commands", "sequence")
        self._version: Version | None = None

    def poll(self) -> list[Command]:
        """Commands that came since the last poll, oldest first; cheap when nothing was written.

        When the database was lost and begun anew its commands start over, so that none is missed;
        the reader tells repeats by command_id. Raises Unavailable when it is damaged or its server away.
        """
        failpoint("commands.poll")
        version = self._watch.version()
        if version is None or version == self._version:
            return []
        if self._version is not None and version.incarnation != self._version.incarnation:
            self._after = 0
        commands = list_commands(self._place, self._after, self._strategy, answered=False)
        self._version = version
        if commands:
            self._after = commands[-1].sequence
        return commands

    def close(self) -> None:
        """Lets go of the database."""
        self._watch.close()

"""control.db: commands with their operation records, and the answers control gives itself."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.command import Command, NewCommand
from hedgerow.domain.errors import NotFound
from hedgerow.failpoints import failpoint
from hedgerow.store.answers import acknowledgement, outcome_operation
from hedgerow.store.commands import CommandStore, find_command
from hedgerow.store.engine import Store
from hedgerow.store.location import Place
from hedgerow.store.writer import AsyncWriter

MarketNow = Callable[[], int]


class CommandRecords:
    """Writes through a writer thread; reads the answers given earlier once, at the start."""

    def __init__(self, store: Store, place: Place, market_now: MarketNow) -> None:
        self._store = store
        self._place = place
        self._writer = AsyncWriter(store)
        self._commands = CommandStore(store, self._writer)
        self._market_now = market_now
        table = store.table("command_acks")
        with store.read() as connection:
            rows = connection.execute(sa.select(table.c.command_id, table.c.acked_ns, table.c.outcome)).all()
        self._answers: dict[str, tuple[int, str]] = {row.command_id: (row.acked_ns, row.outcome) for row in rows}

    async def record(self, command: NewCommand) -> Command:
        """The command as first recorded, once on disk, with control's own answer where there is one."""
        failpoint("control.record")
        recorded = await self._commands.insert(command, wall_ns=wall_now(), market_ns=self._market_now())
        acked_ns, outcome = self._answers.get(command.command_id, (0, ""))
        return dataclasses.replace(recorded, acked_ns=acked_ns, outcome=outcome)

    async def recorded(self, command_id: str) -> Command | None:
        """The command of that id, None when there is none yet."""
        try:
            return await asyncio.to_thread(find_command, self._place, command_id)
        except NotFound:
            return None

    async def answer(self, command: Command, outcome: str) -> Command:
        """The command with the answer, once on disk; the first answer stands."""
        acked_ns, known = self._answers.get(command.command_id, (0, ""))
        if not acked_ns:
            acked_ns, known = wall_now(), outcome
            failpoint("control.answer")
            await self._writer.write(
                [
                    acknowledgement(command, command.strategy, command.run_id, wall_ns=acked_ns, outcome=known),
                    outcome_operation(command, command.strategy, known, wall_ns=acked_ns, market_ns=self._market_now()),
                ]
            )
            failpoint("control.answered")
            acked_ns, known = self._answers.setdefault(command.command_id, (acked_ns, known))
        return dataclasses.replace(command, acked_ns=acked_ns, outcome=known)

    async def close(self) -> None:
        """Writes what is queued and closes the database."""
        await self._writer.close()
        self._store.close()

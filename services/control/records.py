"""control.db: commands with their operation records, and the answers control gives itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import sqlalchemy as sa

from hedgerow.clock import wall_now
from hedgerow.domain.command import Command, NewCommand
from hedgerow.store.commands import CommandStore, acknowledgement
from hedgerow.store.engine import Store
from hedgerow.store.writer import AsyncWriter

MarketNow = Callable[[], int]


class CommandRecords:
    """Writes through a writer thread; reads the answers given earlier once, at the start."""

    def __init__(self, store: Store, market_now: MarketNow) -> None:
        self._store = store
        self._writer = AsyncWriter(store)
        self._commands = CommandStore(store, self._writer)
        self._market_now = market_now
        table = store.table("command_acks")
        with store.read() as connection:
            rows = connection.execute(sa.select(table.c.command_id, table.c.acked_ns, table.c.outcome)).all()
        self._answers: dict[str, tuple[int, str]] = {row.command_id: (row.acked_ns, row.outcome) for row in rows}

    async def record(self, command: NewCommand) -> Command:
        """The command as first recorded, once on disk, with control's own answer where there is one."""
        recorded = await self._commands.insert(command, wall_ns=wall_now(), market_ns=self._market_now())
        acked_ns, outcome = self._answers.get(command.command_id, (0, ""))
        return dataclasses.replace(recorded, acked_ns=acked_ns, outcome=outcome)

    async def answer(self, command: Command, outcome: str) -> Command:
        """The command with the answer, once on disk; the first answer stands."""
        acked_ns = wall_now()
        await self._writer.write(
            [acknowledgement(command, command.strategy, command.run_id, wall_ns=acked_ns, outcome=outcome)]
        )
        acked_ns, outcome = self._answers.setdefault(command.command_id, (acked_ns, outcome))
        return dataclasses.replace(command, acked_ns=acked_ns, outcome=outcome)

    async def close(self) -> None:
        """Writes what is queued and closes the database."""
        await self._writer.close()
        self._store.close()

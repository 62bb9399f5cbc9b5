"""The commands control carries out itself: each once per id, whoever asks for it at the same time."""

from __future__ import annotations

import asyncio

from hedgerow.domain.command import Command, CommandKind
from hedgerow.failpoints import failpoint
from hedgerow.store.answers import DONE
from services.control.ports import Accounts, Commands, Links

OWN = (CommandKind.REFRESH_ACCOUNTS, CommandKind.RETRY_IB)


class OwnCommands:
    """Carries out what concerns no daemon, and answers it."""

    def __init__(self, commands: Commands, accounts: Accounts, links: Links) -> None:
        self._commands = commands
        self._accounts = accounts
        self._links = links
        self._under_way: dict[str, asyncio.Task[Command]] = {}

    async def carry_out(self, command: Command) -> Command:
        """The command with its answer; raises the domain error of whom it takes, then it may be sent again."""
        if command.acked_ns:
            return command
        task = self._under_way.get(command.command_id)
        if task is None:
            task = self._under_way[command.command_id] = asyncio.create_task(self._carry_out(command))
            task.add_done_callback(lambda _: self._under_way.pop(command.command_id))
        return await asyncio.shield(task)

    async def _carry_out(self, command: Command) -> Command:
        failpoint("control.own")
        if command.kind is CommandKind.REFRESH_ACCOUNTS:
            count = await self._accounts.refresh(command)
            outcome = f"{DONE}: {count} account{'s' if count != 1 else ''}"
        else:
            links = await self._links.retry(command)
            outcome = f"{DONE}: " + "; ".join(f"{name} {words}" for name, words in links.items())
        return await self._commands.answer(command, outcome)

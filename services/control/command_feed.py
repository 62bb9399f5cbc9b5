"""Commands to whoever watches, in sequence: those control records, and those written into the store beside it."""

from __future__ import annotations

import asyncio

from hedgerow.domain.command import Command
from hedgerow.domain.errors import HedgerowError
from hedgerow.failpoints import failpoint
from hedgerow.rpc.streams import LosslessBroadcast, LosslessReader
from hedgerow.store.backend import Version
from hedgerow.store.commands import list_commands, recent_commands
from hedgerow.store.engine import watch
from hedgerow.store.location import Place
from hedgerow.telemetry.logs import get_logger


class CommandFeed:
    """The store is the only source: what is on disk is published, whoever wrote it."""

    def __init__(self, place: Place, poll_s: float) -> None:
        self._place = place
        self._poll_s = poll_s
        self._watch = watch(place, "control", "commands", "sequence")
        self._version: Version | None = None
        self._recorded = asyncio.Event()
        self._failed = ""
        commands = list_commands(place, answered=False)
        self._sequence = commands[-1].sequence if commands else 0
        self.broadcast: LosslessBroadcast[Command] = LosslessBroadcast()

    async def subscribe(self, strategy: str | None, start_sequence: int) -> LosslessReader[Command]:
        """A reader of that strategy's commands (None = all) above `start_sequence`, from the store and then live.

        A sequence the store never reached means that it was lost and begun anew: the reader gets all
        there is, for no command may be missed, and tells repeats by command_id.
        """
        published = -1
        while published != self._sequence:  # what is published while the store is read might be in neither
            published = self._sequence
            backlog, last = await asyncio.to_thread(self._backlog, strategy, start_sequence)
        return self.broadcast.subscribe(
            lambda command: command.sequence > last and (strategy is None or command.addresses(strategy)),
            initial=backlog,
        )

    def _backlog(self, strategy: str | None, start_sequence: int) -> tuple[list[Command], int]:
        """Commands above `start_sequence`, or all if the store never reached it, and the sequence they reach to."""
        backlog = list_commands(self._place, start_sequence, strategy)
        if not backlog and start_sequence:
            newest = recent_commands(self._place, limit=1)
            if start_sequence > (newest[0].sequence if newest else 0):
                backlog, start_sequence = list_commands(self._place, 0, strategy), 0
        return backlog, backlog[-1].sequence if backlog else start_sequence

    def look(self) -> None:
        """Has the store looked at right now, because something was recorded."""
        self._recorded.set()

    async def run(self) -> None:
        """Publishes what comes into the store until canceled."""
        while True:
            try:
                async with asyncio.timeout(self._poll_s):
                    await self._recorded.wait()
            except TimeoutError:
                pass
            self._recorded.clear()
            try:
                self._publish(await asyncio.to_thread(self._new))
            except HedgerowError as error:
                self._note(str(error))
            else:
                self._note("")

    def _new(self) -> list[Command]:
        version = self._watch.version()
        if version == self._version:
            return []
        commands = list_commands(self._place, self._sequence, answered=False)
        self._version = version
        return commands

    def _publish(self, commands: list[Command]) -> None:
        failpoint("control.publish")
        if commands:
            self._sequence = commands[-1].sequence
            self.broadcast.publish_all(commands)

    def _note(self, failed: str) -> None:
        if failed != self._failed:
            self._failed = failed
            get_logger().error("command store cannot be read" if failed else "command store can be read", cause=failed)

    def close(self) -> None:
        """Lets go of the database."""
        self._watch.close()

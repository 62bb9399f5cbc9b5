"""What control needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hedgerow.domain.command import Command, NewCommand
from services.control.domain import ProcessFact, StrategyFact


class Snapshots(Protocol):
    """The last snapshot of every configured strategy."""

    async def read(self) -> Sequence[StrategyFact]:
        """The facts as they are now; never raises for a store that cannot be read."""


class Processes(Protocol):
    """The last answer of every configured process."""

    def facts(self) -> Sequence[ProcessFact]:
        """The facts, with their ages."""


class Alerts(Protocol):
    """What stands that no daemon tells of."""

    async def read(self) -> Sequence[str]:
        """The alerts as reasons, oldest first; never raises."""


class Commands(Protocol):
    """The durable record of commands."""

    async def record(self, command: NewCommand) -> Command:
        """The command as first recorded, once on disk, with the answer given to it by control.

        Raises AlreadyExists when its id was used for something else, Unavailable when the disk fails.
        """

    async def recorded(self, command_id: str) -> Command | None:
        """The command of that id, None when there is none yet; raises Unavailable when the disk fails."""

    async def answer(self, command: Command, outcome: str) -> Command:
        """The command with control's answer, once on disk; raises Unavailable when the disk fails."""


class Links(Protocol):
    """Who can try the broker connections."""

    async def retry(self, command: Command) -> dict[str, str]:
        """Tries every connection now; what each service says of its own, in words."""


class Accounts(Protocol):
    """Who can fetch accounts from the broker."""

    async def refresh(self, command: Command) -> int:
        """Fetches now and returns how many there are; idempotent by command_id; raises a HedgerowError."""

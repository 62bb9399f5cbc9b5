"""What operators ask of a strategy or of the system, as asked and as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hedgerow.domain.errors import InvalidValue


class CommandKind(StrEnum):
    """What a command asks for."""

    STOP = "STOP"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    REFRESH_ACCOUNTS = "REFRESH_ACCOUNTS"
    RETRY_IB = "RETRY_IB"
    RESET_LATCH = "RESET_LATCH"


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command as asked; `command_id` is its idempotency key.

    An empty `strategy` addresses every strategy, an empty `run_id` whichever run lives.
    Raises InvalidValue for a command_id that is not 1 to 64 characters long.
    """

    command_id: str
    kind: CommandKind
    strategy: str
    run_id: str = ""
    actor: str = ""
    reason: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.command_id) <= 64:
            raise InvalidValue("command_id", self.command_id, "1 to 64 characters")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as recorded; `acked_ns` (wall, 0 while pending) and `outcome` are the answer of whom it addresses."""

    sequence: int
    command_id: str
    kind: CommandKind
    strategy: str
    run_id: str
    actor: str
    reason: str
    arguments: dict[str, Any]
    created_ns: int
    acked_ns: int = 0
    outcome: str = ""

    def addresses(self, strategy: str, run_id: str = "") -> bool:
        """Whether that run of that strategy is meant; an empty `run_id` here means any run."""
        return self.strategy in ("", strategy) and (not run_id or self.run_id in ("", run_id))

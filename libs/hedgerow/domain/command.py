"""What operators ask of a strategy or of the system, as asked and as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
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
    FLATTEN = "FLATTEN"
    KILL = "KILL"


class FlattenTarget(StrEnum):
    """What a flatten aims at: no stock, or the stock that offsets the option legs' delta."""

    ZERO = "ZERO"
    NEUTRAL = "NEUTRAL"


FLATTEN_INTENT_PREFIX = "fl-"
"""How the ids of a flatten's own intents begin: execution's, in the name of the strategy it closes."""


@dataclass(frozen=True, slots=True)
class FlattenOptions:
    """How to flatten; `target_quantity` is signed shares, None where NEUTRAL has not been computed yet.

    Raises InvalidValue for NEUTRAL together with `include_options`: without legs neutral is zero.
    """

    target: FlattenTarget = FlattenTarget.ZERO
    include_options: bool = False
    target_quantity: Decimal | None = None

    def __post_init__(self) -> None:
        if self.include_options and self.target is FlattenTarget.NEUTRAL:
            raise InvalidValue("flatten.include_options", True, "with target ZERO only: without legs neutral is zero")

    def arguments(self) -> dict[str, Any]:
        """The options as a command's arguments."""
        found: dict[str, Any] = {"target": self.target.value, "include_options": self.include_options}
        if self.target_quantity is not None:
            found["target_quantity"] = str(self.target_quantity)
        return found

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> FlattenOptions:
        """A command's arguments as options; what is not there has its default. Raises InvalidValue."""
        try:
            target = FlattenTarget(arguments.get("target", FlattenTarget.ZERO))
        except ValueError as error:
            raise InvalidValue("flatten.target", arguments.get("target"), "ZERO or NEUTRAL") from error
        include = arguments.get("include_options", False)
        if not isinstance(include, bool):
            raise InvalidValue("flatten.include_options", include, "true or false")
        return cls(target, include, _whole(arguments.get("target_quantity")))


def _whole(text: object) -> Decimal | None:
    if text is None:
        return None
    try:
        value = Decimal(str(text))
    except InvalidOperation as error:
        raise InvalidValue("flatten.target_quantity", text, "whole shares") from error
    if not value.is_finite() or value != value.to_integral_value():
        raise InvalidValue("flatten.target_quantity", text, "whole shares")
    return value


def account_of(command: NewCommand | Command) -> str:
    """The account a KILL is for; empty = every one."""
    return str(command.arguments.get("account", "")) if command.kind is CommandKind.KILL else ""


@dataclass(frozen=True, slots=True)
class NewCommand:
    """A command as asked; `command_id` is its idempotency key.

    An empty `strategy` addresses every strategy, an empty `run_id` whichever run lives.
    Raises InvalidValue for a command_id that is not 1 to 64 characters long, and for a FLATTEN
    whose arguments are none.
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
        if self.kind is CommandKind.FLATTEN:
            object.__setattr__(self, "arguments", FlattenOptions.of(self.arguments).arguments())


@dataclass(frozen=True, slots=True)
class Command:
    """A command as recorded; `acked_ns` (wall, 0 while pending) and `outcome` are the answer of whom it addresses.

    While it is pending `outcome` may tell how far it has come.
    """

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

    @property
    def flatten(self) -> FlattenOptions:
        """How to flatten, of a FLATTEN; raises InvalidValue when its arguments are none."""
        return FlattenOptions.of(self.arguments)

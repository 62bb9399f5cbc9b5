"""Domain errors: each names what was wrong, the rule it broke and, where known, the fix."""

from __future__ import annotations

SHOWN = 300
"""Characters of a refused value an error repeats: enough to know it by."""


def shown(value: object) -> str:
    """A value as an error repeats it, cut when it is long."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


class HedgerowError(Exception):
    """Root of every error this project raises on purpose; `reason` is UPPER_SNAKE."""

    reason = "INTERNAL"


class InvalidValue(HedgerowError, ValueError):
    """An input broke a rule: carries the key, the value, the rule and a fix."""

    reason = "INVALID_VALUE"

    def __init__(self, key: str, value: object, rule: str, fix: str = "") -> None:
        self.key, self.value, self.rule, self.fix = key, value, rule, fix
        super().__init__(f"{key[:SHOWN]}: {shown(value)} is not allowed: {rule}" + (f"; {fix}" if fix else ""))

    def __reduce__(self) -> tuple[type[InvalidValue], tuple[str, object, str, str]]:
        """Travels between processes whole."""
        return type(self), (self.key, self.value, self.rule, self.fix)


class NotFound(HedgerowError):
    """The named thing does not exist."""

    reason = "NOT_FOUND"


class AlreadyExists(HedgerowError):
    """The id was used before with a different payload."""

    reason = "ALREADY_EXISTS"


class FailedPrecondition(HedgerowError):
    """The system is not in a state that allows this; `reason` says which."""

    reason = "FAILED_PRECONDITION"

    def __init__(self, message: str, reason: str = "FAILED_PRECONDITION") -> None:
        self.reason = reason
        super().__init__(message)


class Unavailable(HedgerowError):
    """A part this needs cannot be reached now; `reason` says which."""

    reason = "UNAVAILABLE"

    def __init__(self, message: str, reason: str = "UNAVAILABLE") -> None:
        self.reason = reason
        super().__init__(message)


class JournalUnavailable(Unavailable):
    """The journal cannot commit: nothing may be sent; stays so until the store is opened anew."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "JOURNAL_UNAVAILABLE")


class BrokerAccountRefused(HedgerowError):
    """An account's prefix does not match the configured broker mode: never real by accident."""

    reason = "ACCOUNT_MODE_MISMATCH"

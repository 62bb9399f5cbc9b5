"""Named places where a test makes the process die, stop, fail or wait; each costs one look while none is armed."""

from __future__ import annotations

import os
import signal
import time
from typing import NamedTuple

from hedgerow.domain.errors import InvalidValue

VARIABLE = "HEDGEROW_FAILPOINTS"
"""Environment: `name=action[:argument][@nth]`, parted by semicolons, for example `a.b=exit@2;c.d=pause:50`."""

EXIT_CODE = 86
"""What a process ends with at an `exit`."""


class InjectedFault(OSError):
    """What a failpoint raises; an operating system's error, as a disk or a socket would."""


class _Armed(NamedTuple):
    action: str
    argument: float
    nth: int


_ACTIONS = ("exit", "kill", "stop", "raise", "pause")
_armed: dict[str, _Armed] = {}
_hits: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Does what is armed for `name`: nothing, in any process nobody armed."""
    if _armed:
        _hit(name)


def arm(text: str) -> None:
    """Arms what `text` says, in place of what was armed; empty disarms all. Raises InvalidValue."""
    armed = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        name, _, what = part.partition("=")
        what, _, nth = what.partition("@")
        action, _, argument = what.partition(":")
        try:
            one = _Armed(action, float(argument or 0), int(nth or 1))
        except ValueError as error:
            raise InvalidValue(VARIABLE, part, "name=action[:number][@nth]") from error
        if action not in _ACTIONS or one.nth < 1 or not name:
            raise InvalidValue(VARIABLE, part, f"name=action[:number][@nth], action one of {', '.join(_ACTIONS)}")
        armed[name] = one
    _armed.clear()
    _hits.clear()
    _armed.update(armed)


def hits(name: str) -> int:
    """How often the place was passed since it was armed; 0 for one that is not."""
    return _hits.get(name, 0)


def _hit(name: str) -> None:
    found = _armed.get(name)
    if found is None:
        return
    count = _hits[name] = _hits.get(name, 0) + 1
    if count != found.nth:
        return
    match found.action:
        case "exit":
            os._exit(EXIT_CODE)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "raise":
            raise InjectedFault(f"failpoint {name}")
        case _:
            time.sleep(found.argument / 1000)


arm(os.environ.get(VARIABLE, ""))

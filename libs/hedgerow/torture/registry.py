"""What a family of cases is, and all there are."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING

from hedgerow.domain.errors import InvalidValue

if TYPE_CHECKING:
    from hedgerow.torture.rig import Rig


class Kind(StrEnum):
    """How a case attacks."""

    PROCESS = "process"  # SIGKILL, SIGSTOP of real processes
    CRASH = "crash"  # a real process ends, fails or waits at a failpoint; real file, real socket
    PROPERTY = "property"  # pure code, a virtual clock


class CaseFailed(AssertionError):
    """A promise was broken; the text says what was seen."""


Run = Callable[[int, "Rig"], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class Family:
    """Cases of one kind against one promise; `group` cases follow one another on one world."""

    name: str
    promise: int
    kind: Kind
    release: int
    group: int
    run: Run

    @property
    def about(self) -> str:
        """One line for people."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0]

    @property
    def needs_world(self) -> bool:
        """Whether its cases use real processes."""
        return inspect.iscoroutinefunction(self.run)


PURE_GROUP = 500
_FAMILIES: dict[str, Family] = {}


def family(name: str, *, promise: int, kind: Kind, release: int, group: int = 25) -> Callable[[Run], Run]:
    """Registers a function as a family; raises InvalidValue for a name that is taken."""

    def register(run: Run) -> Run:
        if name in _FAMILIES and _FAMILIES[name].run.__module__ != run.__module__:
            raise InvalidValue("family", name, "a name of its own")
        size = group if inspect.iscoroutinefunction(run) else PURE_GROUP
        _FAMILIES[name] = Family(name, promise, kind, release, size, run)
        return run

    return register


def families(only: int | None = None) -> list[Family]:
    """Every family, of one promise if named, by promise and name; raises InvalidValue for a promise without any."""
    package = importlib.import_module("hedgerow.torture.families")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    found = sorted(_FAMILIES.values(), key=lambda one: (one.promise, one.kind, one.name))
    chosen = [one for one in found if only in (None, one.promise)]
    if not chosen:
        promises = ", ".join(sorted({str(one.promise) for one in found}, key=int))
        raise InvalidValue("--only", only, f"a promise that has cases: {promises}")
    return chosen


def family_named(name: str) -> Family:
    """One family; raises InvalidValue."""
    for one in families():
        if one.name == name:
            return one
    raise InvalidValue("family", name, f"one of {', '.join(sorted(_FAMILIES))}")


def require(condition: object, text: str) -> None:
    """Raises CaseFailed with `text` unless `condition` holds."""
    if not condition:
        raise CaseFailed(text)


def mix(seed: int, *parts: object) -> int:
    """A seed of its own for each combination, 48 bits: the same on every machine."""
    text = ":".join(str(part) for part in (seed, *parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big")

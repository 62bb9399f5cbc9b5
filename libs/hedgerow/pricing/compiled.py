"""The mark of a function that numba may compile.

Marking changes nothing: the function stays plain Python and this module imports no numba. A host that wants machine
code (`hedgerow.strategy.hosting`) builds a compiled twin of every marked function; both can live in one process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

MARKED: list[Callable[..., Any]] = []
APART: set[Callable[..., Any]] = set()


def compiled(function: F) -> F:
    """Mark `function` as compilable and hand it back unchanged."""
    MARKED.append(function)
    return function


def compiled_apart(function: F) -> F:
    """Mark `function` as compilable, but never into its callers.

    Machine code of marked functions goes into that of their callers, as handing records of some hundred numbers from
    one to another costs more than most of them do. This is for those that do much with few numbers, or in many places.
    """
    APART.add(function)
    return compiled(function)

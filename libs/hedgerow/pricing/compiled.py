"""The mark of a function that numba may compile.

Marking changes nothing: the function stays plain Python and this module imports no numba. A host that wants machine
code (`hedgerow.strategy.hosting`) builds a compiled twin of every marked function; both can live in one process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

MARKED: list[Callable[..., Any]] = []


def compiled(function: F) -> F:
    """Mark `function` as compilable and hand it back unchanged."""
    MARKED.append(function)
    return function

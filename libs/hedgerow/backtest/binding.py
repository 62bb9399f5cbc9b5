"""Binds the loop to a strategy: the same code over that strategy's `step`, plain or as machine code.

numba specialises by types, not by what a global means, so every strategy has a cache folder of its own, in one named
by a hash of the loop's and the strategy's sources: an edited callee is never met by old machine code.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from hedgerow.backtest import commissions, desk, fills, loop, recording, shared, tables, view
from hedgerow.pricing.compiled import MARKED
from hedgerow.strategy.hosting import Mode, code_version, compiled_functions, over
from hedgerow.strategy.kinds import load, sources_of

_INLINED = (shared.judge_shared, shared.valued_then, shared.leg_greeks)
_SOURCES = (commissions, desk, fills, loop, recording, shared, tables, view, sys.modules[__name__])
_FILES = tuple(Path(str(module.__file__)).resolve() for module in _SOURCES)


@dataclass(frozen=True, slots=True)
class Bound:
    """The loop over one strategy's `step`, and what it is made of."""

    run_rows: Callable[..., Any]
    initial_state: Callable[[Any], Any]
    code_version: str
    engine_version: str
    mode: Mode


@lru_cache(maxsize=32)
def bound(strategy: str, mode: Mode) -> Bound:
    """The loop bound to the strategy of that kind; InvalidValue when there is none of that name."""
    made = load(strategy)
    return bind(made.step, made.initial_state, mode, sources=sources_of(strategy))


def bind(
    step: Callable[..., Any], initial_state: Callable[[Any], Any], mode: Mode,
    writers: Mapping[str, Callable[..., Any]] | None = None, sources: Sequence[Path] = (),
    decide: Callable[..., Any] | None = None,
) -> Bound:  # fmt: skip
    """The loop bound to any `step`; a `step` that is not marked as compiled runs plain.

    `writers` replaces `count_decision`, `write_decision` and `write_greeks` for a strategy whose decisions are of
    another shape; `sources` are further files its machine code depends on. With `decide` the loop takes legs valued
    for all and gives them to that instead of calling `step`. Decisions of another shape are not checked.
    """
    replaced: dict[str, Callable[..., Any]] = {"step": step, **(writers or {})}
    if writers is not None:
        replaced.setdefault("check_decision", recording.unchecked)
    if decide is not None:
        replaced |= {"judge": shared.judge_shared, "decide": decide}
    own = (Path(str(sys.modules[step.__module__].__file__)).resolve(), *sources)
    version = engine_version(own)
    if mode == "plain" or step not in MARKED:
        return Bound(_plain(replaced), initial_state, code_version(tuple(sources)), version, "plain")
    name = hashlib.sha256(f"{step.__module__}.{step.__qualname__} {sorted(replaced)}".encode()).hexdigest()[:8]
    made = _machine_code(replaced, own, f"loop-{name}")
    return Bound(made, initial_state, code_version(tuple(sources)), version, "compiled")


def engine_version(sources: Sequence[Path] = ()) -> str:
    """sha256 (first 16 hex digits) of the loop's sources and those named."""
    digest = hashlib.sha256()
    for path in (*_FILES, *sources):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _plain(replaced: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """`run_rows` in plain Python over these functions."""
    judge = replaced.get("judge", loop.judge)
    scope = {**vars(loop), **replaced}
    scope["judge"] = over(judge, {**vars(sys.modules[judge.__module__]), **replaced})
    return over(loop.run_rows, scope)


def _machine_code(
    replaced: Mapping[str, Callable[..., Any]], sources: tuple[Path, ...], group: str
) -> Callable[..., Any]:
    """`run_rows` as machine code over these functions; it lets go of the interpreter's lock while it runs."""
    # The observation is built, and a strategy's own `step` called, at one place: inlined, whatever of the
    # observation, or of legs valued for all, is not read costs nothing.
    inlined = (replaced["step"], loop.judge, *_INLINED)
    bound_to = {module.__name__: replaced for module in (loop, shared)}
    twins = compiled_functions(
        (*_FILES, *sources), bound_to, group, lambda each: each in inlined or each.__module__ == view.__name__
    )
    made: Callable[..., Any] = twins[loop.run_rows]
    return made

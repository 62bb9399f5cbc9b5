"""Hosts a strategy's `step`, plain or compiled; the only module here that imports numba, and only when asked.

numba caches per source file of the caller only: an edited callee would silently keep its old machine code. So the
cache folder is named by a hash of every source that is compiled, the numba version and the CPU; the same hash is
`code_version`, which every decision record carries. What is not in a hashed source is not compiled.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any, Literal

import hedgerow.pricing
import hedgerow.strategy
from hedgerow.pricing.compiled import APART, MARKED
from hedgerow.strategy.kinds import load, sources_of

Mode = Literal["plain", "compiled"]
Binding = Mapping[str, Mapping[str, Callable[..., Any]]]
"""By module name: which of its globals are another (plain) function."""

KERNEL = tuple(Path(str(package.__file__)).resolve().parent for package in (hedgerow.pricing, hedgerow.strategy))
"""Folders of the sources that every strategy shares."""

_shared: dict[Callable[..., Any], Any] = {}


@dataclass(frozen=True, slots=True)
class Kernel:
    """A strategy ready to run: `step(params, state, observation) -> (state, decision)` and what it was made of."""

    step: Callable[[Any, Any, Any], tuple[Any, Any]]
    initial_state: Callable[[Any], Any]
    code_version: str
    mode: Mode
    kind: str = ""


def _files(sources: tuple[Path, ...]) -> list[tuple[str, Path]]:
    """Every Python file of `sources` (files or folders) and its name within them."""
    found: list[tuple[str, Path]] = []
    for source in sources:
        paths = sorted(source.rglob("*.py")) if source.is_dir() else [source]
        found += [(str(path.relative_to(source.parent)), path) for path in paths]
    return found


def code_version(sources: tuple[Path, ...] = ()) -> str:
    """sha256 (first 16 hex digits) of all kernel sources and `sources`, the versions of numba and Python, and the CPU.

    `sources` are files or folders beyond the kernel's: a user's strategy (`kinds.sources_of`), a compiled loop around
    `step`; they count by name and content, wherever they are.
    """
    digest = hashlib.sha256()
    for name, path in _files(KERNEL + sources):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    machine = (version("numba"), platform.python_version(), platform.machine(), platform.processor())
    digest.update("\0".join(machine).encode())
    return digest.hexdigest()[:16]


def cache_folder(sources: tuple[Path, ...] = ()) -> Path:
    """Where machine code of this code version is kept: $HEDGEROW_HOME/cache, else the user's cache folder."""
    home = os.environ.get("HEDGEROW_HOME")
    xdg = os.environ.get("XDG_CACHE_HOME")
    base = Path(home) / "cache" if home else (Path(xdg) if xdg else Path.home() / ".cache") / "hedgerow"
    return base / "kernel" / code_version(sources)


def into_callers(function: Callable[..., Any]) -> bool:
    """Whether a marked function's machine code goes into that of its callers."""
    return function not in APART


def compiled_functions(
    sources: tuple[Path, ...] = (), bind: Binding | None = None, group: str = "",
    inline: Callable[[Callable[..., Any]], bool] = into_callers,
) -> dict[Callable[..., Any], Any]:  # fmt: skip
    """A compiled twin for every marked function of the kernel and of `sources`, by the plain one.

    Each twin runs the same code object over a copy of its module's globals in which marked functions are replaced by
    their twins; the plain ones stay as they are. The kernel's twins are made once per process. Those of `sources` are
    made anew at every call, with the globals that `bind` names replaced: so one compiled loop is hosted over many
    strategies, `bind={"hedgerow.backtest.loop": {"step": step}}`. Machine code is made at the first call of a twin and
    kept in `cache_folder()`, that of `sources` in `cache_folder(sources)` under `group`: name one group per binding,
    or one strategy's machine code would be taken for another's. `inline` says which of `sources` go into their callers.
    """
    os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")  # its exp and log differ from libm in the last bit
    kernel = [f for f in _marked(KERNEL) if f not in _shared]
    _shared.update(_twins(kernel, cache_folder(), _shared, {}, into_callers))
    own = [f for f in _marked(sources) if f not in _shared]
    folder = cache_folder(sources) / group if own else Path()
    return _shared | _twins(own, folder, _shared, bind or {}, inline)


def _marked(sources: tuple[Path, ...]) -> list[FunctionType]:
    """The marked functions of those files and folders."""
    chosen = []
    for function in MARKED:
        assert isinstance(function, FunctionType)
        file = Path(function.__code__.co_filename).resolve()
        if any(file == source or source in file.parents for source in sources):
            chosen.append(function)
    return chosen


def _twins(
    functions: list[FunctionType], folder: Path, others: Mapping[Callable[..., Any], Any], bind: Binding,
    inline: Callable[[Callable[..., Any]], bool],
) -> dict[Callable[..., Any], Any]:  # fmt: skip
    if not functions:
        return {}
    import numba  # noqa: PLC0415 - only a host that compiles pays for it

    folder.mkdir(parents=True, exist_ok=True)
    settings: Any = numba.config
    settings.CACHE_DIR = str(folder)
    scopes: dict[str, dict[str, Any]] = {}
    twins: dict[Callable[..., Any], Any] = {}
    for function in functions:
        name = function.__module__
        if name not in scopes:
            scopes[name] = {**vars(sys.modules[name]), **bind.get(name, {})}
        plain = over(function, scopes[name])
        twins[function] = numba.njit(cache=True, nogil=True, forceinline=inline(function))(plain)
    known = {**others, **twins}
    for scope in scopes.values():
        for name, value in list(scope.items()):
            if isinstance(value, FunctionType) and value in known:
                scope[name] = known[value]
    return twins


def over(function: Any, scope: dict[str, Any]) -> FunctionType:
    """The same code over other globals."""
    twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    twin.__module__, twin.__qualname__ = function.__module__, function.__qualname__
    return twin


def load_kernel(mode: Mode = "plain", strategy: str = "gamma_scalper") -> Kernel:
    """The kernel of a kind of strategy; `compiled` gives the same values bit for bit (a test holds both equal).

    Plain starts at once. The first compiled start of a code version compiles, later ones load. A `step` that is not
    marked as compiled runs plain in either mode. Raises InvalidValue for a kind there is not.
    """
    made, sources = load(strategy), sources_of(strategy)
    step = made.step
    if mode == "compiled":
        twins = compiled_functions(sources)
        mode = mode if step in twins else "plain"
        step = twins.get(step, step)
    return Kernel(step, made.initial_state, code_version(sources), mode, strategy)

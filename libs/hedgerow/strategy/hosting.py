"""Hosts a strategy's `step`, plain or compiled; the only module here that imports numba, and only when asked.

numba caches per source file of the caller only: an edited callee would silently keep its old machine code. So the
cache folder is named by a hash of every source under pricing/ and strategy/, the numba version and the CPU; the same
hash is `code_version`, which every decision record carries.

Measured (two shared cores, Python 3.11, numba 0.68): plain 90 to 110 us per call; compiled 45 to 65 us called from
Python, nearly all of it unboxing and boxing the records; the first compiled start takes 25 to 30 s, later ones 0.8 s.
Live, plain is therefore the better default; compiled pays inside a compiled loop.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any, Literal

import hedgerow.pricing
import hedgerow.strategy
from hedgerow.pricing.compiled import MARKED

Mode = Literal["plain", "compiled"]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A strategy ready to run: `step(params, state, observation) -> (state, decision)` and what it was made of."""

    step: Callable[[Any, Any, Any], tuple[Any, Any]]
    initial_state: Callable[[Any], Any]
    code_version: str
    mode: Mode


def _package_folder(package: Any) -> Path:
    return Path(package.__file__).resolve().parent


def code_version() -> str:
    """sha256 (first 16 hex digits) of all kernel sources, the numba version, the Python version and the CPU."""
    digest = hashlib.sha256()
    for package in (hedgerow.pricing, hedgerow.strategy):
        folder = _package_folder(package)
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder.parent)).encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    machine = (version("numba"), platform.python_version(), platform.machine(), platform.processor())
    digest.update("\0".join(machine).encode())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where machine code of this code version is kept: $HEDGEROW_HOME/cache, else the user's cache folder."""
    home = os.environ.get("HEDGEROW_HOME")
    xdg = os.environ.get("XDG_CACHE_HOME")
    base = Path(home) / "cache" if home else (Path(xdg) if xdg else Path.home() / ".cache") / "hedgerow"
    return base / "kernel" / code_version()


def compiled_functions(only: str = "hedgerow.") -> dict[Callable[..., Any], Any]:
    """A compiled twin for every marked function, by the plain one; the plain ones stay as they are.

    Each twin runs the same code object over a copy of its module's globals in which marked functions are replaced by
    their twins. Machine code is made on the first call and kept in `cache_folder()`.
    """
    os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")  # its exp and log differ from libm in the last bit
    import numba  # noqa: PLC0415 - only a host that compiles pays for it

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    settings: Any = numba.config
    settings.CACHE_DIR = str(folder)
    scopes: dict[str, dict[str, Any]] = {}
    twins: dict[Callable[..., Any], Any] = {}
    for function in MARKED:
        if not isinstance(function, FunctionType) or not function.__module__.startswith(only):
            continue
        scope = scopes.setdefault(function.__module__, dict(vars(sys.modules[function.__module__])))
        twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
        twin.__module__ = function.__module__
        twin.__qualname__ = function.__qualname__
        twins[function] = numba.njit(cache=True)(twin)
    for scope in scopes.values():
        for name, value in list(scope.items()):
            if isinstance(value, FunctionType) and value in twins:
                scope[name] = twins[value]
    return twins


def load_kernel(mode: Mode = "plain", strategy: str = "gamma_scalper") -> Kernel:
    """The strategy's kernel; `compiled` gives the same values bit for bit (a test holds both equal).

    Plain is the default: it starts at once. The first compiled start of a code version compiles, later ones load.
    """
    step = importlib.import_module(f"hedgerow.strategy.{strategy}.step").step
    initial_state = importlib.import_module(f"hedgerow.strategy.{strategy}.state").initial_state
    if mode == "compiled":
        step = compiled_functions()[step]
    return Kernel(step, initial_state, code_version(), mode)

"""Which strategies there are: those shipped, and a user's by the path of a file or the name of a module."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from hedgerow.domain.errors import InvalidValue
from hedgerow.strategy.gamma_scalper.config import GammaScalperConfig
from hedgerow.strategy.kit.config import StrategyConfig
from hedgerow.strategy.protocol import CONTEXT, NAMES, Strategy, check_context

SHIPPED = {
    "gamma_scalper": "hedgerow.strategy.gamma_scalper.strategy",
    "band_optimal": "hedgerow.strategy.band_optimal",
    "time_based": "hedgerow.strategy.time_based",
    "moving_average": "hedgerow.strategy.moving_average",
    "bridge": "hedgerow.strategy.bridge",
}
"""Module of every shipped kind."""

DEFAULT = "gamma_scalper"

USER_PACKAGE = "hedgerow.user."
"""How the modules of users' files are called, so that the hosts compile them as they do our own."""

OWN_KEY = "rule"
"""Where a strategy keeps the keys that only it has."""


def is_file(kind: str) -> bool:
    """Whether a kind is the path of a user's file."""
    return kind.endswith(".py")


def load(kind: str) -> Strategy:
    """The strategy of that kind; InvalidValue when there is none, or when its module lacks part of a strategy."""
    if is_file(kind):
        module = _from_file(Path(kind))
    else:
        name = SHIPPED.get(kind, kind)
        if kind not in SHIPPED and "." not in kind:
            raise InvalidValue("kind", kind, f"one of {', '.join(SHIPPED)}, a path ending in .py, or a module's name")
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise InvalidValue("kind", kind, f"a module that can be imported: {error}", _HOW) from error
    return _checked(module, kind)


_HOW = "`hedgerow strategy new NAME` makes one that works"


def _from_file(path: Path) -> ModuleType:
    """The module of a user's file, imported once; its name tells two files of the same name apart."""
    whole = path.resolve()
    if not whole.is_file():
        raise InvalidValue("kind", str(path), f"no file at {whole}", _HOW)
    name = f"{USER_PACKAGE}{whole.stem}_{hashlib.sha256(str(whole).encode()).hexdigest()[:8]}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(name, whole)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError, NameError, AttributeError, TypeError, ValueError) as error:
        del sys.modules[name]
        raise InvalidValue("kind", str(path), f"its file can be imported: {type(error).__name__}: {error}") from error
    return module


def _checked(module: ModuleType, kind: str) -> Strategy:
    for name in NAMES:
        if not hasattr(module, name):
            raise InvalidValue("kind", kind, f"its module has {', '.join(NAMES)}; {name} is missing", _HOW)
    strategy = cast(Strategy, module)
    if not (isinstance(strategy.Config, type) and issubclass(strategy.Config, StrategyConfig)):
        raise InvalidValue("kind", kind, "its Config derives from hedgerow.strategy.kit.config.StrategyConfig", _HOW)
    check_context(strategy.NEEDS, CONTEXT, "no host")
    return strategy


def sources_of(kind: str) -> tuple[Path, ...]:
    """The user's files a kind is made of: its own, for a module also those beside it; none for a shipped kind."""
    if kind in SHIPPED:
        return ()
    own = Path(str(cast(ModuleType, load(kind)).__file__)).resolve()
    return (own,) if is_file(kind) else tuple(sorted(own.parent.rglob("*.py")))


def config_of(entry: Any) -> Any:
    """An entry of `strategies:` by its kind's own schema; an entry without a kind is a gamma scalper.

    Raises InvalidValue for a kind that cannot be loaded, pydantic's ValidationError for what the schema refuses.
    """
    if isinstance(entry, StrategyConfig) or not isinstance(entry, dict):
        return entry
    kind = str(entry.get("kind", DEFAULT))
    schema = GammaScalperConfig if kind == DEFAULT else load(kind).Config  # readers of settings load no kernel for it
    return schema.model_validate({**entry, "kind": kind})


def place(tree: dict[str, Any], folder: Path) -> None:
    """Makes the paths of users' files absolute, in place; relative ones are taken from `folder`."""
    strategies = tree.get("strategies")
    for entry in strategies if isinstance(strategies, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("kind"), str) and is_file(entry["kind"]):
            entry["kind"] = str((folder / entry["kind"]).resolve())

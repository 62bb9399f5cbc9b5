"""Code written from record types: modules in the cache folder, where machine code can be kept for them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from hedgerow.strategy.layout import Layout

_DTYPES = {"q": "<i8", "d": "<f8", "?": "?"}


def row_fields(layout: Layout[Any], prefix: str = "f") -> list[tuple[str, str]]:
    """The scalars of a layout as columns of a numpy row, packed as `Layout.pack` packs them."""
    return [(f"{prefix}{index}", _DTYPES[code]) for index, code in enumerate(layout.codes)]


def construct(kind: Any, scalars: Iterator[str], types: set[type]) -> str:
    """The expression that builds a record of `kind` from `scalars`, expressions in layout order.

    The record types it names are added to `types`.
    """
    if kind in (int, float, bool):
        return next(scalars)
    if hasattr(kind, "_fields"):
        types.add(kind)
        hints = typing.get_type_hints(kind)
        parts = (construct(hints[name], scalars, types) for name in kind._fields)
        return f"{_name(kind)}({', '.join(parts)})"
    return "(" + "".join(f"{construct(each, scalars, types)}, " for each in typing.get_args(kind)) + ")"


def _name(kind: type) -> str:
    """One record type's name in generated code; a strategy's own State and the kit's may be called the same."""
    return f"{kind.__module__.replace('.', '_')}_{kind.__name__}"


def imports(types: set[type]) -> str:
    """The imports that generated code over those record types begins with."""
    return "\n".join(sorted(f"from {each.__module__} import {each.__name__} as {_name(each)}" for each in types))


def module(name: str, text: str, folder: Path) -> ModuleType:
    """The module of that source, imported once; its file is left alone while it says the same, as numba asks."""
    name = f"{name}_{hashlib.sha256(f'{folder} {text}'.encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    path = folder / f"{name.rpartition('.')[2]}.py"
    if not path.is_file() or path.read_text() != text:
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(text)
        os.replace(part, path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


def row_type(**layouts: Layout[Any]) -> np.dtype[Any]:
    """The numpy row that holds one record of each layout, its columns prefixed by the names given.

    The same object for the same fields: numba, called with another equal one, compares every field at every call.
    """
    return _row_type(tuple(field for prefix, layout in layouts.items() for field in row_fields(layout, prefix)))


@cache
def _row_type(fields: tuple[tuple[str, str], ...]) -> np.dtype[Any]:
    return np.dtype(list(fields))

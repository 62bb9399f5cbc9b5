"""NamedTuples of ints, floats and bools as fixed-size binary: exact, fast, described by the types alone."""

from __future__ import annotations

import hashlib
import struct
import typing
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T", bound=tuple[Any, ...])

_CODES = {int: "q", float: "d", bool: "?"}


def _walk(kind: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every scalar of a record type in order: its dotted name and struct code."""
    if kind in _CODES:
        yield name, _CODES[kind]
        return
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        for field in kind._fields:
            yield from _walk(hints[field], f"{name}.{field}" if name else field)
        return
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple and arguments and Ellipsis not in arguments:
        for index, argument in enumerate(arguments):
            yield from _walk(argument, f"{name}[{index}]")
        return
    raise TypeError(f"{name}: {kind!r} has no fixed layout")


def _flatten(value: tuple[Any, ...], out: list[Any]) -> None:
    for item in value:
        if isinstance(item, tuple):
            _flatten(item, out)
        else:
            out.append(item)


class Layout(Generic[T]):
    """The binary form of one NamedTuple type; `size` in bytes, `codes` struct's, `digest` changes with any field."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        fields = list(_walk(kind, ""))
        self.names = tuple(name for name, _ in fields)
        self.codes = "".join(code for _, code in fields)
        self._struct = struct.Struct("<" + self.codes)
        self.size = self._struct.size
        self.digest = hashlib.sha256(repr(fields).encode()).hexdigest()[:16]
        self._build = _builder(kind)

    def pack(self, record: T) -> bytes:
        """The record's bytes; struct.error when a field has the wrong type."""
        flat: list[Any] = []
        _flatten(record, flat)
        return self._struct.pack(*flat)

    def unpack(self, data: bytes) -> T:
        """The record those bytes are of."""
        values = iter(self._struct.unpack(data))
        record: T = self._build(values)
        return record

    def scalars(self, record: T) -> tuple[Any, ...]:
        """Every scalar in layout order, beside `names`."""
        flat: list[Any] = []
        _flatten(record, flat)
        return tuple(flat)


def _builder(kind: Any) -> Any:
    """A function from an iterator of scalars to the record, its types resolved once."""
    if kind in _CODES:
        return next
    if hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        parts = [_builder(hints[field]) for field in kind._fields]
        return lambda values: kind(*[part(values) for part in parts])
    parts = [_builder(argument) for argument in typing.get_args(kind)]
    return lambda values: tuple([part(values) for part in parts])

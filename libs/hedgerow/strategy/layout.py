"""NamedTuples of ints, floats and bools as fixed-size binary: exact, fast, described by the types alone."""

from __future__ import annotations

import hashlib
import struct
from typing import Any, Generic, TypeVar

from hedgerow.strategy.packing import builder, flattener, walk

T = TypeVar("T", bound=tuple[Any, ...])


class Layout(Generic[T]):
    """The binary form of one NamedTuple type; `size` in bytes, `codes` struct's, `digest` changes with any field."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        fields = list(walk(kind, ""))
        self.names = tuple(name for name, _ in fields)
        self.codes = "".join(code for _, code in fields)
        self._struct = struct.Struct("<" + self.codes)
        self.size = self._struct.size
        self.digest = hashlib.sha256(repr(fields).encode()).hexdigest()[:16]
        self._build = builder(kind)
        self._flatten = flattener(kind)

    def pack(self, record: T) -> bytes:
        """The record's bytes; struct.error or TypeError when a field has the wrong type."""
        try:
            return self._struct.pack(*self._flatten(record))
        except ValueError as error:  # a nested record with fields too few or too many
            raise struct.error(str(error)) from error

    def unpack(self, data: bytes) -> T:
        """The record those bytes are of."""
        record: T = self._build(self._struct.unpack(data))
        return record

    def scalars(self, record: T) -> tuple[Any, ...]:
        """Every scalar in layout order, beside `names`."""
        return self._flatten(record)

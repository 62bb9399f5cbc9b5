"""A tiny table language for layouts: named fields with defaults and version gates, and blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hedgerow.ibsim.codec import MalformedFrame, Value, raw_frame, text

_NEVER = 1 << 30


@dataclass(frozen=True, slots=True)
class Field:
    """One field: sent as `default` unless given; present for since <= server version < until."""

    name: str
    default: str = ""
    since: int = 0
    until: int = _NEVER


class Reader:
    """The fields of one message in order; running out of them is a MalformedFrame."""

    __slots__ = ("_fields", "position")

    def __init__(self, fields: list[str], position: int = 0) -> None:
        self._fields = fields
        self.position = position

    def take(self, count: int = 1) -> list[str]:
        """The next `count` fields."""
        if count < 0:
            raise MalformedFrame(f"field {self.position}: a count cannot be {count}")
        end = self.position + count
        if end > len(self._fields):
            raise MalformedFrame(f"message ends at field {len(self._fields)}, {end} are needed")
        taken = self._fields[self.position : end]
        self.position = end
        return taken

    def count(self) -> int:
        """The next field as a repeat count, empty meaning none."""
        return whole(self.take()[0], f"field {self.position - 1}")

    @property
    def left(self) -> int:
        """How many fields have not been read."""
        return len(self._fields) - self.position


def whole(value: str, name: str) -> int:
    """An integer field, empty meaning 0. Raises MalformedFrame naming the field."""
    try:
        return int(value or 0)
    except ValueError as error:
        raise MalformedFrame(f"{name}: {value[:40]!r} is not a whole number") from error


# A block reads a part whose length depends on what was read before it.
Block = Callable[[Reader, dict[str, str], int], None]


class Layout:
    """One message's layout: texts of `name[=default][@since][@-until]` fields, and blocks between."""

    def __init__(self, *parts: str | Block) -> None:
        self._parts: list[Field | Block] = []
        for part in parts:
            if isinstance(part, str):
                self._parts.extend(_field(word) for word in part.split())
            else:
                self._parts.append(part)
        self._compiled: dict[int, tuple[list[str], dict[str, int]]] = {}
        self._segments: dict[int, list[list[str] | Block]] = {}

    def encode(self, server_version: int, values: Mapping[str, Value]) -> bytes:
        """The frame of a layout without blocks: each field from `values`, else its default."""
        defaults, places = self._compiled.get(server_version) or self._compile(server_version)
        fields = defaults.copy()
        for name, value in values.items():
            place = places.get(name)
            if place is not None:
                fields[place] = value if isinstance(value, str) else text(value)
        return raw_frame(("\0".join(fields) + "\0").encode())

    def _compile(self, server_version: int) -> tuple[list[str], dict[str, int]]:
        present = [p for p in self._parts if isinstance(p, Field) and p.since <= server_version < p.until]
        places = {part.name: place for place, part in enumerate(present)}
        self._compiled[server_version] = [part.default for part in present], places
        return self._compiled[server_version]

    def read(self, fields: list[str], server_version: int, name: str) -> str:
        """One field of a message of a layout without blocks."""
        _, places = self._compiled.get(server_version) or self._compile(server_version)
        return fields[places[name]]

    def decode(self, fields: list[str], server_version: int, *, exact: bool = False) -> dict[str, str]:
        """The named fields of a message. Raises MalformedFrame when it is too short,

        or, with `exact`, when it is not consumed to its last field.
        """
        segments = self._segments.get(server_version)
        if segments is None:
            segments = self._segments[server_version] = self._cut(server_version)
        reader = Reader(fields)
        got: dict[str, str] = {}
        for segment in segments:
            if isinstance(segment, list):
                got.update(zip(segment, reader.take(len(segment)), strict=True))
            else:
                segment(reader, got, server_version)
        if exact and reader.left:
            raise MalformedFrame(
                f"message has {len(fields)} fields, {reader.position} are known at server version {server_version}"
            )
        return got

    def _cut(self, server_version: int) -> list[list[str] | Block]:
        segments: list[list[str] | Block] = []
        for part in self._parts:
            if not isinstance(part, Field):
                segments.append(part)
            elif part.since <= server_version < part.until:
                if not segments or not isinstance(segments[-1], list):
                    segments.append([])
                names = segments[-1]
                assert isinstance(names, list)
                names.append(part.name)
        return segments


def _field(word: str) -> Field:
    name, *gates = word.split("@")
    name, _, default = name.partition("=")
    since, until = 0, _NEVER
    for gate in gates:
        if gate.startswith("-"):
            until = int(gate[1:])
        else:
            since = int(gate)
    return Field(name, default, since, until)

"""Fast Python code that packs and builds records, written from their types."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin, get_type_hints

_CODES = {int: "q", float: "d", bool: "?"}
_SCALARS = tuple(_CODES)


def walk(kind: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every scalar of a record type in order: its dotted name and struct code."""
    if kind in _CODES:
        yield name, _CODES[kind]
        return
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = get_type_hints(kind)
        for field in kind._fields:
            yield from walk(hints[field], f"{name}.{field}" if name else field)
        return
    arguments = get_args(kind)
    if get_origin(kind) is tuple and arguments and Ellipsis not in arguments:
        for index, argument in enumerate(arguments):
            yield from walk(argument, f"{name}[{index}]")
        return
    raise TypeError(f"{name}: {kind!r} has no fixed layout")


def _parts(kind: Any) -> list[Any]:
    """The types of a record's or tuple's items."""
    if hasattr(kind, "_fields"):
        hints = get_type_hints(kind)
        return [hints[name] for name in kind._fields]
    return list(get_args(kind))


def _flat(kind: Any) -> bool:
    return all(part in _SCALARS for part in _parts(kind))


def packer(kind: Any) -> Callable[[Any, Any, list[Any]], None]:
    """`pack(buffer, record, last)`: the record's bytes at the buffer's start, as `Layout.pack` makes them.

    `last` (a list, empty at first) remembers the nested records that are packed already: records do not change, so
    one that is the same object as last time has its bytes in the buffer. One `last` per buffer.
    """
    lines: list[str] = []
    scope: dict[str, Any] = {}
    position = 0
    slots = 0

    def emit(items: list[tuple[str, Any]]) -> None:
        nonlocal position, slots
        index = 0
        while index < len(items):
            name, part = items[index]
            run = []
            while index < len(items) and items[index][1] in _SCALARS:
                run.append(items[index])
                index += 1
            if run:
                codes = "".join(code for each, kind_ in run for _, code in walk(kind_, each))
                packed = struct.Struct("<" + codes)
                scope[f"pack{position}"] = packed.pack_into
                lines.append(f"    pack{position}(buffer, {position}, {', '.join(each for each, _ in run)})")
                position += packed.size
                continue
            index += 1
            if hasattr(part, "_fields") and _flat(part):
                packed = struct.Struct("<" + "".join(code for _, code in walk(part, "")))
                scope[f"pack{position}"] = packed.pack_into
                lines.append(f"    if {name} is not last[{slots}]:")
                lines.append(f"        pack{position}(buffer, {position}, *{name})")
                lines.append(f"        last[{slots}] = {name}")
                position += packed.size
                slots += 1
                continue
            inner = [(f"{name}_{number}", each) for number, each in enumerate(_parts(part))]
            lines.append(f"    ({', '.join(each for each, _ in inner)},) = {name}")
            emit(inner)

    top = [(f"v{number}", each) for number, each in enumerate(_parts(kind))]
    lines.append(f"    ({', '.join(name for name, _ in top)},) = record")
    emit(top)
    text = "\n".join(
        ["def pack(buffer, record, last):", "    if not last:", f"        last += [None] * {slots}", *lines]
    )
    made: Callable[[Any, Any, list[Any]], None] = _made(text, "pack", scope)
    return made


def flattener(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """`flatten(record)`: every scalar in layout order; ValueError or TypeError when a nested record is misshapen."""
    lines = []
    flat = []

    def emit(items: list[tuple[str, Any]]) -> None:
        for name, part in items:
            if part in _SCALARS:
                flat.append(name)
            elif _flat(part):
                flat.append(f"*{name}")
            else:
                inner = [(f"{name}_{number}", each) for number, each in enumerate(_parts(part))]
                lines.append(f"    ({', '.join(each for each, _ in inner)},) = {name}")
                emit(inner)

    emit([("record", kind)])
    text = "\n".join(["def flatten(record):", *lines, f"    return ({', '.join(flat)},)"])
    made: Callable[[Any], tuple[Any, ...]] = _made(text, "flatten", {})
    return made


def builder(kind: Any) -> Callable[[tuple[Any, ...]], Any]:
    """`build(scalars) -> record`, the inverse of `flattener`."""
    scope: dict[str, Any] = {"new": tuple.__new__}
    count = 0

    def build(part: Any) -> str:
        nonlocal count
        parts = _parts(part)
        first = count
        pieces = []
        for index, each in enumerate(parts):
            if each in _SCALARS:
                count += 1
                if index + 1 == len(parts) or parts[index + 1] not in _SCALARS:
                    pieces.append(f"*v[{first}:{count}]")
            else:
                pieces.append(build(each))
            if each not in _SCALARS:
                first = count
        items = pieces[0][1:] if _flat(part) else f"({', '.join(pieces)},)"
        if not hasattr(part, "_fields"):
            return items
        scope[f"{part.__name__}_{id(part)}"] = part
        return f"new({part.__name__}_{id(part)}, {items})"

    made: Callable[[tuple[Any, ...]], Any] = _made(f"def build(v):\n    return {build(kind)}", "build", scope)
    return made


def _made(text: str, name: str, scope: dict[str, Any]) -> Any:
    exec(compile(text, f"<{name}, written by {__name__}>", "exec"), scope)
    return scope[name]

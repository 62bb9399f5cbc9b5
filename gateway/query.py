"""Query parameters into a request: dotted field paths, repeated fields, well-known types as text."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.message import Message

from gateway.template import unescape
from gateway.values import (
    TEXTUAL,
    WRAPPERS,
    Field,
    find_field,
    from_text,
    is_map,
    join,
    read_message,
    require_free_oneof,
    unknown,
    wrong,
)
from hedgerow.domain.errors import InvalidValue

_SHOWN = re.compile(r"[^\x20-\x7e]")


def parse_query(query: bytes) -> list[tuple[str, str]]:
    """Names and values in order; raises InvalidValue naming the parameter that is no percent-encoded UTF-8."""
    pairs = []
    for part in query.decode("latin-1").split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        try:
            pairs.append((_decoded(name), _decoded(value)))
        except ValueError as error:
            shown = _SHOWN.sub("?", name)
            raise InvalidValue(shown, _SHOWN.sub("?", value)[:64], f"percent-encoded UTF-8 ({error})") from error
    return pairs


def _decoded(text: str) -> str:
    if not text.isascii():
        raise ValueError("bytes above 127 unescaped")
    return unescape(text.replace("+", " "))


def read_query(message: Message, pairs: list[tuple[str, str]], bound: frozenset[str] = frozenset()) -> None:
    """Sets the fields the parameters name; `bound` are field paths the path or body gives.

    Raises InvalidValue naming a parameter that does not exist, is given twice or has a wrong value.
    """
    given: set[str] = set()
    for name, text in pairs:
        holder, field, path = _find(message, name, text, bound)
        if path in given and not field.is_repeated:
            raise wrong(path, text, "given once")
        given.add(path)
        require_free_oneof(holder, field, path)
        _set(holder, field, text, path)


def set_path_field(message: Message, name: str, text: str) -> None:
    """Sets the field a path variable binds; raises InvalidValue naming it."""
    holder, field, path = _find(message, name, text, frozenset())
    _set(holder, field, text, path)


def _find(message: Message, name: str, text: str, bound: frozenset[str]) -> tuple[Any, Field, str]:
    """Who holds the field a dotted name means, the field, and its path in proto names."""
    parts = name.split(".")
    holder: Any = message
    path = ""
    for index, part in enumerate(parts):
        field = find_field(holder.DESCRIPTOR, part)
        if field is None:
            raise unknown(name, text, holder.DESCRIPTOR)
        path = join(path, field.name)
        if path in bound:
            raise wrong(path, text, "absent from the query: the path or the body gives it")
        if index == len(parts) - 1:
            return holder, field, path
        if field.message_type is None or field.is_repeated or field.message_type.full_name in TEXTUAL:
            raise wrong(name, text, f"a known field; {path} has no fields")
        require_free_oneof(holder, field, path)
        holder = getattr(holder, field.name)
    raise AssertionError("a name has at least one part")


def _set(holder: Any, field: Field, text: str, path: str) -> None:
    kind = field.message_type
    if kind is None:
        value = from_text(field, text, path)
        if field.is_repeated:
            getattr(holder, field.name).append(value)
        else:
            setattr(holder, field.name, value)
        return
    if is_map(field) or not (kind.full_name in TEXTUAL or kind.full_name in WRAPPERS):
        inner = ", ".join(f"{path}.{each.name}" for each in kind.fields)
        raise wrong(path, text, "in the body" if is_map(field) or field.is_repeated else f"given as {inner}")
    target = getattr(holder, field.name)
    target = target.add() if field.is_repeated else target
    if kind.full_name in WRAPPERS:
        target.value = from_text(kind.fields_by_name["value"], text, path)
        target.SetInParent()
    else:
        read_message(target, text, path)

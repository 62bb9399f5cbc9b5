"""JSON read strictly: UTF-8, no duplicate keys, no NaN, bounded depth; what is wrong is named with its position."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from hedgerow.domain.errors import InvalidValue

MAX_DEPTH = 64
_LONGEST_NUMBER = 400
_BODY = "body"


def read_json(data: bytes) -> Any:
    """The value; raises InvalidValue naming `body` and where in it the text is wrong."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InvalidValue(_BODY, "...", f"UTF-8; byte {error.start} is none: {error.reason}") from error
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer, parse_float=_float
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InvalidValue(_BODY, _around(text, error.pos), f"JSON; {error.msg} at {where}") from error
    except RecursionError as error:
        raise _too_deep() from error
    _check_depth(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidValue(twice, twice, "given once in its object")
    for name in found:
        if not name.isascii() and name.encode(errors="ignore").decode() != name:
            raise InvalidValue(name, ascii(found[name])[:64], "a name in Unicode; half a character is in this one")
    return found


def _no_constant(text: str) -> NoReturn:
    raise InvalidValue(_BODY, text, "JSON; it has no NaN or Infinity")


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise InvalidValue(_BODY, f"{text[:32]}...", f"numbers of at most {_LONGEST_NUMBER} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value - value != 0.0:
        raise InvalidValue(_BODY, text[:32], "a number that fits a double")
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> InvalidValue:
    return InvalidValue(_BODY, "...", f"nested at most {MAX_DEPTH} deep")


def _around(text: str, position: int) -> str:
    return text[max(0, position - 10) : position + 10]

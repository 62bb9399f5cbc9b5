"""JSON values into protobuf messages: canonical proto3 JSON, whatever is wrong named by its field."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import Error as JsonFormatError
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message

from hedgerow.domain.errors import InvalidValue

F = FieldDescriptor
Field = Any
"""A FieldDescriptor; the types of google.protobuf know two of each descriptor, which do not fit each other."""
_INTEGERS = {
    **dict.fromkeys((F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32), (-(2**31), 2**31 - 1)),
    **dict.fromkeys((F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64), (-(2**63), 2**63 - 1)),
    **dict.fromkeys((F.TYPE_UINT32, F.TYPE_FIXED32), (0, 2**32 - 1)),
    **dict.fromkeys((F.TYPE_UINT64, F.TYPE_FIXED64), (0, 2**64 - 1)),
}
_LARGEST_FLOAT = 3.4028234663852886e38
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NOT_FINITE = {"NaN", "Infinity", "-Infinity"}
_NULL_VALUE = "google.protobuf.NullValue"

TEXTUAL = {
    "google.protobuf.Timestamp": "an RFC 3339 time such as 2026-01-05T14:30:00Z",
    "google.protobuf.Duration": "seconds with an s such as 1.5s",
    "google.protobuf.FieldMask": "field names separated by commas",
}
"""Well-known messages whose JSON is text, and its rule."""
WRAPPERS = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)
_FREE = {
    "google.protobuf.Struct": "a JSON object",
    "google.protobuf.Value": "a JSON value",
    "google.protobuf.ListValue": "a JSON list",
    "google.protobuf.Any": "a JSON object with a known @type",
}


def read_message(message: Message, value: Any, where: str = "", bound: frozenset[str] = frozenset()) -> None:
    """Fills an empty message from its JSON; `where` is its field path, `bound` are field paths set elsewhere.

    Raises InvalidValue naming the field.
    """
    kind = message.DESCRIPTOR.full_name
    if kind in TEXTUAL or kind in _FREE:
        _read_well_known(message, value, where)
        return
    if kind in WRAPPERS:
        _read_single(message, message.DESCRIPTOR.fields_by_name["value"], value, where)
        message.SetInParent()
        return
    if not isinstance(value, dict):
        raise wrong(where or "body", value, "a JSON object")
    message.SetInParent()
    spelled: dict[str, str] = {}
    for key, item in value.items():
        field = find_field(message.DESCRIPTOR, key)
        if field is None:
            raise unknown(join(where, key), item, message.DESCRIPTOR)
        path = join(where, field.name)
        if field.name in spelled:
            raise InvalidValue(path, key, f"given once; it is there as {spelled[field.name]!r} too")
        spelled[field.name] = key
        if path in bound:
            raise wrong(path, item, "absent here: the path gives it")
        if item is None and not _takes_null(field):
            continue
        require_free_oneof(message, field, path)
        read_field(message, field, item, path, bound)


def read_field(message: Message, field: Field, value: Any, path: str, bound: frozenset[str]) -> None:
    """Sets one field, singular, repeated or a map; raises InvalidValue naming `path`."""
    if is_map(field):
        _read_map(message, field, value, path)
    elif field.is_repeated:
        if not isinstance(value, list):
            raise wrong(path, value, "a JSON list")
        items = getattr(message, field.name)
        for index, item in enumerate(value):
            at = f"{path}[{index}]"
            if item is None and not _takes_null(field):
                raise wrong(at, item, "not null")
            if field.message_type is not None:
                read_message(items.add(), item, at)
            else:
                items.append(scalar(field, item, at))
    else:
        _read_single(message, field, value, path, bound)


def _read_single(message: Message, field: Field, value: Any, path: str, bound: frozenset[str] = frozenset()) -> None:
    if field.message_type is not None:
        read_message(getattr(message, field.name), value, path, bound)
    else:
        setattr(message, field.name, scalar(field, value, path))


def _read_map(message: Message, field: Field, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise wrong(path, value, "a JSON object")
    keys, values = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    entries = getattr(message, field.name)
    for text, item in value.items():
        at = f"{path}[{text!r}]"
        key = from_text(keys, text, at)
        if key in entries:
            raise InvalidValue(at, text, "each key once")
        if item is None and not _takes_null(values):
            raise wrong(at, item, "not null")
        if values.message_type is not None:
            read_message(entries[key], item, at)
        else:
            entries[key] = scalar(values, item, at)


def _read_well_known(message: Message, value: Any, path: str) -> None:
    kind = message.DESCRIPTOR.full_name
    rule = TEXTUAL.get(kind) or _FREE[kind]
    if kind in TEXTUAL and not isinstance(value, str):
        raise wrong(path, value, rule)
    try:
        ParseDict(value, message)
    except (JsonFormatError, ValueError, TypeError, AttributeError) as error:
        raise wrong(path, value, rule) from error


def scalar(field: Field, value: Any, path: str) -> Any:
    """A scalar or enum from its JSON value; raises InvalidValue naming `path`."""
    kind = field.type
    if kind == F.TYPE_BOOL:
        if not isinstance(value, bool):
            raise wrong(path, value, "true or false")
        return value
    if kind in _INTEGERS:
        return _integer(kind, value, path)
    if kind in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
        return _float(kind, value, path)
    if kind == F.TYPE_ENUM:
        return _enum(field, value, path)
    if not isinstance(value, str):
        raise wrong(path, value, "base64 text" if kind == F.TYPE_BYTES else "text")
    return _bytes(value, path) if kind == F.TYPE_BYTES else _text(value, path)


def from_text(field: Field, text: str, path: str) -> Any:
    """A scalar or enum as paths, queries and map keys spell it; raises InvalidValue naming `path`."""
    if field.type == F.TYPE_BOOL:
        if text not in ("true", "false"):
            raise wrong(path, text, "true or false")
        return text == "true"
    if field.type == F.TYPE_ENUM and _INTEGER.fullmatch(text):
        return _enum(field, int(text), path)
    return scalar(field, text, path)


def _integer(kind: int, value: Any, path: str) -> int:
    low, high = _INTEGERS[kind]
    if (isinstance(value, str) and _INTEGER.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise wrong(path, value, f"a whole number from {low} to {high}")
    return value


def _float(kind: int, value: Any, path: str) -> float:
    if isinstance(value, str) and (value in _NOT_FINITE or _NUMBER.fullmatch(value)):
        if value in _NOT_FINITE:
            return float(value.replace("Infinity", "inf"))
        value = float(value)
    limit = _LARGEST_FLOAT if kind == F.TYPE_FLOAT else 1.7976931348623157e308
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        raise wrong(path, value, "a number" if kind == F.TYPE_DOUBLE else "a number that fits 32 bits")
    return float(value)


def _enum(field: Field, value: Any, path: str) -> int:
    kind = field.enum_type
    if value is None and kind.full_name == _NULL_VALUE:
        return 0
    found = None
    if isinstance(value, str):
        found = kind.values_by_name.get(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = kind.values_by_number.get(value)
    if found is None:
        raise wrong(path, value, f"one of {', '.join(each.name for each in kind.values)}")
    return int(found.number)


def _bytes(value: str, path: str) -> bytes:
    text = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong(path, value, "base64 text") from error


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(path, ascii(value)[:64], f"Unicode text; half a character at {error.start}") from error
    return value


def find_field(descriptor: Any, name: str) -> Field | None:
    """The field of that proto name or lowerCamelCase JSON name."""
    found: Field | None = descriptor.fields_by_name.get(name)
    if found is not None:
        return found
    return next((field for field in descriptor.fields if field.json_name == name), None)


def is_map(field: Field) -> bool:
    """Whether it is a map."""
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def require_free_oneof(message: Message, field: Field, path: str) -> None:
    """Raises InvalidValue when another member of the field's oneof is set already."""
    oneof = field.containing_oneof
    if oneof is None:
        return
    other = message.WhichOneof(oneof.name)
    if other is not None and other != field.name:
        raise InvalidValue(path, "...", f"one of {', '.join(each.name for each in oneof.fields)}; {other} is set too")


def unknown(path: str, value: Any, descriptor: Any) -> InvalidValue:
    """The refusal of a field that does not exist, naming those that do."""
    names = ", ".join(field.name for field in descriptor.fields) or "none"
    return wrong(path or '""', value, f"a known field; {descriptor.name} has {names}")


def wrong(path: str, value: Any, rule: str) -> InvalidValue:
    """The refusal of a value, shown short."""
    if isinstance(value, str):
        shown: Any = value.encode(errors="replace").decode()
    else:
        shown = "..." if isinstance(value, dict | list) else value
    text = str(shown)
    return InvalidValue(path, f"{text[:64]}..." if len(text) > 64 else shown, rule)


def join(where: str, name: str) -> str:
    """A field path one longer."""
    return f"{where}.{name}" if where else name


def _takes_null(field: Field) -> bool:
    if field.message_type is not None:
        return bool(field.message_type.full_name == "google.protobuf.Value")
    return field.enum_type is not None and bool(field.enum_type.full_name == _NULL_VALUE)

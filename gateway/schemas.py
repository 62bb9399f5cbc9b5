"""JSON schemas of messages and enums as canonical proto3 JSON writes them, with the contracts' comments."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor

Schema = dict[str, Any]

_DECIMAL = r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$"
_INT32: Schema = {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
_UINT32: Schema = {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**32 - 1}
_INT64: Schema = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}
_UINT64: Schema = {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"}
_NUMBER: Schema = {"anyOf": [{"type": "number"}, {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]}

_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_DOUBLE: _NUMBER,
    FieldDescriptor.TYPE_FLOAT: _NUMBER,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}

# Messages with a JSON form of their own.
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Empty": {"type": "object", "maxProperties": 0},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
        "additionalProperties": True,
    },
    **{
        f"google.protobuf.{name}Value": {"anyOf": [schema, {"type": "null"}]}
        for name, schema in {
            "Double": _NUMBER, "Float": _NUMBER, "Int64": _INT64, "UInt64": _UINT64, "Int32": _INT32,
            "UInt32": _UINT32, "Bool": {"type": "boolean"}, "String": {"type": "string"},
            "Bytes": {"type": "string", "contentEncoding": "base64"},
        }.items()
    },
}  # fmt: skip

# Comments of google's own contracts, which ours do not carry, and what their text fields hold.
_GOOGLE_COMMENTS = {
    "google.type.Decimal": "A decimal number as text: exact, nothing is rounded.",
    "google.type.Decimal.value": "The number, for example 12.50.",
    "google.type.Date": "A calendar date.",
    "google.type.Date.year": "Year, 1 to 9999.",
    "google.type.Date.month": "Month, 1 to 12.",
    "google.type.Date.day": "Day of the month, from 1.",
}
_PATTERNS = {"google.type.Decimal.value": _DECIMAL}


@cache
def _comments() -> dict[str, str]:
    text = importlib.resources.files("hedgerow.api").joinpath("comments.json").read_text(encoding="utf-8")
    return {**json.loads(text), **_GOOGLE_COMMENTS}


def comment(full_name: str) -> str:
    """What the contracts say of a service, method, message, field, enum, oneof or value; empty for nothing."""
    return _comments().get(full_name, "")


def has_own_form(message: Descriptor) -> bool:
    """Whether JSON writes the message as something else than an object of its fields."""
    return message.full_name in _WELL_KNOWN


def has_scalar_form(message: Descriptor) -> bool:
    """Whether JSON writes the message as one text, number or truth value: a query can hold it."""
    return message.full_name in _WELL_KNOWN and _WELL_KNOWN[message.full_name].get("type") == "string"


class Schemas:
    """The components of one document: every message and enum asked for, and what they reach."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def message(self, message: Descriptor) -> Schema:
        """The schema of a message: a reference, or itself where JSON has a form of its own for it."""
        if message.full_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[message.full_name])
        if message.full_name not in self.components:
            schema: Schema = {"type": "object", "additionalProperties": False}
            self.components[message.full_name] = schema  # before its fields, which may hold it again
            schema.update(self._object(message))
        return _reference(message.full_name)

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field's value, with its comment."""
        entry = field.message_type if field.message_type and field.message_type.GetOptions().map_entry else None
        if entry is not None:
            schema: Schema = {"type": "object", "additionalProperties": self._one(entry.fields_by_name["value"])}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._one(field)}
        else:
            schema = self._one(field)
        return _described(schema, comment(field.full_name))

    def _one(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        schema = dict(_SCALARS[field.type])
        if field.full_name in _PATTERNS:
            schema["pattern"] = _PATTERNS[field.full_name]
        return schema

    def _object(self, message: Descriptor) -> Schema:
        schema: Schema = {"properties": {field.json_name: self.field(field) for field in message.fields}}
        choices = [_at_most_one(oneof) for oneof in message.oneofs if not _is_optional(oneof)]
        if choices:
            schema["allOf"] = choices
        return _described(schema, comment(message.full_name))

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.full_name not in self.components:
            scope = enum.full_name.rpartition(".")[0]
            told = [f"- `{value.name}`: {comment(f'{scope}.{value.name}')}" for value in enum.values]
            self.components[enum.full_name] = {
                "type": "string",
                "description": "\n".join([comment(enum.full_name), "", *told]),
                "enum": [value.name for value in enum.values],
            }
        return _reference(enum.full_name)


def _reference(full_name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{full_name}"}


def _described(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text} if text else schema


def _is_optional(oneof: OneofDescriptor) -> bool:
    """`optional` on a field is written as a oneof of one, named by an underscore and the field."""
    return len(oneof.fields) == 1 and oneof.name == f"_{oneof.fields[0].name}"


def _at_most_one(oneof: OneofDescriptor) -> Schema:
    given: list[Schema] = [{"required": [field.json_name]} for field in oneof.fields]
    return _described({"oneOf": [*given, {"not": {"anyOf": given}}]}, comment(oneof.full_name))

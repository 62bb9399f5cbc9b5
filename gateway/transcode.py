"""HTTP request into proto request, proto answer into JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from gateway.json_text import read_json
from gateway.query import parse_query, read_query, set_path_field
from gateway.routes import Route
from gateway.values import read_field, read_message
from hedgerow.domain.errors import InvalidValue

WHOLE = "*"


def read_request(route: Route, bound: Mapping[str, str], query: bytes, body: bytes) -> Message:
    """The proto request of a route's path variables, query and body; raises InvalidValue naming the field."""
    request = route.request_class()
    given = frozenset(bound)
    pairs = parse_query(query)
    if route.body:
        if body:
            _read_body(request, route, body, given)
    elif body:
        raise InvalidValue("body", "...", "empty: this method takes its fields from path and query")
    if route.body == WHOLE and pairs:
        raise InvalidValue(
            pairs[0][0][:64], pairs[0][1][:64], "absent from the query: this method's fields are its body"
        )
    read_query(request, pairs, given | {route.body} if route.body else given)
    for name, text in bound.items():
        set_path_field(request, name, text)
    return request


def _read_body(request: Message, route: Route, body: bytes, bound: frozenset[str]) -> None:
    value = read_json(body)
    if route.body == WHOLE:
        read_message(request, value, bound=bound)
    else:
        field: Any = request.DESCRIPTOR.fields_by_name[route.body]
        read_field(request, field, value, field.name, bound)


def to_json(message: Message, response_body: str = "") -> bytes:
    """Canonical proto3 JSON of the message, or of its field `response_body`."""
    if not response_body:
        return dump(MessageToDict(message))
    field = message.DESCRIPTOR.fields_by_name[response_body]
    return dump(MessageToDict(message, always_print_fields_with_no_presence=True).get(field.json_name))


def result_line(message: Message, response_body: str = "") -> bytes:
    """One message of a stream: {"result": ...}."""
    return b'{"result":' + to_json(message, response_body) + b"}"


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

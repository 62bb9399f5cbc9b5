"""Canonical proto3 JSON in: what is right is read as protobuf reads it, what is wrong names its field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, MessageToJson, ParseDict
from hypothesis import given
from hypothesis import strategies as st

from gateway.values import read_message
from hedgerow.domain.errors import InvalidValue
from tests.unit.gateway.refusal import refusal
from tests.unit.gateway.things import thing


def read(value: Any) -> Any:
    message = thing()
    read_message(message, value)
    return message


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"name": "a", "small": 3, "large": "-9223372036854775808", "counter": "18446744073709551615"},
        {"small": 3.0, "large": 1e3, "count": "7"},
        {"ratio": "1.5", "rough": 2, "flag": True, "data": "aGk=", "color": "COLOR_RED"},
        {"ratio": "Infinity", "rough": "-Infinity", "data": "-_8", "color": 2},
        {"part": {"name": "p", "inside": {"size": 2, "inside": {}}}},
        {"tags": ["a", ""], "numbers": [1, "2", 3.0], "colors": ["COLOR_BLUE", 1], "parts": [{}, {"size": 1}]},
        {"sizes": {"a": 1, "": 2}, "shelves": {"-1": {"name": "x"}, "7": {}}},
        {"createTime": "2026-01-05T14:30:00.123456789Z", "age": "1.5s", "mask": "partName,tags"},
        {"create_time": "2026-01-05T14:30:00+02:00", "times": ["2026-01-05T14:30:00Z"]},
        {"extra": {"a": [1, None, {"b": "c"}]}, "anything": None, "list": [1, "a", None]},
        {"anything": {"x": 1}, "maybe": "12", "note": "", "really": False, "price": {"value": "12.50"}},
        {"limit": 0, "word": "", "nothing": None},
        {"number": 4, "word": None},
        {"piece": {}},
        {"name": None, "tags": None, "part": None},
        {"any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"}},
        {"name": "\u20ac \U0001f600 \u0000"},
    ],
)
def test_valid_json_is_read_as_protobuf_reads_it(value: dict[str, Any]) -> None:
    assert read(value) == ParseDict(value, thing())


@pytest.mark.parametrize(
    ("value", "field", "says"),
    [
        ([], "body", "JSON object"),
        ("x", "body", "JSON object"),
        ({"color_name": 1}, "color_name", "known field"),
        ({"part": {"inside": {"sizes": 1}}}, "part.inside.sizes", "Part has name, size, inside"),
        ({"parts": [{}, {"size": "x"}]}, "parts[1].size", "whole number"),
        ({"small": 2**31}, "small", "2147483647"),
        ({"small": 1.5}, "small", "whole number"),
        ({"small": True}, "small", "whole number"),
        ({"small": "1e3"}, "small", "whole number"),
        ({"small": " 1"}, "small", "whole number"),
        ({"small": "\u0663"}, "small", "whole number"),
        ({"large": 1e30}, "large", "whole number"),
        ({"count": -1}, "count", "from 0"),
        ({"counter": "18446744073709551616"}, "counter", "whole number"),
        ({"ratio": "nan"}, "ratio", "number"),
        ({"ratio": ""}, "ratio", "number"),
        ({"ratio": False}, "ratio", "number"),
        ({"ratio": 10**400}, "ratio", "number"),
        ({"ratio": "1e999"}, "ratio", "number"),
        ({"rough": 1e39}, "rough", "32 bits"),
        ({"flag": "true"}, "flag", "true or false"),
        ({"flag": 1}, "flag", "true or false"),
        ({"data": "a"}, "data", "base64"),
        ({"data": "a*b="}, "data", "base64"),
        ({"data": 1}, "data", "base64"),
        ({"color": "RED"}, "color", "COLOR_UNSPECIFIED, COLOR_RED, COLOR_BLUE"),
        ({"color": 9}, "color", "COLOR_RED"),
        ({"color": True}, "color", "COLOR_RED"),
        ({"colors": ["COLOR_RED", "x"]}, "colors[1]", "COLOR_RED"),
        ({"name": 5}, "name", "text"),
        ({"name": "\ud800"}, "name", "half a character"),
        ({"tags": "a"}, "tags", "JSON list"),
        ({"tags": [None]}, "tags[0]", "not null"),
        ({"part": []}, "part", "JSON object"),
        ({"sizes": [1]}, "sizes", "JSON object"),
        ({"sizes": {"a": "x"}}, "sizes['a']", "whole number"),
        ({"sizes": {"a": None}}, "sizes['a']", "not null"),
        ({"shelves": {"x": {}}}, "shelves['x']", "whole number"),
        ({"shelves": {"1": {"no": 1}}}, "shelves['1'].no", "known field"),
        ({"createTime": "yesterday"}, "create_time", "RFC 3339"),
        ({"createTime": 5}, "create_time", "RFC 3339"),
        ({"createTime": "2026-13-45T00:00:00Z"}, "create_time", "RFC 3339"),
        ({"createTime": "9999-99-99T00:00:00Z"}, "create_time", "RFC 3339"),
        ({"times": ["x"]}, "times[0]", "RFC 3339"),
        ({"age": "1.5"}, "age", "seconds with an s"),
        ({"age": "999999999999999s"}, "age", "seconds with an s"),
        ({"mask": 1}, "mask", "field names"),
        ({"extra": [1]}, "extra", "JSON object"),
        ({"list": {}}, "list", "JSON list"),
        ({"any": {"@type": "type.googleapis.com/no.such.Type"}}, "any", "known @type"),
        ({"any": {}} | {"any": 3}, "any", "known @type"),
        ({"maybe": "x"}, "maybe", "whole number"),
        ({"really": "true"}, "really", "true or false"),
        ({"price": 12.5}, "price", "JSON object"),
        ({"price": {"value": 12.5}}, "price.value", "text"),
        ({"word": "a", "number": 1}, "number", "word is set too"),
        ({"createTime": "2026-01-05T14:30:00Z", "create_time": "2026-01-05T14:30:00Z"}, "create_time", "createTime"),
    ],
)
def test_invalid_json_names_the_field(value: Any, field: str, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(value)
    assert caught.value.key == field
    assert says in str(caught.value)
    str(caught.value).encode()


def test_what_the_path_binds_is_refused_in_the_body() -> None:
    with pytest.raises(InvalidValue) as caught:
        read_message(thing(), {"part": {"name": "x"}}, bound=frozenset({"part.name"}))
    assert caught.value.key == "part.name"


def test_values_shown_in_errors_are_short() -> None:
    with pytest.raises(InvalidValue) as caught:
        read({"color": "x" * 10_000})
    assert len(str(caught.value)) < 300


NAMES = st.sampled_from([*(field.name for field in thing().DESCRIPTOR.fields), "size", "inside", "x", "@type"])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
    | st.sampled_from(["COLOR_RED", "1.5s", "2026-01-05T14:30:00Z", "a,b", "aGk="])
)  # fmt: skip
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_any_json_is_read_or_refused_by_name(value: dict[str, Any]) -> None:
    error = refusal(lambda: read(value))
    if error is not None:
        assert error.key
        return
    message = read(value)
    again = thing()
    read_message(again, json.loads(MessageToJson(message)))
    assert again == message
    assert message == ParseDict(MessageToDict(message), thing())

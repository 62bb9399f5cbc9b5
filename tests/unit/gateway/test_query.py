"""Query parameters: every kind of field by its dotted name, and each mistake by the same name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from gateway.query import parse_query, read_query, set_path_field
from hedgerow.domain.errors import InvalidValue
from tests.unit.gateway.refusal import refusal
from tests.unit.gateway.things import thing


def read(query: str | bytes, *bound: str) -> Any:
    message = thing()
    data = query.encode() if isinstance(query, str) else query
    read_query(message, parse_query(data), frozenset(bound))
    return message


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("", {}),
        ("&&", {}),
        ("name=a+b%20c", {"name": "a b c"}),
        ("name=", {"name": ""}),
        ("name", {"name": ""}),
        ("name=a=b", {"name": "a=b"}),
        ("small=-3&large=9223372036854775807&flag=true", {"small": -3, "large": "9223372036854775807", "flag": True}),
        ("ratio=1e-3&rough=2.5&data=aGk%3D", {"ratio": 0.001, "rough": 2.5, "data": "aGk="}),
        ("color=COLOR_BLUE", {"color": "COLOR_BLUE"}),
        ("color=2", {"color": "COLOR_BLUE"}),
        ("tags=a&tags=b&tags=", {"tags": ["a", "b", ""]}),
        ("numbers=1&numbers=2&colors=1&colors=COLOR_BLUE", {"numbers": [1, 2], "colors": [1, 2]}),
        ("part.name=x&part.inside.size=4", {"part": {"name": "x", "inside": {"size": 4}}}),
        ("createTime=2026-01-05T14:30:00Z", {"createTime": "2026-01-05T14:30:00Z"}),
        ("create_time=2026-01-05T14:30:00%2B02:00", {"createTime": "2026-01-05T12:30:00Z"}),
        ("age=1.5s&mask=name,createTime", {"age": "1.5s", "mask": "name,createTime"}),
        ("maybe=0&note=&really=false", {"maybe": "0", "note": "", "really": False}),
        ("price.value=12.50", {"price": {"value": "12.50"}}),
        ("times=2026-01-05T14:30:00Z&times=2026-01-06T14:30:00Z",
         {"times": ["2026-01-05T14:30:00Z", "2026-01-06T14:30:00Z"]}),
        ("limit=0&word=", {"limit": 0, "word": ""}),
        ("piece.size=1", {"piece": {"size": 1}}),
        ("name=%E2%82%AC", {"name": "€"}),
        ("name=a;b", {"name": "a;b"}),
    ],
)  # fmt: skip
def test_parameters_set_the_fields_they_name(query: str, value: dict[str, Any]) -> None:
    assert read(query) == ParseDict(value, thing())


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("no_such=1", "no_such", "Thing has name"),
        ("part.no=1", "part.no", "Part has name"),
        ("name.x=1", "name.x", "name has no fields"),
        ("=1", '""', "known field"),
        ("part.=1", "part.", "known field"),
        ("small=1&small=2", "small", "given once"),
        ("createTime=2026-01-05T14:30:00Z&create_time=2026-01-05T14:30:00Z", "create_time", "given once"),
        ("small=x", "small", "whole number"),
        ("small=1.0", "small", "whole number"),
        ("flag=1", "flag", "true or false"),
        ("color=PINK", "color", "COLOR_RED"),
        ("color=7", "color", "COLOR_RED"),
        ("part=x", "part", "part.name"),
        ("price=12.5", "price", "price.value"),
        ("parts=x", "parts", "body"),
        ("parts.name=x", "parts.name", "parts has no fields"),
        ("sizes=1", "sizes", "body"),
        ("sizes.a=1", "sizes.a", "sizes has no fields"),
        ("extra=1", "extra", "given as"),
        ("createTime=today", "create_time", "RFC 3339"),
        ("create_time.seconds=1", "create_time.seconds", "create_time has no fields"),
        ("maybe=x", "maybe", "whole number"),
        ("word=a&number=1", "number", "word is set too"),
        ("word=a&piece.size=1", "piece", "word is set too"),
        ("name=%ff", "name", "UTF-8"),
        ("name=%zz", "name", "no escape"),
        (b"name=\xff", "name", "unescaped"),
        ("%ff=1", "%ff", "UTF-8"),
    ],
)
def test_a_wrong_parameter_is_named(query: str | bytes, field: str, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(query)
    assert caught.value.key == field
    assert says in str(caught.value)
    str(caught.value).encode()


@pytest.mark.parametrize("query", ["name=x", "part.name=x", "part.inside.size=1"])
def test_what_path_or_body_give_is_refused(query: str) -> None:
    with pytest.raises(InvalidValue, match="the path or the body gives it"):
        read(query, "name", "part")


def test_a_path_variable_sets_a_nested_field() -> None:
    message = thing()
    set_path_field(message, "part.inside.size", "12")
    assert message.part.inside.size == 12
    with pytest.raises(InvalidValue) as caught:
        set_path_field(thing(), "part.inside.size", "x")
    assert caught.value.key == "part.inside.size"


SCALARS = {
    "name": st.text(st.characters(exclude_categories=["Cs"])),
    "small": st.integers(-(2**31), 2**31 - 1),
    "counter": st.integers(0, 2**64 - 1),
    "flag": st.booleans(),
    "ratio": st.floats(allow_nan=False, allow_infinity=False),
    "color": st.sampled_from([0, 1, 2]),
    "part.name": st.text(st.characters(exclude_categories=["Cs"])),
    "part.inside.size": st.integers(-(2**31), 2**31 - 1),
    "maybe": st.integers(-(2**63), 2**63 - 1),
}


@given(st.fixed_dictionaries({}, optional=SCALARS), st.lists(st.integers(-9, 9)), st.randoms())
def test_any_values_come_through_in_any_order(values: dict[str, Any], numbers: list[int], random: Any) -> None:
    wanted = thing(numbers=numbers)
    for name, value in values.items():
        *above, last = name.split(".")
        holder = wanted
        for part in above:
            holder = getattr(holder, part)
        if name == "maybe":
            holder.maybe.value = value
        else:
            setattr(holder, last, value)
    pairs = [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in values.items()]
    random.shuffle(pairs)
    query = urlencode([*pairs, *(("numbers", str(number)) for number in numbers)])
    assert read(query) == wanted


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(query: bytes) -> None:
    error = refusal(lambda: read(query))
    assert error is None or str(error).encode()


@given(st.sampled_from([field.name for field in thing().DESCRIPTOR.fields]), st.text(max_size=8))
def test_any_text_for_any_field_is_read_or_refused_by_its_name(name: str, text: str) -> None:
    query = f"{name}={quote(text, safe='', errors='replace')}"
    error = refusal(lambda: read(query))
    assert error is None or error.key == name

"""Strict JSON: whatever is wrong is refused, and named with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.json_text import MAX_DEPTH, read_json
from hedgerow.domain.errors import InvalidValue
from tests.unit.gateway.refusal import refusal


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "line 1 column 1"),
        (b"{", "line 1 column 2"),
        (b'{"a": 1,\n "b": }', "line 2 column 7"),
        (b"{} x", "Extra data"),
        (b"\xff", "byte 0"),
        (b'{"a": "\xc3"}', "byte 7"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "double"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 100_000, "deep"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deep"),
        (b'{"a": "\x00"}', "control character"),
        (b"{'a': 1}", "property name"),
        (b"// no\n{}", "Expecting value"),
    ],
)
def test_what_is_no_json_is_refused(text: bytes, says: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_json(text)
    assert caught.value.key == "body"
    assert says in caught.value.rule


def test_a_key_given_twice_is_named() -> None:
    with pytest.raises(InvalidValue) as caught:
        read_json(b'{"a": {"side": 1, "price": 2, "side": 1}}')
    assert caught.value.key == "side"


def test_nesting_up_to_the_limit_is_read() -> None:
    value = read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert isinstance(value, list)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(TREES)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    error = refusal(lambda: read_json(data))
    assert error is None or error.rule

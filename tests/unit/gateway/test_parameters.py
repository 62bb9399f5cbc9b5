"""Parameters of the short routes: names known, given once; times in every unit an operator writes them in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.parameters import read_count, read_parameters, read_time
from gateway.snapshot import time_ns
from hedgerow.domain.errors import InvalidValue

BAD_TIMES = ("", "now", "-1", "1e9", "2026-01-05", "2026-13-05T00:00:00Z", "9" * 20, "nan", "1.", " 1", "\u0663")
NS_2026 = 1_767_623_400_123_456_789


def test_known_parameters_are_read() -> None:
    assert read_parameters(b"a=1&b=x+y", ("a", "b", "c")) == {"a": "1", "b": "x y"}


@pytest.mark.parametrize(("query", "name"), [(b"a=1&a=2", "a"), (b"z=1", "z"), (b"a=%ff", "a")])
def test_others_are_named(query: bytes, name: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_parameters(query, ("a", "b"))
    assert caught.value.key == name


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-01-05T14:30:00.123456789Z", NS_2026),
        ("2026-01-05T15:30:00.123456789+01:00", NS_2026),
        ("1767623400.123456789", NS_2026),
        ("1767623400", 1_767_623_400_000_000_000),
        ("1767623400123", 1_767_623_400_123_000_000),
        ("1767623400123.456789", NS_2026),
        ("1767623400123456789", NS_2026),
        ("0", 0),
    ],
)
def test_a_time_is_told_by_its_form_and_size(text: str, ns: int) -> None:
    assert time_ns(read_time("since_ts", text)) == ns


@pytest.mark.parametrize("text", BAD_TIMES)
def test_what_is_no_time_is_named(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_time("since_ts", text)
    assert caught.value.key == "since_ts"


@given(st.integers(10**17, 9_214_646_400 * 10**9 - 1))
def test_ns_come_through_exactly(ns: int) -> None:
    assert time_ns(read_time("t", str(ns))) == ns
    seconds, rest = divmod(ns, 10**9)
    if seconds < 10**11:
        assert time_ns(read_time("t", f"{seconds}.{rest:09d}")) == ns


@pytest.mark.parametrize("text", ["0", "-1", "1001", "1.0", "", "x", "\u0663", "1" * 30])
def test_a_count_has_its_bounds(text: str) -> None:
    assert read_count("limit", "1000") == 1000
    with pytest.raises(InvalidValue, match="limit"):
        read_count("limit", text)

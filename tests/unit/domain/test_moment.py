"""Points in time as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.moment import parse_moment

TEN = int(datetime(2015, 12, 24, 10, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2015-12-24T10:00:00Z", TEN),
        ("2015-12-24t05:00:00-05:00", TEN),
        ("2015-12-24T10:00:00.5Z", TEN + 500_000_000),
        ("2015-12-24T10:00:00.123456789Z", TEN + 123_456_789),
        ("1970-01-01T00:00:00Z", 0),
        (str(TEN // 10**9), TEN),
        (f"{TEN // 10**9}.25", TEN + 250_000_000),
        (str(TEN // 10**6), TEN),
        (str(TEN + 1), TEN + 1),
        ("0", 0),
    ],
)
def test_each_way_of_writing_one(text: str, ns: int) -> None:
    assert parse_moment("since_ts", text) == ns


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2015-12-24", "2015-12-24T10:00:00", "1969-12-31T23:59:59Z", "-1", "1e9", "nan", "9" * 19,
     "2015-13-01T00:00:00Z", "9" * 30, "٣"],
)  # fmt: skip
def test_anything_else_is_refused_by_its_key(text: str) -> None:
    with pytest.raises(InvalidValue, match="since_ts"):
        parse_moment("since_ts", text)

"""Points in time as people and programs write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hedgerow.domain.errors import InvalidValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{1,19}(\.[0-9]{1,9})?")
_RULE = "an RFC 3339 time such as 2015-12-24T10:00:00Z, or seconds, ms or ns since 1970"
# Seconds reach the year 5138 before they could be ms; ms begin in 1973, ns in 1973 as well.
_MS_FROM, _NS_FROM = Decimal(10) ** 11, Decimal(10) ** 17
_FRACTION = re.compile(r"[.,]([0-9]+)")


def parse_moment(key: str, text: str) -> int:
    """Wall or market time, ns UTC; a number is seconds, ms or ns since 1970 by its size. Raises InvalidValue."""
    if _NUMBER.fullmatch(text):
        value = Decimal(text)
        scale = 10**9 if value < _MS_FROM else 10**6 if value < _NS_FROM else 1
        nanoseconds = int(value * scale)
        if nanoseconds >= 2**63:
            raise InvalidValue(key, text, _RULE)
        return nanoseconds
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidValue(key, text, _RULE) from error
    if "T" not in text.upper() or moment.tzinfo is None or moment < _EPOCH:
        raise InvalidValue(key, text, _RULE)
    # Python reads microseconds only.
    fraction = _FRACTION.search(text)
    nanoseconds = int(fraction[1][:9].ljust(9, "0")) if fraction else 0
    return (moment.replace(microsecond=0) - _EPOCH) // timedelta(seconds=1) * 10**9 + nanoseconds

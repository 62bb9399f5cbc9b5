"""Query parameters of the short routes: known names, each once; times however an operator writes them."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.query import parse_query
from hedgerow.domain.errors import InvalidValue
from hedgerow.store.read import PAGE_LIMIT
from hedgerow.wire.common import timestamp_from_wire

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,9})?")
_TIME_RULE = "RFC 3339 such as 2026-01-05T14:30:00Z, or seconds, ms or ns since 1970"
_NS_PER_S = 1_000_000_000
# Seconds reach the year 5138 below the first bound; ms from 1973 on lie above it, ns from 1973 on above the second.
_SECONDS_BELOW, _MS_BELOW = 10**11, 10**17
_LATEST_S = 253_402_300_799


def read_parameters(query: bytes, known: Collection[str]) -> dict[str, str]:
    """Values by name; raises InvalidValue for a name that is not `known` or is given twice."""
    found: dict[str, str] = {}
    for name, value in parse_query(query):
        if name not in known:
            raise InvalidValue(name[:64], value[:64], f"a known parameter: {', '.join(known) or 'there is none'}")
        if name in found:
            raise InvalidValue(name, value[:64], "given once")
        found[name] = value
    return found


def read_time(name: str, text: str) -> Timestamp:
    """A time from RFC 3339 or a number whose size tells its unit; raises InvalidValue naming the parameter."""
    stamp = Timestamp()
    if _NUMBER.fullmatch(text):
        value = Decimal(text)
        unit = _NS_PER_S if value < _SECONDS_BELOW else 1_000_000 if value < _MS_BELOW else 1
        seconds, nanos = divmod(int(value * unit), _NS_PER_S)
        stamp.seconds, stamp.nanos = min(seconds, _LATEST_S), nanos
    else:
        try:
            stamp.FromJsonString(text)
        except ValueError as error:
            raise InvalidValue(name, text[:64], _TIME_RULE) from error
    timestamp_from_wire(name, stamp)
    return stamp


def read_count(name: str, text: str) -> int:
    """A number of rows, 1 to PAGE_LIMIT; raises InvalidValue naming the parameter."""
    count = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0
    if not 1 <= count <= PAGE_LIMIT:
        raise InvalidValue(name, text[:64], f"a whole number from 1 to {PAGE_LIMIT}")
    return count

"""Server versions: what is negotiated per connection, and the gates the layouts change at."""

from __future__ import annotations

import re

# ibapi 9.81.1 stops at 157, ib_insync 0.9.86 at 176, ib_async 2.1.0 at 178; protobuf begins at 201.
OLDEST = 157
NEWEST = 178
# Both asyncio clients send `duration` from 158 on but read it from 159 on: 158 fits neither.
SKIPPED = 158

FRACTIONAL_SIZES = 163
SIZE_RULES = 164
ADVANCED_REJECT = 166
ISSUER_ID = 176

_HELLO = re.compile(r"^v(\d{1,9})(?:\.\.(\d{1,9}))?(?: .*)?$")


def negotiate(hello: str, newest: int = NEWEST) -> int | None:
    """The version to serve a client announcing `v157..176`, None when there is none in common.

    `newest` pins an older server; the answer is never 158.
    """
    match = _HELLO.match(hello)
    if match is None:
        return None
    low = int(match.group(1))
    high = int(match.group(2) or low)
    version = min(high, newest, NEWEST)
    if version == SKIPPED:
        version -= 1
    return version if version >= max(low, OLDEST) else None

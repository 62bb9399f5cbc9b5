"""Hand-made framing agrees with protobuf's own."""

from __future__ import annotations

import pytest

from hedgerow.api.market_data.v1 import market_data_pb2
from hedgerow.wire.embed import embed, varint, varint_field


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 16_383, 16_384, 2**32, 2**64 - 1])
def test_a_number_is_encoded_as_protobuf_does(value: int) -> None:
    assert varint_field(1, value) == market_data_pb2.QuoteGap(dropped=value).SerializeToString()


def test_varint_is_little_end_first() -> None:
    assert varint(300) == b"\xac\x02"


def test_a_repeated_field_is_the_field_again() -> None:
    body = market_data_pb2.Quote(instrument_id="GOOG").SerializeToString()
    batch = market_data_pb2.QuoteBatch.FromString(embed(1, body) * 2)
    assert [quote.instrument_id for quote in batch.quotes] == ["GOOG", "GOOG"]

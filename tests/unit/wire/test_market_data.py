"""Quotes: an absent side stays absent, nonsense is refused, shared bytes decode like any message."""

from __future__ import annotations

import math

import pytest

from hedgerow.api.market_data.v1 import market_data_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.quote import Greeks, Quote
from hedgerow.wire import market_data

QUOTE = Quote("GOOG", 748.4, 748.6, 200.0, 100.0, 1_450_965_060_000_000_001, 1_795_183_396_343_908_559, 77)


def test_an_absent_side_stays_absent() -> None:
    message = market_data.quote_to_wire(QUOTE._replace(bid=None))
    assert not message.HasField("bid")
    assert market_data.quote_from_wire("quote", message).bid is None


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_price_that_is_none_is_refused(side: str, price: float) -> None:
    message = market_data.quote_to_wire(QUOTE)
    setattr(message, side, price)
    with pytest.raises(InvalidValue, match=f"^quote.{side}"):
        market_data.quote_from_wire("quote", message)


@pytest.mark.parametrize("size", [-1.0, math.nan, math.inf])
def test_a_size_is_finite_and_not_negative(size: float) -> None:
    message = market_data.quote_to_wire(QUOTE._replace(ask_size=size))
    with pytest.raises(InvalidValue, match=r"quote\.bid_size"):
        market_data.quote_from_wire("quote", message)


def test_a_quote_names_its_instrument() -> None:
    with pytest.raises(InvalidValue, match=r"quote\.instrument_id"):
        market_data.quote_from_wire("quote", market_data_pb2.Quote())


def test_greeks_without_source_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"greeks\.source"):
        market_data.greeks_from_wire("greeks", market_data_pb2.Greeks(delta=0.5))


def test_greeks_are_finite() -> None:
    message = market_data.greeks_to_wire(Greeks(math.nan, 0.0, 0.0, 0.0, 0.2, "BROKER"))
    with pytest.raises(InvalidValue, match=r"^greeks: "):
        market_data.greeks_from_wire("greeks", message)


def test_shared_bytes_are_the_message_a_client_expects() -> None:
    quotes = [QUOTE, QUOTE._replace(instrument_id="GOOG 20160122 750 C", ask=None)]
    data = market_data.encode_quote_batch([market_data.encode_quote(quote) for quote in quotes], 12_345)
    built = market_data_pb2.StreamQuotesResponse(
        quotes=market_data_pb2.QuoteBatch(quotes=map(market_data.quote_to_wire, quotes), sequence=12_345)
    )
    assert data == built.SerializeToString(deterministic=True)
    decoded = market_data_pb2.StreamQuotesResponse.FromString(data)
    assert decoded.WhichOneof("event") == "quotes"
    assert market_data.quotes_from_wire(decoded.quotes) == quotes

"""Quotes and greeks to and from protobuf, and quotes encoded once for many readers."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from struct import Struct

from hedgerow.api.market_data.v1 import market_data_pb2
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.quote import Greeks, Quote
from hedgerow.wire.common import NS_PER_S, timestamp_to_wire
from hedgerow.wire.embed import embed, varint_field

_SOURCE_TO_WIRE = {
    "BROKER": market_data_pb2.GREEKS_SOURCE_BROKER,
    "MODEL": market_data_pb2.GREEKS_SOURCE_MODEL,
    "STALE": market_data_pb2.GREEKS_SOURCE_STALE,
}
_SOURCE_FROM_WIRE: dict[int, str] = {number: source for source, number in _SOURCE_TO_WIRE.items()}

_BATCH_IN_RESPONSE = market_data_pb2.StreamQuotesResponse.QUOTES_FIELD_NUMBER
_QUOTE_IN_BATCH = market_data_pb2.QuoteBatch.QUOTES_FIELD_NUMBER
_SEQUENCE_IN_BATCH = market_data_pb2.QuoteBatch.SEQUENCE_FIELD_NUMBER


def greeks_to_wire(greeks: Greeks) -> market_data_pb2.Greeks:
    """Greeks per share."""
    return market_data_pb2.Greeks(
        delta=greeks.delta,
        gamma=greeks.gamma,
        vega=greeks.vega,
        theta=greeks.theta,
        implied_volatility=greeks.implied_volatility,
        source=_SOURCE_TO_WIRE[greeks.source],
    )


def greeks_from_wire(field: str, message: market_data_pb2.Greeks) -> Greeks:
    """Greeks per share; raises InvalidValue naming `field` when one is not finite or the source is unset."""
    source = _SOURCE_FROM_WIRE.get(message.source)
    if source is None:
        raise InvalidValue(f"{field}.source", message.source, "one of BROKER, MODEL, STALE")
    greeks = Greeks(message.delta, message.gamma, message.vega, message.theta, message.implied_volatility, source)
    if not all(-inf < value < inf for value in greeks[:5]):
        raise InvalidValue(field, greeks, "finite numbers")
    return greeks


def quote_to_wire(quote: Quote) -> market_data_pb2.Quote:
    """A quote; an absent side stays absent."""
    instrument_id, bid, ask, bid_size, ask_size, event_time, receive_time, monotonic_time, delayed, greeks = quote
    message = market_data_pb2.Quote(
        instrument_id=instrument_id,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        monotonic_time_ns=monotonic_time,
        delayed=delayed,
    )
    # setting the parts of a time costs half of building a Timestamp and copying it
    time = message.event_time
    time.seconds, time.nanos = event_time // NS_PER_S, event_time % NS_PER_S
    time = message.receive_time
    time.seconds, time.nanos = receive_time // NS_PER_S, receive_time % NS_PER_S
    if greeks is not None:
        message.broker_greeks.CopyFrom(greeks_to_wire(greeks))
    return message


def quote_from_wire(field: str, message: market_data_pb2.Quote) -> Quote:
    """The quote; raises InvalidValue naming the part below `field` that is not a price, size or time."""
    bid: float | None = message.bid
    ask: float | None = message.ask
    bid_size, ask_size = message.bid_size, message.ask_size
    # an absent side reads as 0.0, which no present one may be
    if not 0 < message.bid < inf:
        if message.HasField("bid"):
            raise InvalidValue(f"{field}.bid", bid, "a finite price above zero, absent when there is no bid")
        bid = None
    if not 0 < message.ask < inf:
        if message.HasField("ask"):
            raise InvalidValue(f"{field}.ask", ask, "a finite price above zero, absent when there is no offer")
        ask = None
    if not (0 <= bid_size < inf and 0 <= ask_size < inf):
        raise InvalidValue(f"{field}.bid_size", (bid_size, ask_size), "finite sizes, zero or above")
    if not message.instrument_id:
        raise InvalidValue(f"{field}.instrument_id", "", "a canonical instrument id")
    event, receive = message.event_time, message.receive_time
    return Quote(
        message.instrument_id,
        bid,
        ask,
        bid_size,
        ask_size,
        event.seconds * NS_PER_S + event.nanos,
        receive.seconds * NS_PER_S + receive.nanos,
        message.monotonic_time_ns,
        message.delayed,
        greeks_from_wire(f"{field}.broker_greeks", message.broker_greeks)
        if message.HasField("broker_greeks")
        else None,
    )


def quotes_from_wire(batch: market_data_pb2.QuoteBatch) -> list[Quote]:
    """The quotes of a batch, oldest first; raises InvalidValue."""
    return [quote_from_wire("quotes", message) for message in batch.quotes]


class QuoteEncoder:
    """Encodes quotes as they stand inside a batch; for one thread.

    Writes protobuf's bytes itself, a quarter of the time a message takes: what an instrument's quotes share and
    what the quotes of one network read share is encoded once.
    """

    __slots__ = ("_heads", "_tail", "_tail_of")

    def __init__(self) -> None:
        self._heads: dict[str, bytes] = {}
        self._tail = b""
        self._tail_of: tuple[int, int, int, bool] | None = None

    def encode(self, quote: Quote) -> bytes:
        """One quote as one element of QuoteBatch.quotes, framing included."""
        instrument_id, bid, ask, bid_size, ask_size, event_time, receive_time, monotonic_time, delayed, greeks = quote
        head = self._heads.get(instrument_id)
        if head is None:
            head = self._heads[instrument_id] = embed(_ID, instrument_id.encode())
        times = (event_time, receive_time, monotonic_time, delayed)
        if times != self._tail_of:
            self._tail_of, self._tail = times, _tail(*times)
        if bid is not None and ask is not None:
            body = head + _pack_four(_BID, bid, _ASK, ask, _BID_SIZE, bid_size, _ASK_SIZE, ask_size) + self._tail
        else:
            body = head + _one_sided(bid, ask) + _pack_two(_BID_SIZE, bid_size, _ASK_SIZE, ask_size) + self._tail
        if greeks is not None:
            body += embed(_GREEKS, greeks_to_wire(greeks).SerializeToString())
        return embed(_QUOTE_IN_BATCH, body)


def _tag(field_number: int) -> int:
    """The one byte before a double in field `field_number`."""
    return field_number << 3 | 1


_FIELDS = market_data_pb2.Quote.DESCRIPTOR.fields_by_name
_ID, _GREEKS = _FIELDS["instrument_id"].number, _FIELDS["broker_greeks"].number
_BID, _ASK = _tag(_FIELDS["bid"].number), _tag(_FIELDS["ask"].number)
_BID_SIZE, _ASK_SIZE = _tag(_FIELDS["bid_size"].number), _tag(_FIELDS["ask_size"].number)
_pack_one, _pack_two, _pack_four = Struct("<Bd").pack, Struct("<BdBd").pack, Struct("<BdBdBdBd").pack


def _one_sided(bid: float | None, ask: float | None) -> bytes:
    return (b"" if bid is None else _pack_one(_BID, bid)) + (b"" if ask is None else _pack_one(_ASK, ask))


def _tail(event_time: int, receive_time: int, monotonic_time: int, delayed: bool) -> bytes:
    """The rest of a quote: times and quality."""
    rest: bytes = market_data_pb2.Quote(
        event_time=timestamp_to_wire(event_time),
        receive_time=timestamp_to_wire(receive_time),
        monotonic_time_ns=monotonic_time,
        delayed=delayed,
    ).SerializeToString()
    return rest


encode_quote = QuoteEncoder().encode
"""Encodes one quote once for all readers of an event loop; its results go into `encode_quote_batch`."""


def encode_quote_batch(encoded: Iterable[bytes], sequence: int) -> bytes:
    """A whole StreamQuotesResponse from quotes of `encode_quote`, oldest first, and the newest's sequence."""
    return embed(_BATCH_IN_RESPONSE, b"".join(encoded) + varint_field(_SEQUENCE_IN_BATCH, sequence))

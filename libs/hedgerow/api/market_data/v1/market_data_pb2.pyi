import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from hedgerow.api.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GreeksSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GREEKS_SOURCE_UNSPECIFIED: _ClassVar[GreeksSource]
    GREEKS_SOURCE_BROKER: _ClassVar[GreeksSource]
    GREEKS_SOURCE_MODEL: _ClassVar[GreeksSource]
    GREEKS_SOURCE_STALE: _ClassVar[GreeksSource]

class BarPrice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BAR_PRICE_UNSPECIFIED: _ClassVar[BarPrice]
    BAR_PRICE_TRADES: _ClassVar[BarPrice]
    BAR_PRICE_MIDPOINT: _ClassVar[BarPrice]
    BAR_PRICE_BID: _ClassVar[BarPrice]
    BAR_PRICE_ASK: _ClassVar[BarPrice]
GREEKS_SOURCE_UNSPECIFIED: GreeksSource
GREEKS_SOURCE_BROKER: GreeksSource
GREEKS_SOURCE_MODEL: GreeksSource
GREEKS_SOURCE_STALE: GreeksSource
BAR_PRICE_UNSPECIFIED: BarPrice
BAR_PRICE_TRADES: BarPrice
BAR_PRICE_MIDPOINT: BarPrice
BAR_PRICE_BID: BarPrice
BAR_PRICE_ASK: BarPrice

class Greeks(_message.Message):
    __slots__ = ("delta", "gamma", "vega", "theta", "implied_volatility", "source")
    DELTA_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    VEGA_FIELD_NUMBER: _ClassVar[int]
    THETA_FIELD_NUMBER: _ClassVar[int]
    IMPLIED_VOLATILITY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    delta: float
    gamma: float
    vega: float
    theta: float
    implied_volatility: float
    source: GreeksSource
    def __init__(self, delta: _Optional[float] = ..., gamma: _Optional[float] = ..., vega: _Optional[float] = ..., theta: _Optional[float] = ..., implied_volatility: _Optional[float] = ..., source: _Optional[_Union[GreeksSource, str]] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("instrument_id", "bid", "ask", "bid_size", "ask_size", "event_time", "receive_time", "monotonic_time_ns", "delayed", "broker_greeks")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    BID_SIZE_FIELD_NUMBER: _ClassVar[int]
    ASK_SIZE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    MONOTONIC_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    DELAYED_FIELD_NUMBER: _ClassVar[int]
    BROKER_GREEKS_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    event_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    monotonic_time_ns: int
    delayed: bool
    broker_greeks: Greeks
    def __init__(self, instrument_id: _Optional[str] = ..., bid: _Optional[float] = ..., ask: _Optional[float] = ..., bid_size: _Optional[float] = ..., ask_size: _Optional[float] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., monotonic_time_ns: _Optional[int] = ..., delayed: _Optional[bool] = ..., broker_greeks: _Optional[_Union[Greeks, _Mapping]] = ...) -> None: ...

class QuoteBatch(_message.Message):
    __slots__ = ("quotes", "sequence")
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    quotes: _containers.RepeatedCompositeFieldContainer[Quote]
    sequence: int
    def __init__(self, quotes: _Optional[_Iterable[_Union[Quote, _Mapping]]] = ..., sequence: _Optional[int] = ...) -> None: ...

class QuoteGap(_message.Message):
    __slots__ = ("dropped",)
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    dropped: int
    def __init__(self, dropped: _Optional[int] = ...) -> None: ...

class InstrumentFeed(_message.Message):
    __slots__ = ("instrument_id", "age_ms", "fresh", "quotes", "delayed")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGE_MS_FIELD_NUMBER: _ClassVar[int]
    FRESH_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    DELAYED_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    age_ms: float
    fresh: bool
    quotes: int
    delayed: bool
    def __init__(self, instrument_id: _Optional[str] = ..., age_ms: _Optional[float] = ..., fresh: _Optional[bool] = ..., quotes: _Optional[int] = ..., delayed: _Optional[bool] = ...) -> None: ...

class FeedState(_message.Message):
    __slots__ = ("link", "silence_ms", "trouble", "tape_interval_ms")
    LINK_FIELD_NUMBER: _ClassVar[int]
    SILENCE_MS_FIELD_NUMBER: _ClassVar[int]
    TROUBLE_FIELD_NUMBER: _ClassVar[int]
    TAPE_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    link: _common_pb2.BrokerLink
    silence_ms: float
    trouble: str
    tape_interval_ms: int
    def __init__(self, link: _Optional[_Union[_common_pb2.BrokerLink, _Mapping]] = ..., silence_ms: _Optional[float] = ..., trouble: _Optional[str] = ..., tape_interval_ms: _Optional[int] = ...) -> None: ...

class ResolveInstrumentRequest(_message.Message):
    __slots__ = ("instrument_id",)
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    def __init__(self, instrument_id: _Optional[str] = ...) -> None: ...

class ResolveInstrumentResponse(_message.Message):
    __slots__ = ("instrument", "broker_contract_number", "min_tick")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    BROKER_CONTRACT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    MIN_TICK_FIELD_NUMBER: _ClassVar[int]
    instrument: _common_pb2.Instrument
    broker_contract_number: int
    min_tick: _decimal_pb2.Decimal
    def __init__(self, instrument: _Optional[_Union[_common_pb2.Instrument, _Mapping]] = ..., broker_contract_number: _Optional[int] = ..., min_tick: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class ListOptionChainRequest(_message.Message):
    __slots__ = ("underlying_id",)
    UNDERLYING_ID_FIELD_NUMBER: _ClassVar[int]
    underlying_id: str
    def __init__(self, underlying_id: _Optional[str] = ...) -> None: ...

class OptionExpiry(_message.Message):
    __slots__ = ("expiry", "strikes", "multiplier")
    EXPIRY_FIELD_NUMBER: _ClassVar[int]
    STRIKES_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    expiry: _date_pb2.Date
    strikes: _containers.RepeatedCompositeFieldContainer[_decimal_pb2.Decimal]
    multiplier: int
    def __init__(self, expiry: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., strikes: _Optional[_Iterable[_Union[_decimal_pb2.Decimal, _Mapping]]] = ..., multiplier: _Optional[int] = ...) -> None: ...

class ListOptionChainResponse(_message.Message):
    __slots__ = ("expiries",)
    EXPIRIES_FIELD_NUMBER: _ClassVar[int]
    expiries: _containers.RepeatedCompositeFieldContainer[OptionExpiry]
    def __init__(self, expiries: _Optional[_Iterable[_Union[OptionExpiry, _Mapping]]] = ...) -> None: ...

class ListBarsRequest(_message.Message):
    __slots__ = ("instrument_id", "end_time", "bar_seconds", "max_bars", "price")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    BAR_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_BARS_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    end_time: _timestamp_pb2.Timestamp
    bar_seconds: int
    max_bars: int
    price: BarPrice
    def __init__(self, instrument_id: _Optional[str] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bar_seconds: _Optional[int] = ..., max_bars: _Optional[int] = ..., price: _Optional[_Union[BarPrice, str]] = ...) -> None: ...

class Bar(_message.Message):
    __slots__ = ("start_time", "open", "high", "low", "close", "volume")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    open: float
    high: float
    low: float
    close: float
    volume: float
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., open: _Optional[float] = ..., high: _Optional[float] = ..., low: _Optional[float] = ..., close: _Optional[float] = ..., volume: _Optional[float] = ...) -> None: ...

class ListBarsResponse(_message.Message):
    __slots__ = ("bars",)
    BARS_FIELD_NUMBER: _ClassVar[int]
    bars: _containers.RepeatedCompositeFieldContainer[Bar]
    def __init__(self, bars: _Optional[_Iterable[_Union[Bar, _Mapping]]] = ...) -> None: ...

class GetFeedHealthRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetFeedHealthResponse(_message.Message):
    __slots__ = ("feed", "instruments", "lines_used", "lines_allowed")
    FEED_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    LINES_USED_FIELD_NUMBER: _ClassVar[int]
    LINES_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    feed: FeedState
    instruments: _containers.RepeatedCompositeFieldContainer[InstrumentFeed]
    lines_used: int
    lines_allowed: int
    def __init__(self, feed: _Optional[_Union[FeedState, _Mapping]] = ..., instruments: _Optional[_Iterable[_Union[InstrumentFeed, _Mapping]]] = ..., lines_used: _Optional[int] = ..., lines_allowed: _Optional[int] = ...) -> None: ...

class StreamQuotesRequest(_message.Message):
    __slots__ = ("instrument_ids", "start_sequence")
    INSTRUMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    START_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    instrument_ids: _containers.RepeatedScalarFieldContainer[str]
    start_sequence: int
    def __init__(self, instrument_ids: _Optional[_Iterable[str]] = ..., start_sequence: _Optional[int] = ...) -> None: ...

class StreamQuotesResponse(_message.Message):
    __slots__ = ("quotes", "gap", "feed", "heartbeat", "closing")
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    FEED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    quotes: QuoteBatch
    gap: QuoteGap
    feed: FeedState
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, quotes: _Optional[_Union[QuoteBatch, _Mapping]] = ..., gap: _Optional[_Union[QuoteGap, _Mapping]] = ..., feed: _Optional[_Union[FeedState, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

class RetryBrokerLinkRequest(_message.Message):
    __slots__ = ("operator",)
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    operator: _common_pb2.Operator
    def __init__(self, operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class RetryBrokerLinkResponse(_message.Message):
    __slots__ = ("link",)
    LINK_FIELD_NUMBER: _ClassVar[int]
    link: _common_pb2.BrokerLink
    def __init__(self, link: _Optional[_Union[_common_pb2.BrokerLink, _Mapping]] = ...) -> None: ...

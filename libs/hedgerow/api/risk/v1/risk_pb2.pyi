import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import decimal_pb2 as _decimal_pb2
from hedgerow.api.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RuleVerdict(_message.Message):
    __slots__ = ("rule", "allowed", "reason", "detail")
    RULE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    rule: str
    allowed: bool
    reason: str
    detail: str
    def __init__(self, rule: _Optional[str] = ..., allowed: _Optional[bool] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("intent_id", "allowed", "reason", "rules", "rule_set_version", "rule_set_hash", "epoch", "expire_time")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    RULE_SET_VERSION_FIELD_NUMBER: _ClassVar[int]
    RULE_SET_HASH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    allowed: bool
    reason: str
    rules: _containers.RepeatedCompositeFieldContainer[RuleVerdict]
    rule_set_version: int
    rule_set_hash: str
    epoch: int
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, intent_id: _Optional[str] = ..., allowed: _Optional[bool] = ..., reason: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[RuleVerdict, _Mapping]]] = ..., rule_set_version: _Optional[int] = ..., rule_set_hash: _Optional[str] = ..., epoch: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CheckOrderRequest(_message.Message):
    __slots__ = ("intent_id", "strategy", "account", "instrument_id", "multiplier", "side", "quantity", "order_type", "limit_price", "reduce_only", "bid", "ask", "quote_age_ms", "journal_sequence", "create_time", "quote_limit_ms", "quote_delayed", "traceparent")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_ONLY_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    QUOTE_AGE_MS_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_LIMIT_MS_FIELD_NUMBER: _ClassVar[int]
    QUOTE_DELAYED_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    strategy: str
    account: str
    instrument_id: str
    multiplier: int
    side: _common_pb2.Side
    quantity: _decimal_pb2.Decimal
    order_type: _common_pb2.OrderType
    limit_price: _decimal_pb2.Decimal
    reduce_only: bool
    bid: float
    ask: float
    quote_age_ms: float
    journal_sequence: int
    create_time: _timestamp_pb2.Timestamp
    quote_limit_ms: float
    quote_delayed: bool
    traceparent: str
    def __init__(self, intent_id: _Optional[str] = ..., strategy: _Optional[str] = ..., account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., multiplier: _Optional[int] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., order_type: _Optional[_Union[_common_pb2.OrderType, str]] = ..., limit_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., reduce_only: _Optional[bool] = ..., bid: _Optional[float] = ..., ask: _Optional[float] = ..., quote_age_ms: _Optional[float] = ..., journal_sequence: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quote_limit_ms: _Optional[float] = ..., quote_delayed: _Optional[bool] = ..., traceparent: _Optional[str] = ...) -> None: ...

class CheckOrderResponse(_message.Message):
    __slots__ = ("verdict",)
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    def __init__(self, verdict: _Optional[_Union[Verdict, _Mapping]] = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("intent_id", "strategy", "account", "instrument_id", "side", "leaves_qty")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    LEAVES_QTY_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    strategy: str
    account: str
    instrument_id: str
    side: _common_pb2.Side
    leaves_qty: _decimal_pb2.Decimal
    def __init__(self, intent_id: _Optional[str] = ..., strategy: _Optional[str] = ..., account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., leaves_qty: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class Resync(_message.Message):
    __slots__ = ("reservations", "epoch", "sequence")
    RESERVATIONS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    reservations: _containers.RepeatedCompositeFieldContainer[Reservation]
    epoch: int
    sequence: int
    def __init__(self, reservations: _Optional[_Iterable[_Union[Reservation, _Mapping]]] = ..., epoch: _Optional[int] = ..., sequence: _Optional[int] = ...) -> None: ...

class CheckOrdersRequest(_message.Message):
    __slots__ = ("resync", "check")
    RESYNC_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    resync: Resync
    check: CheckOrderRequest
    def __init__(self, resync: _Optional[_Union[Resync, _Mapping]] = ..., check: _Optional[_Union[CheckOrderRequest, _Mapping]] = ...) -> None: ...

class CheckOrdersResponse(_message.Message):
    __slots__ = ("verdict", "heartbeat", "closing")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, verdict: _Optional[_Union[Verdict, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

class GetRuleSetRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Rule(_message.Message):
    __slots__ = ("rule", "description", "parameters")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RULE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    rule: str
    description: str
    parameters: _containers.ScalarMap[str, str]
    def __init__(self, rule: _Optional[str] = ..., description: _Optional[str] = ..., parameters: _Optional[_Mapping[str, str]] = ...) -> None: ...

class GetRuleSetResponse(_message.Message):
    __slots__ = ("version", "hash", "rules", "trading_state")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    TRADING_STATE_FIELD_NUMBER: _ClassVar[int]
    version: int
    hash: str
    rules: _containers.RepeatedCompositeFieldContainer[Rule]
    trading_state: _common_pb2.TradingState
    def __init__(self, version: _Optional[int] = ..., hash: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[Rule, _Mapping]]] = ..., trading_state: _Optional[_Union[_common_pb2.TradingState, str]] = ...) -> None: ...

class SetTradingStateRequest(_message.Message):
    __slots__ = ("trading_state", "operator")
    TRADING_STATE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    trading_state: _common_pb2.TradingState
    operator: _common_pb2.Operator
    def __init__(self, trading_state: _Optional[_Union[_common_pb2.TradingState, str]] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class SetTradingStateResponse(_message.Message):
    __slots__ = ("trading_state",)
    TRADING_STATE_FIELD_NUMBER: _ClassVar[int]
    trading_state: _common_pb2.TradingState
    def __init__(self, trading_state: _Optional[_Union[_common_pb2.TradingState, str]] = ...) -> None: ...

class StreamBreachesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Breach(_message.Message):
    __slots__ = ("verdict", "strategy", "instrument_id", "event_time")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    strategy: str
    instrument_id: str
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, verdict: _Optional[_Union[Verdict, _Mapping]] = ..., strategy: _Optional[str] = ..., instrument_id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StreamBreachesResponse(_message.Message):
    __slots__ = ("trading_state", "breach", "heartbeat", "closing")
    TRADING_STATE_FIELD_NUMBER: _ClassVar[int]
    BREACH_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    trading_state: _common_pb2.TradingState
    breach: Breach
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, trading_state: _Optional[_Union[_common_pb2.TradingState, str]] = ..., breach: _Optional[_Union[Breach, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.api.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecisionRecord(_message.Message):
    __slots__ = ("sequence", "market_time", "cause", "option_position", "delta_deviation", "market_regime", "liquidity", "execution_state", "system_health", "trading_fsm_state", "hedge_fsm_state", "net_delta", "spot", "block_reason", "gates", "intent_id", "intent_quantity", "quote_time", "config_hash", "code_version")
    class GatesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MARKET_TIME_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    OPTION_POSITION_FIELD_NUMBER: _ClassVar[int]
    DELTA_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    MARKET_REGIME_FIELD_NUMBER: _ClassVar[int]
    LIQUIDITY_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_STATE_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_HEALTH_FIELD_NUMBER: _ClassVar[int]
    TRADING_FSM_STATE_FIELD_NUMBER: _ClassVar[int]
    HEDGE_FSM_STATE_FIELD_NUMBER: _ClassVar[int]
    NET_DELTA_FIELD_NUMBER: _ClassVar[int]
    SPOT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_REASON_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    INTENT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TIME_FIELD_NUMBER: _ClassVar[int]
    CONFIG_HASH_FIELD_NUMBER: _ClassVar[int]
    CODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    market_time: _timestamp_pb2.Timestamp
    cause: str
    option_position: str
    delta_deviation: str
    market_regime: str
    liquidity: str
    execution_state: str
    system_health: str
    trading_fsm_state: str
    hedge_fsm_state: str
    net_delta: float
    spot: float
    block_reason: str
    gates: _containers.ScalarMap[str, str]
    intent_id: str
    intent_quantity: float
    quote_time: _timestamp_pb2.Timestamp
    config_hash: str
    code_version: str
    def __init__(self, sequence: _Optional[int] = ..., market_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cause: _Optional[str] = ..., option_position: _Optional[str] = ..., delta_deviation: _Optional[str] = ..., market_regime: _Optional[str] = ..., liquidity: _Optional[str] = ..., execution_state: _Optional[str] = ..., system_health: _Optional[str] = ..., trading_fsm_state: _Optional[str] = ..., hedge_fsm_state: _Optional[str] = ..., net_delta: _Optional[float] = ..., spot: _Optional[float] = ..., block_reason: _Optional[str] = ..., gates: _Optional[_Mapping[str, str]] = ..., intent_id: _Optional[str] = ..., intent_quantity: _Optional[float] = ..., quote_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., config_hash: _Optional[str] = ..., code_version: _Optional[str] = ...) -> None: ...

class GetStrategyRequest(_message.Message):
    __slots__ = ("strategy",)
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    def __init__(self, strategy: _Optional[str] = ...) -> None: ...

class GetStrategyResponse(_message.Message):
    __slots__ = ("strategy", "run_id", "daemon_state", "status_lamp", "snapshot", "leg_instrument_ids")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    DAEMON_STATE_FIELD_NUMBER: _ClassVar[int]
    STATUS_LAMP_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    LEG_INSTRUMENT_IDS_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    run_id: str
    daemon_state: str
    status_lamp: _common_pb2.StatusLamp
    snapshot: _struct_pb2.Struct
    leg_instrument_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, strategy: _Optional[str] = ..., run_id: _Optional[str] = ..., daemon_state: _Optional[str] = ..., status_lamp: _Optional[_Union[_common_pb2.StatusLamp, str]] = ..., snapshot: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., leg_instrument_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class ListDecisionsRequest(_message.Message):
    __slots__ = ("intents_only", "block_reason", "page_size", "page_token", "strategy")
    INTENTS_ONLY_FIELD_NUMBER: _ClassVar[int]
    BLOCK_REASON_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    intents_only: bool
    block_reason: str
    page_size: int
    page_token: str
    strategy: str
    def __init__(self, intents_only: _Optional[bool] = ..., block_reason: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., strategy: _Optional[str] = ...) -> None: ...

class ListDecisionsResponse(_message.Message):
    __slots__ = ("decisions", "next_page_token")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[DecisionRecord]
    next_page_token: str
    def __init__(self, decisions: _Optional[_Iterable[_Union[DecisionRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class StreamDecisionsRequest(_message.Message):
    __slots__ = ("strategy",)
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    def __init__(self, strategy: _Optional[str] = ...) -> None: ...

class StreamDecisionsResponse(_message.Message):
    __slots__ = ("decision", "dropped", "heartbeat", "closing")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    decision: DecisionRecord
    dropped: int
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, decision: _Optional[_Union[DecisionRecord, _Mapping]] = ..., dropped: _Optional[int] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import decimal_pb2 as _decimal_pb2
from hedgerow.api.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LinkKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LINK_KIND_UNSPECIFIED: _ClassVar[LinkKind]
    LINK_KIND_STATE: _ClassVar[LinkKind]
    LINK_KIND_INTENT: _ClassVar[LinkKind]
    LINK_KIND_ORDER_EVENT: _ClassVar[LinkKind]

class BridgeAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BRIDGE_ACTION_UNSPECIFIED: _ClassVar[BridgeAction]
    BRIDGE_ACTION_NONE: _ClassVar[BridgeAction]
    BRIDGE_ACTION_TRADE: _ClassVar[BridgeAction]
    BRIDGE_ACTION_CANCEL: _ClassVar[BridgeAction]
LINK_KIND_UNSPECIFIED: LinkKind
LINK_KIND_STATE: LinkKind
LINK_KIND_INTENT: LinkKind
LINK_KIND_ORDER_EVENT: LinkKind
BRIDGE_ACTION_UNSPECIFIED: BridgeAction
BRIDGE_ACTION_NONE: BridgeAction
BRIDGE_ACTION_TRADE: BridgeAction
BRIDGE_ACTION_CANCEL: BridgeAction

class ChainLink(_message.Message):
    __slots__ = ("index", "kind", "follows", "payload", "hash")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FOLLOWS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    index: int
    kind: LinkKind
    follows: bytes
    payload: bytes
    hash: bytes
    def __init__(self, index: _Optional[int] = ..., kind: _Optional[_Union[LinkKind, str]] = ..., follows: _Optional[bytes] = ..., payload: _Optional[bytes] = ..., hash: _Optional[bytes] = ...) -> None: ...

class ConnectRequest(_message.Message):
    __slots__ = ("hello", "link")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    hello: BridgeHello
    link: ChainLink
    def __init__(self, hello: _Optional[_Union[BridgeHello, _Mapping]] = ..., link: _Optional[_Union[ChainLink, _Mapping]] = ...) -> None: ...

class ConnectResponse(_message.Message):
    __slots__ = ("welcome", "link", "heartbeat", "closing")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    welcome: BridgeWelcome
    link: ChainLink
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, welcome: _Optional[_Union[BridgeWelcome, _Mapping]] = ..., link: _Optional[_Union[ChainLink, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

class BridgeHello(_message.Message):
    __slots__ = ("strategy", "client")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    client: str
    def __init__(self, strategy: _Optional[str] = ..., client: _Optional[str] = ...) -> None: ...

class BridgeWelcome(_message.Message):
    __slots__ = ("run_id", "seed", "answer_ms")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ANSWER_MS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    seed: bytes
    answer_ms: float
    def __init__(self, run_id: _Optional[str] = ..., seed: _Optional[bytes] = ..., answer_ms: _Optional[float] = ...) -> None: ...

class BridgeLeg(_message.Message):
    __slots__ = ("is_call", "strike", "contracts", "multiplier", "expiry_close", "bid", "ask", "delta", "gamma")
    IS_CALL_FIELD_NUMBER: _ClassVar[int]
    STRIKE_FIELD_NUMBER: _ClassVar[int]
    CONTRACTS_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_CLOSE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    is_call: bool
    strike: float
    contracts: float
    multiplier: float
    expiry_close: _timestamp_pb2.Timestamp
    bid: float
    ask: float
    delta: float
    gamma: float
    def __init__(self, is_call: _Optional[bool] = ..., strike: _Optional[float] = ..., contracts: _Optional[float] = ..., multiplier: _Optional[float] = ..., expiry_close: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bid: _Optional[float] = ..., ask: _Optional[float] = ..., delta: _Optional[float] = ..., gamma: _Optional[float] = ...) -> None: ...

class BridgeState(_message.Message):
    __slots__ = ("sequence", "market_time", "cause", "bid", "ask", "quote_time", "stock_quantity", "legs", "net_delta", "gamma", "in_session", "trading_fsm_state", "block_reason", "order_working", "paused")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MARKET_TIME_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TIME_FIELD_NUMBER: _ClassVar[int]
    STOCK_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LEGS_FIELD_NUMBER: _ClassVar[int]
    NET_DELTA_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    IN_SESSION_FIELD_NUMBER: _ClassVar[int]
    TRADING_FSM_STATE_FIELD_NUMBER: _ClassVar[int]
    BLOCK_REASON_FIELD_NUMBER: _ClassVar[int]
    ORDER_WORKING_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    market_time: _timestamp_pb2.Timestamp
    cause: str
    bid: float
    ask: float
    quote_time: _timestamp_pb2.Timestamp
    stock_quantity: float
    legs: _containers.RepeatedCompositeFieldContainer[BridgeLeg]
    net_delta: float
    gamma: float
    in_session: bool
    trading_fsm_state: str
    block_reason: str
    order_working: bool
    paused: bool
    def __init__(self, sequence: _Optional[int] = ..., market_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cause: _Optional[str] = ..., bid: _Optional[float] = ..., ask: _Optional[float] = ..., quote_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stock_quantity: _Optional[float] = ..., legs: _Optional[_Iterable[_Union[BridgeLeg, _Mapping]]] = ..., net_delta: _Optional[float] = ..., gamma: _Optional[float] = ..., in_session: _Optional[bool] = ..., trading_fsm_state: _Optional[str] = ..., block_reason: _Optional[str] = ..., order_working: _Optional[bool] = ..., paused: _Optional[bool] = ...) -> None: ...

class BridgeIntent(_message.Message):
    __slots__ = ("sequence", "action", "quantity", "limit_price")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    action: BridgeAction
    quantity: _decimal_pb2.Decimal
    limit_price: _decimal_pb2.Decimal
    def __init__(self, sequence: _Optional[int] = ..., action: _Optional[_Union[BridgeAction, str]] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., limit_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class BridgeOrderEvent(_message.Message):
    __slots__ = ("intent_number", "phase", "cum_qty", "leaves_qty", "average_price", "event_time", "stock_quantity")
    INTENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CUM_QTY_FIELD_NUMBER: _ClassVar[int]
    LEAVES_QTY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    STOCK_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    intent_number: int
    phase: str
    cum_qty: _decimal_pb2.Decimal
    leaves_qty: _decimal_pb2.Decimal
    average_price: _decimal_pb2.Decimal
    event_time: _timestamp_pb2.Timestamp
    stock_quantity: float
    def __init__(self, intent_number: _Optional[int] = ..., phase: _Optional[str] = ..., cum_qty: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., leaves_qty: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., average_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stock_quantity: _Optional[float] = ...) -> None: ...

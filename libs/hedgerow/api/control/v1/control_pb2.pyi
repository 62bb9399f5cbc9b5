import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
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

class CommandKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMAND_KIND_UNSPECIFIED: _ClassVar[CommandKind]
    COMMAND_KIND_STOP: _ClassVar[CommandKind]
    COMMAND_KIND_PAUSE: _ClassVar[CommandKind]
    COMMAND_KIND_RESUME: _ClassVar[CommandKind]
    COMMAND_KIND_REFRESH_ACCOUNTS: _ClassVar[CommandKind]
    COMMAND_KIND_RETRY_IB: _ClassVar[CommandKind]
    COMMAND_KIND_RESET_LATCH: _ClassVar[CommandKind]
    COMMAND_KIND_FLATTEN: _ClassVar[CommandKind]
    COMMAND_KIND_KILL: _ClassVar[CommandKind]

class FlattenTarget(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLATTEN_TARGET_UNSPECIFIED: _ClassVar[FlattenTarget]
    FLATTEN_TARGET_ZERO: _ClassVar[FlattenTarget]
    FLATTEN_TARGET_NEUTRAL: _ClassVar[FlattenTarget]

class CheckResult(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_RESULT_UNSPECIFIED: _ClassVar[CheckResult]
    CHECK_RESULT_OK: _ClassVar[CheckResult]
    CHECK_RESULT_DEGRADED: _ClassVar[CheckResult]
    CHECK_RESULT_BLOCKED: _ClassVar[CheckResult]
COMMAND_KIND_UNSPECIFIED: CommandKind
COMMAND_KIND_STOP: CommandKind
COMMAND_KIND_PAUSE: CommandKind
COMMAND_KIND_RESUME: CommandKind
COMMAND_KIND_REFRESH_ACCOUNTS: CommandKind
COMMAND_KIND_RETRY_IB: CommandKind
COMMAND_KIND_RESET_LATCH: CommandKind
COMMAND_KIND_FLATTEN: CommandKind
COMMAND_KIND_KILL: CommandKind
FLATTEN_TARGET_UNSPECIFIED: FlattenTarget
FLATTEN_TARGET_ZERO: FlattenTarget
FLATTEN_TARGET_NEUTRAL: FlattenTarget
CHECK_RESULT_UNSPECIFIED: CheckResult
CHECK_RESULT_OK: CheckResult
CHECK_RESULT_DEGRADED: CheckResult
CHECK_RESULT_BLOCKED: CheckResult

class FlattenOptions(_message.Message):
    __slots__ = ("target", "include_options")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    target: FlattenTarget
    include_options: bool
    def __init__(self, target: _Optional[_Union[FlattenTarget, str]] = ..., include_options: _Optional[bool] = ...) -> None: ...

class ServiceStatus(_message.Message):
    __slots__ = ("service", "serving", "detail", "last_seen_time")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    SERVING_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    service: str
    serving: bool
    detail: str
    last_seen_time: _timestamp_pb2.Timestamp
    def __init__(self, service: _Optional[str] = ..., serving: _Optional[bool] = ..., detail: _Optional[str] = ..., last_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StrategyStatus(_message.Message):
    __slots__ = ("strategy", "run_id", "status_lamp", "self_check", "block_reasons", "heartbeat_time", "snapshot")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_LAMP_FIELD_NUMBER: _ClassVar[int]
    SELF_CHECK_FIELD_NUMBER: _ClassVar[int]
    BLOCK_REASONS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_TIME_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    run_id: str
    status_lamp: _common_pb2.StatusLamp
    self_check: CheckResult
    block_reasons: _containers.RepeatedScalarFieldContainer[str]
    heartbeat_time: _timestamp_pb2.Timestamp
    snapshot: _struct_pb2.Struct
    def __init__(self, strategy: _Optional[str] = ..., run_id: _Optional[str] = ..., status_lamp: _Optional[_Union[_common_pb2.StatusLamp, str]] = ..., self_check: _Optional[_Union[CheckResult, str]] = ..., block_reasons: _Optional[_Iterable[str]] = ..., heartbeat_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., snapshot: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("status_lamp", "self_check", "reasons", "strategies", "services", "create_time", "market_time", "broker_mode")
    STATUS_LAMP_FIELD_NUMBER: _ClassVar[int]
    SELF_CHECK_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    STRATEGIES_FIELD_NUMBER: _ClassVar[int]
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MARKET_TIME_FIELD_NUMBER: _ClassVar[int]
    BROKER_MODE_FIELD_NUMBER: _ClassVar[int]
    status_lamp: _common_pb2.StatusLamp
    self_check: CheckResult
    reasons: _containers.RepeatedScalarFieldContainer[str]
    strategies: _containers.RepeatedCompositeFieldContainer[StrategyStatus]
    services: _containers.RepeatedCompositeFieldContainer[ServiceStatus]
    create_time: _timestamp_pb2.Timestamp
    market_time: _timestamp_pb2.Timestamp
    broker_mode: str
    def __init__(self, status_lamp: _Optional[_Union[_common_pb2.StatusLamp, str]] = ..., self_check: _Optional[_Union[CheckResult, str]] = ..., reasons: _Optional[_Iterable[str]] = ..., strategies: _Optional[_Iterable[_Union[StrategyStatus, _Mapping]]] = ..., services: _Optional[_Iterable[_Union[ServiceStatus, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., market_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., broker_mode: _Optional[str] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("sequence", "command_id", "kind", "strategy", "run_id", "actor", "reason", "create_time", "acknowledge_time", "outcome", "flatten", "account")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGE_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FLATTEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    command_id: str
    kind: CommandKind
    strategy: str
    run_id: str
    actor: str
    reason: str
    create_time: _timestamp_pb2.Timestamp
    acknowledge_time: _timestamp_pb2.Timestamp
    outcome: str
    flatten: FlattenOptions
    account: str
    def __init__(self, sequence: _Optional[int] = ..., command_id: _Optional[str] = ..., kind: _Optional[_Union[CommandKind, str]] = ..., strategy: _Optional[str] = ..., run_id: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., acknowledge_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[str] = ..., flatten: _Optional[_Union[FlattenOptions, _Mapping]] = ..., account: _Optional[str] = ...) -> None: ...

class Operation(_message.Message):
    __slots__ = ("operation_id", "create_time", "event_time", "type", "strategy", "instrument_id", "side", "quantity", "price", "reason", "state", "client_order_id", "text")
    OPERATION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    operation_id: str
    create_time: _timestamp_pb2.Timestamp
    event_time: _timestamp_pb2.Timestamp
    type: str
    strategy: str
    instrument_id: str
    side: _common_pb2.Side
    quantity: _decimal_pb2.Decimal
    price: _decimal_pb2.Decimal
    reason: str
    state: str
    client_order_id: str
    text: str
    def __init__(self, operation_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., type: _Optional[str] = ..., strategy: _Optional[str] = ..., instrument_id: _Optional[str] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., reason: _Optional[str] = ..., state: _Optional[str] = ..., client_order_id: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: Status
    def __init__(self, status: _Optional[_Union[Status, _Mapping]] = ...) -> None: ...

class WatchStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchStatusResponse(_message.Message):
    __slots__ = ("status", "heartbeat", "closing")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    status: Status
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, status: _Optional[_Union[Status, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

class SendCommandRequest(_message.Message):
    __slots__ = ("command_id", "kind", "strategy", "run_id", "actor", "reason", "flatten", "account")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    FLATTEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    kind: CommandKind
    strategy: str
    run_id: str
    actor: str
    reason: str
    flatten: FlattenOptions
    account: str
    def __init__(self, command_id: _Optional[str] = ..., kind: _Optional[_Union[CommandKind, str]] = ..., strategy: _Optional[str] = ..., run_id: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., flatten: _Optional[_Union[FlattenOptions, _Mapping]] = ..., account: _Optional[str] = ...) -> None: ...

class SendCommandResponse(_message.Message):
    __slots__ = ("command",)
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    command: Command
    def __init__(self, command: _Optional[_Union[Command, _Mapping]] = ...) -> None: ...

class GetCommandRequest(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class GetCommandResponse(_message.Message):
    __slots__ = ("command",)
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    command: Command
    def __init__(self, command: _Optional[_Union[Command, _Mapping]] = ...) -> None: ...

class ListCommandsRequest(_message.Message):
    __slots__ = ("strategy", "pending_only", "page_size", "page_token")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    PENDING_ONLY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    pending_only: bool
    page_size: int
    page_token: str
    def __init__(self, strategy: _Optional[str] = ..., pending_only: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCommandsResponse(_message.Message):
    __slots__ = ("commands", "next_page_token")
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[Command]
    next_page_token: str
    def __init__(self, commands: _Optional[_Iterable[_Union[Command, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListHistoryRequest(_message.Message):
    __slots__ = ("strategy", "since_time", "until_time", "page_size")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    since_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    page_size: int
    def __init__(self, strategy: _Optional[str] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ...) -> None: ...

class HistoryPoint(_message.Message):
    __slots__ = ("create_time", "market_time", "spot", "net_delta", "stock_position", "daily_pnl", "status_lamp")
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MARKET_TIME_FIELD_NUMBER: _ClassVar[int]
    SPOT_FIELD_NUMBER: _ClassVar[int]
    NET_DELTA_FIELD_NUMBER: _ClassVar[int]
    STOCK_POSITION_FIELD_NUMBER: _ClassVar[int]
    DAILY_PNL_FIELD_NUMBER: _ClassVar[int]
    STATUS_LAMP_FIELD_NUMBER: _ClassVar[int]
    create_time: _timestamp_pb2.Timestamp
    market_time: _timestamp_pb2.Timestamp
    spot: float
    net_delta: float
    stock_position: float
    daily_pnl: float
    status_lamp: _common_pb2.StatusLamp
    def __init__(self, create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., market_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., spot: _Optional[float] = ..., net_delta: _Optional[float] = ..., stock_position: _Optional[float] = ..., daily_pnl: _Optional[float] = ..., status_lamp: _Optional[_Union[_common_pb2.StatusLamp, str]] = ...) -> None: ...

class ListHistoryResponse(_message.Message):
    __slots__ = ("strategy", "points")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    points: _containers.RepeatedCompositeFieldContainer[HistoryPoint]
    def __init__(self, strategy: _Optional[str] = ..., points: _Optional[_Iterable[_Union[HistoryPoint, _Mapping]]] = ...) -> None: ...

class WatchCommandsRequest(_message.Message):
    __slots__ = ("strategy", "start_sequence")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    START_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    start_sequence: int
    def __init__(self, strategy: _Optional[str] = ..., start_sequence: _Optional[int] = ...) -> None: ...

class WatchCommandsResponse(_message.Message):
    __slots__ = ("command", "heartbeat", "closing")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    command: Command
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, command: _Optional[_Union[Command, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

class ListOperationsRequest(_message.Message):
    __slots__ = ("strategy", "type", "since_time", "until_time", "page_size", "page_token")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    type: str
    since_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, strategy: _Optional[str] = ..., type: _Optional[str] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOperationsResponse(_message.Message):
    __slots__ = ("operations", "next_page_token")
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    operations: _containers.RepeatedCompositeFieldContainer[Operation]
    next_page_token: str
    def __init__(self, operations: _Optional[_Iterable[_Union[Operation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

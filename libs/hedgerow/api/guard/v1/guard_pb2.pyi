import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from hedgerow.api.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FrameKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRAME_KIND_UNSPECIFIED: _ClassVar[FrameKind]
    FRAME_KIND_NEW: _ClassVar[FrameKind]
    FRAME_KIND_MODIFY: _ClassVar[FrameKind]
    FRAME_KIND_CANCEL: _ClassVar[FrameKind]
    FRAME_KIND_GLOBAL_CANCEL: _ClassVar[FrameKind]
    FRAME_KIND_EXERCISE: _ClassVar[FrameKind]
FRAME_KIND_UNSPECIFIED: FrameKind
FRAME_KIND_NEW: FrameKind
FRAME_KIND_MODIFY: FrameKind
FRAME_KIND_CANCEL: FrameKind
FRAME_KIND_GLOBAL_CANCEL: FrameKind
FRAME_KIND_EXERCISE: FrameKind

class Frame(_message.Message):
    __slots__ = ("sequence", "kind", "role", "epoch", "client_id", "broker_order_id", "client_order_id", "payload_hash", "log_time")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    BROKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_HASH_FIELD_NUMBER: _ClassVar[int]
    LOG_TIME_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    kind: FrameKind
    role: str
    epoch: int
    client_id: int
    broker_order_id: int
    client_order_id: str
    payload_hash: str
    log_time: _timestamp_pb2.Timestamp
    def __init__(self, sequence: _Optional[int] = ..., kind: _Optional[_Union[FrameKind, str]] = ..., role: _Optional[str] = ..., epoch: _Optional[int] = ..., client_id: _Optional[int] = ..., broker_order_id: _Optional[int] = ..., client_order_id: _Optional[str] = ..., payload_hash: _Optional[str] = ..., log_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GuardLatch(_message.Message):
    __slots__ = ("latch_id", "account", "actor", "reason", "create_time", "durable")
    LATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    latch_id: str
    account: str
    actor: str
    reason: str
    create_time: _timestamp_pb2.Timestamp
    durable: bool
    def __init__(self, latch_id: _Optional[str] = ..., account: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., durable: _Optional[bool] = ...) -> None: ...

class RoleEpoch(_message.Message):
    __slots__ = ("role", "epoch")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    role: str
    epoch: int
    def __init__(self, role: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class GuardedConnection(_message.Message):
    __slots__ = ("client_id", "role", "epoch")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    client_id: int
    role: str
    epoch: int
    def __init__(self, client_id: _Optional[int] = ..., role: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class GuardState(_message.Message):
    __slots__ = ("log_id", "log_ok", "log_error", "log_sequence", "epochs", "latches", "connections", "order_budget", "cancel_budget", "orders_forwarded", "orders_refused")
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    LOG_OK_FIELD_NUMBER: _ClassVar[int]
    LOG_ERROR_FIELD_NUMBER: _ClassVar[int]
    LOG_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_FIELD_NUMBER: _ClassVar[int]
    LATCHES_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    ORDER_BUDGET_FIELD_NUMBER: _ClassVar[int]
    CANCEL_BUDGET_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FORWARDED_FIELD_NUMBER: _ClassVar[int]
    ORDERS_REFUSED_FIELD_NUMBER: _ClassVar[int]
    log_id: str
    log_ok: bool
    log_error: str
    log_sequence: int
    epochs: _containers.RepeatedCompositeFieldContainer[RoleEpoch]
    latches: _containers.RepeatedCompositeFieldContainer[GuardLatch]
    connections: _containers.RepeatedCompositeFieldContainer[GuardedConnection]
    order_budget: int
    cancel_budget: int
    orders_forwarded: int
    orders_refused: int
    def __init__(self, log_id: _Optional[str] = ..., log_ok: _Optional[bool] = ..., log_error: _Optional[str] = ..., log_sequence: _Optional[int] = ..., epochs: _Optional[_Iterable[_Union[RoleEpoch, _Mapping]]] = ..., latches: _Optional[_Iterable[_Union[GuardLatch, _Mapping]]] = ..., connections: _Optional[_Iterable[_Union[GuardedConnection, _Mapping]]] = ..., order_budget: _Optional[int] = ..., cancel_budget: _Optional[int] = ..., orders_forwarded: _Optional[int] = ..., orders_refused: _Optional[int] = ...) -> None: ...

class GetStateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStateResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: GuardState
    def __init__(self, state: _Optional[_Union[GuardState, _Mapping]] = ...) -> None: ...

class SetLatchRequest(_message.Message):
    __slots__ = ("latch_id", "account", "operator")
    LATCH_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    latch_id: str
    account: str
    operator: _common_pb2.Operator
    def __init__(self, latch_id: _Optional[str] = ..., account: _Optional[str] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class SetLatchResponse(_message.Message):
    __slots__ = ("latch",)
    LATCH_FIELD_NUMBER: _ClassVar[int]
    latch: GuardLatch
    def __init__(self, latch: _Optional[_Union[GuardLatch, _Mapping]] = ...) -> None: ...

class LiftLatchRequest(_message.Message):
    __slots__ = ("latch_id", "operator")
    LATCH_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    latch_id: str
    operator: _common_pb2.Operator
    def __init__(self, latch_id: _Optional[str] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class LiftLatchResponse(_message.Message):
    __slots__ = ("latches",)
    LATCHES_FIELD_NUMBER: _ClassVar[int]
    latches: _containers.RepeatedCompositeFieldContainer[GuardLatch]
    def __init__(self, latches: _Optional[_Iterable[_Union[GuardLatch, _Mapping]]] = ...) -> None: ...

class ListFramesRequest(_message.Message):
    __slots__ = ("client_order_id", "role", "epoch")
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    client_order_id: str
    role: str
    epoch: int
    def __init__(self, client_order_id: _Optional[str] = ..., role: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class ListFramesResponse(_message.Message):
    __slots__ = ("frames", "complete", "detail", "log_id", "highest_epoch")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_EPOCH_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[Frame]
    complete: bool
    detail: str
    log_id: str
    highest_epoch: int
    def __init__(self, frames: _Optional[_Iterable[_Union[Frame, _Mapping]]] = ..., complete: _Optional[bool] = ..., detail: _Optional[str] = ..., log_id: _Optional[str] = ..., highest_epoch: _Optional[int] = ...) -> None: ...

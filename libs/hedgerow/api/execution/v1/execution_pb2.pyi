import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import decimal_pb2 as _decimal_pb2
from hedgerow.api.common.v1 import common_pb2 as _common_pb2
from hedgerow.api.risk.v1 import risk_pb2 as _risk_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReportKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPORT_KIND_UNSPECIFIED: _ClassVar[ReportKind]
    REPORT_KIND_INTENT: _ClassVar[ReportKind]
    REPORT_KIND_DENIED: _ClassVar[ReportKind]
    REPORT_KIND_SENT: _ClassVar[ReportKind]
    REPORT_KIND_ACKNOWLEDGED: _ClassVar[ReportKind]
    REPORT_KIND_FILL: _ClassVar[ReportKind]
    REPORT_KIND_COMMISSION: _ClassVar[ReportKind]
    REPORT_KIND_CANCEL_SENT: _ClassVar[ReportKind]
    REPORT_KIND_CANCELED: _ClassVar[ReportKind]
    REPORT_KIND_REJECTED: _ClassVar[ReportKind]
    REPORT_KIND_UNKNOWN: _ClassVar[ReportKind]

class LatchKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LATCH_KIND_UNSPECIFIED: _ClassVar[LatchKind]
    LATCH_KIND_STOP: _ClassVar[LatchKind]
    LATCH_KIND_PAUSE: _ClassVar[LatchKind]
    LATCH_KIND_KILL: _ClassVar[LatchKind]
    LATCH_KIND_FLATTEN: _ClassVar[LatchKind]

class Resolution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESOLUTION_UNSPECIFIED: _ClassVar[Resolution]
    RESOLUTION_CANCELED: _ClassVar[Resolution]
    RESOLUTION_REJECTED: _ClassVar[Resolution]
    RESOLUTION_NOT_SENT: _ClassVar[Resolution]

class FlattenState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLATTEN_STATE_UNSPECIFIED: _ClassVar[FlattenState]
    FLATTEN_STATE_CANCELING: _ClassVar[FlattenState]
    FLATTEN_STATE_CLOSING: _ClassVar[FlattenState]
    FLATTEN_STATE_DONE: _ClassVar[FlattenState]
    FLATTEN_STATE_BLOCKED: _ClassVar[FlattenState]
REPORT_KIND_UNSPECIFIED: ReportKind
REPORT_KIND_INTENT: ReportKind
REPORT_KIND_DENIED: ReportKind
REPORT_KIND_SENT: ReportKind
REPORT_KIND_ACKNOWLEDGED: ReportKind
REPORT_KIND_FILL: ReportKind
REPORT_KIND_COMMISSION: ReportKind
REPORT_KIND_CANCEL_SENT: ReportKind
REPORT_KIND_CANCELED: ReportKind
REPORT_KIND_REJECTED: ReportKind
REPORT_KIND_UNKNOWN: ReportKind
LATCH_KIND_UNSPECIFIED: LatchKind
LATCH_KIND_STOP: LatchKind
LATCH_KIND_PAUSE: LatchKind
LATCH_KIND_KILL: LatchKind
LATCH_KIND_FLATTEN: LatchKind
RESOLUTION_UNSPECIFIED: Resolution
RESOLUTION_CANCELED: Resolution
RESOLUTION_REJECTED: Resolution
RESOLUTION_NOT_SENT: Resolution
FLATTEN_STATE_UNSPECIFIED: FlattenState
FLATTEN_STATE_CANCELING: FlattenState
FLATTEN_STATE_CLOSING: FlattenState
FLATTEN_STATE_DONE: FlattenState
FLATTEN_STATE_BLOCKED: FlattenState

class Intent(_message.Message):
    __slots__ = ("intent_id", "strategy", "account", "instrument_id", "side", "quantity", "order_type", "limit_price", "time_in_force", "reduce_only", "decision_sequence", "reason", "bid", "ask", "quote_time", "quote_age_ms", "create_time", "multiplier", "quote_delayed", "traceparent", "run_id")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_ONLY_FIELD_NUMBER: _ClassVar[int]
    DECISION_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TIME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_AGE_MS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    QUOTE_DELAYED_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    strategy: str
    account: str
    instrument_id: str
    side: _common_pb2.Side
    quantity: _decimal_pb2.Decimal
    order_type: _common_pb2.OrderType
    limit_price: _decimal_pb2.Decimal
    time_in_force: _common_pb2.TimeInForce
    reduce_only: bool
    decision_sequence: int
    reason: str
    bid: float
    ask: float
    quote_time: _timestamp_pb2.Timestamp
    quote_age_ms: float
    create_time: _timestamp_pb2.Timestamp
    multiplier: int
    quote_delayed: bool
    traceparent: str
    run_id: str
    def __init__(self, intent_id: _Optional[str] = ..., strategy: _Optional[str] = ..., account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., order_type: _Optional[_Union[_common_pb2.OrderType, str]] = ..., limit_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., time_in_force: _Optional[_Union[_common_pb2.TimeInForce, str]] = ..., reduce_only: _Optional[bool] = ..., decision_sequence: _Optional[int] = ..., reason: _Optional[str] = ..., bid: _Optional[float] = ..., ask: _Optional[float] = ..., quote_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quote_age_ms: _Optional[float] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., multiplier: _Optional[int] = ..., quote_delayed: _Optional[bool] = ..., traceparent: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class Fill(_message.Message):
    __slots__ = ("execution_id", "quantity", "price", "commission", "realized_pnl", "event_time")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    COMMISSION_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    quantity: _decimal_pb2.Decimal
    price: _decimal_pb2.Decimal
    commission: _decimal_pb2.Decimal
    realized_pnl: _decimal_pb2.Decimal
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, execution_id: _Optional[str] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., commission: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., realized_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExecutionReport(_message.Message):
    __slots__ = ("sequence", "kind", "intent_id", "client_order_id", "broker_order_id", "perm_id", "strategy", "account", "instrument_id", "side", "order_type", "order_status", "quantity", "limit_price", "cum_qty", "leaves_qty", "average_price", "fill", "reason", "text", "event_time", "receive_time", "multiplier", "traceparent")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BROKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PERM_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    ORDER_STATUS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    CUM_QTY_FIELD_NUMBER: _ClassVar[int]
    LEAVES_QTY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    kind: ReportKind
    intent_id: str
    client_order_id: str
    broker_order_id: int
    perm_id: int
    strategy: str
    account: str
    instrument_id: str
    side: _common_pb2.Side
    order_type: _common_pb2.OrderType
    order_status: _common_pb2.OrderStatus
    quantity: _decimal_pb2.Decimal
    limit_price: _decimal_pb2.Decimal
    cum_qty: _decimal_pb2.Decimal
    leaves_qty: _decimal_pb2.Decimal
    average_price: _decimal_pb2.Decimal
    fill: Fill
    reason: str
    text: str
    event_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    multiplier: int
    traceparent: str
    def __init__(self, sequence: _Optional[int] = ..., kind: _Optional[_Union[ReportKind, str]] = ..., intent_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., broker_order_id: _Optional[int] = ..., perm_id: _Optional[int] = ..., strategy: _Optional[str] = ..., account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., order_type: _Optional[_Union[_common_pb2.OrderType, str]] = ..., order_status: _Optional[_Union[_common_pb2.OrderStatus, str]] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., limit_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., cum_qty: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., leaves_qty: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., average_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., fill: _Optional[_Union[Fill, _Mapping]] = ..., reason: _Optional[str] = ..., text: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., multiplier: _Optional[int] = ..., traceparent: _Optional[str] = ...) -> None: ...

class ExecutionReportBatch(_message.Message):
    __slots__ = ("reports",)
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    reports: _containers.RepeatedCompositeFieldContainer[ExecutionReport]
    def __init__(self, reports: _Optional[_Iterable[_Union[ExecutionReport, _Mapping]]] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("client_order_id", "intent", "verdict", "order_status", "broker_order_id", "perm_id", "cum_qty", "average_price", "fills", "reason", "sequence", "create_time", "update_time")
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    ORDER_STATUS_FIELD_NUMBER: _ClassVar[int]
    BROKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PERM_ID_FIELD_NUMBER: _ClassVar[int]
    CUM_QTY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    client_order_id: str
    intent: Intent
    verdict: _risk_pb2.Verdict
    order_status: _common_pb2.OrderStatus
    broker_order_id: int
    perm_id: int
    cum_qty: _decimal_pb2.Decimal
    average_price: _decimal_pb2.Decimal
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    reason: str
    sequence: int
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, client_order_id: _Optional[str] = ..., intent: _Optional[_Union[Intent, _Mapping]] = ..., verdict: _Optional[_Union[_risk_pb2.Verdict, _Mapping]] = ..., order_status: _Optional[_Union[_common_pb2.OrderStatus, str]] = ..., broker_order_id: _Optional[int] = ..., perm_id: _Optional[int] = ..., cum_qty: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., average_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., reason: _Optional[str] = ..., sequence: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AttributedPosition(_message.Message):
    __slots__ = ("strategy", "account", "instrument_id", "quantity", "average_price", "realized_pnl", "commissions", "fills", "last_fill_price", "last_fill_time")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    COMMISSIONS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    LAST_FILL_PRICE_FIELD_NUMBER: _ClassVar[int]
    LAST_FILL_TIME_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    account: str
    instrument_id: str
    quantity: _decimal_pb2.Decimal
    average_price: _decimal_pb2.Decimal
    realized_pnl: _decimal_pb2.Decimal
    commissions: _decimal_pb2.Decimal
    fills: int
    last_fill_price: _decimal_pb2.Decimal
    last_fill_time: _timestamp_pb2.Timestamp
    def __init__(self, strategy: _Optional[str] = ..., account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., average_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., realized_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., commissions: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., fills: _Optional[int] = ..., last_fill_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., last_fill_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExecutionSnapshot(_message.Message):
    __slots__ = ("sequence", "positions", "open_orders", "state")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    OPEN_ORDERS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    positions: _containers.RepeatedCompositeFieldContainer[AttributedPosition]
    open_orders: _containers.RepeatedCompositeFieldContainer[Order]
    state: ExecutionState
    def __init__(self, sequence: _Optional[int] = ..., positions: _Optional[_Iterable[_Union[AttributedPosition, _Mapping]]] = ..., open_orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., state: _Optional[_Union[ExecutionState, _Mapping]] = ...) -> None: ...

class ExecutionState(_message.Message):
    __slots__ = ("link", "reconciled", "journal_ok", "lease_ok", "block_reasons", "epoch", "latches")
    LINK_FIELD_NUMBER: _ClassVar[int]
    RECONCILED_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_OK_FIELD_NUMBER: _ClassVar[int]
    LEASE_OK_FIELD_NUMBER: _ClassVar[int]
    BLOCK_REASONS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LATCHES_FIELD_NUMBER: _ClassVar[int]
    link: _common_pb2.BrokerLink
    reconciled: bool
    journal_ok: bool
    lease_ok: bool
    block_reasons: _containers.RepeatedScalarFieldContainer[str]
    epoch: int
    latches: _containers.RepeatedCompositeFieldContainer[Latch]
    def __init__(self, link: _Optional[_Union[_common_pb2.BrokerLink, _Mapping]] = ..., reconciled: _Optional[bool] = ..., journal_ok: _Optional[bool] = ..., lease_ok: _Optional[bool] = ..., block_reasons: _Optional[_Iterable[str]] = ..., epoch: _Optional[int] = ..., latches: _Optional[_Iterable[_Union[Latch, _Mapping]]] = ...) -> None: ...

class Latch(_message.Message):
    __slots__ = ("latch_id", "kind", "strategy", "account", "run_id", "actor", "reason", "create_time", "durable_in")
    LATCH_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DURABLE_IN_FIELD_NUMBER: _ClassVar[int]
    latch_id: str
    kind: LatchKind
    strategy: str
    account: str
    run_id: str
    actor: str
    reason: str
    create_time: _timestamp_pb2.Timestamp
    durable_in: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, latch_id: _Optional[str] = ..., kind: _Optional[_Union[LatchKind, str]] = ..., strategy: _Optional[str] = ..., account: _Optional[str] = ..., run_id: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., durable_in: _Optional[_Iterable[str]] = ...) -> None: ...

class IntentAcknowledgement(_message.Message):
    __slots__ = ("intent_id", "client_order_id", "order_status", "reason", "text", "sequence", "duplicate")
    INTENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    intent_id: str
    client_order_id: str
    order_status: _common_pb2.OrderStatus
    reason: str
    text: str
    sequence: int
    duplicate: bool
    def __init__(self, intent_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., order_status: _Optional[_Union[_common_pb2.OrderStatus, str]] = ..., reason: _Optional[str] = ..., text: _Optional[str] = ..., sequence: _Optional[int] = ..., duplicate: _Optional[bool] = ...) -> None: ...

class IntentsHello(_message.Message):
    __slots__ = ("strategy", "start_sequence", "run_id")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    START_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    start_sequence: int
    run_id: str
    def __init__(self, strategy: _Optional[str] = ..., start_sequence: _Optional[int] = ..., run_id: _Optional[str] = ...) -> None: ...

class IntentsRequest(_message.Message):
    __slots__ = ("hello", "intents", "cancel_client_order_ids")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    INTENTS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_CLIENT_ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    hello: IntentsHello
    intents: _containers.RepeatedCompositeFieldContainer[Intent]
    cancel_client_order_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, hello: _Optional[_Union[IntentsHello, _Mapping]] = ..., intents: _Optional[_Iterable[_Union[Intent, _Mapping]]] = ..., cancel_client_order_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class IntentAcknowledgementBatch(_message.Message):
    __slots__ = ("acknowledgements",)
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    acknowledgements: _containers.RepeatedCompositeFieldContainer[IntentAcknowledgement]
    def __init__(self, acknowledgements: _Optional[_Iterable[_Union[IntentAcknowledgement, _Mapping]]] = ...) -> None: ...

class IntentsResponse(_message.Message):
    __slots__ = ("snapshot", "reports", "acknowledgements", "state", "heartbeat", "closing")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENTS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    snapshot: ExecutionSnapshot
    reports: ExecutionReportBatch
    acknowledgements: IntentAcknowledgementBatch
    state: ExecutionState
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, snapshot: _Optional[_Union[ExecutionSnapshot, _Mapping]] = ..., reports: _Optional[_Union[ExecutionReportBatch, _Mapping]] = ..., acknowledgements: _Optional[_Union[IntentAcknowledgementBatch, _Mapping]] = ..., state: _Optional[_Union[ExecutionState, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

class SubmitIntentRequest(_message.Message):
    __slots__ = ("intent",)
    INTENT_FIELD_NUMBER: _ClassVar[int]
    intent: Intent
    def __init__(self, intent: _Optional[_Union[Intent, _Mapping]] = ...) -> None: ...

class SubmitIntentResponse(_message.Message):
    __slots__ = ("acknowledgement",)
    ACKNOWLEDGEMENT_FIELD_NUMBER: _ClassVar[int]
    acknowledgement: IntentAcknowledgement
    def __init__(self, acknowledgement: _Optional[_Union[IntentAcknowledgement, _Mapping]] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("client_order_id", "operator")
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    client_order_id: str
    operator: _common_pb2.Operator
    def __init__(self, client_order_id: _Optional[str] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("client_order_id",)
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    client_order_id: str
    def __init__(self, client_order_id: _Optional[str] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("strategy", "open_only", "page_size", "page_token")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    OPEN_ONLY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    open_only: bool
    page_size: int
    page_token: str
    def __init__(self, strategy: _Optional[str] = ..., open_only: _Optional[bool] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    next_page_token: str
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReconcileRequest(_message.Message):
    __slots__ = ("operator",)
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    operator: _common_pb2.Operator
    def __init__(self, operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class ReconcileResponse(_message.Message):
    __slots__ = ("state", "fills_recovered", "differences")
    STATE_FIELD_NUMBER: _ClassVar[int]
    FILLS_RECOVERED_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    state: ExecutionState
    fills_recovered: int
    differences: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, state: _Optional[_Union[ExecutionState, _Mapping]] = ..., fills_recovered: _Optional[int] = ..., differences: _Optional[_Iterable[str]] = ...) -> None: ...

class StreamExecutionReportsRequest(_message.Message):
    __slots__ = ("start_sequence", "snapshot")
    START_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    start_sequence: int
    snapshot: bool
    def __init__(self, start_sequence: _Optional[int] = ..., snapshot: _Optional[bool] = ...) -> None: ...

class StreamExecutionReportsResponse(_message.Message):
    __slots__ = ("snapshot", "reports", "state", "heartbeat", "closing")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    snapshot: ExecutionSnapshot
    reports: ExecutionReportBatch
    state: ExecutionState
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, snapshot: _Optional[_Union[ExecutionSnapshot, _Mapping]] = ..., reports: _Optional[_Union[ExecutionReportBatch, _Mapping]] = ..., state: _Optional[_Union[ExecutionState, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

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

class FlattenRequest(_message.Message):
    __slots__ = ("strategy", "target_quantity", "include_options", "operator")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    TARGET_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    target_quantity: _decimal_pb2.Decimal
    include_options: bool
    operator: _common_pb2.Operator
    def __init__(self, strategy: _Optional[str] = ..., target_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., include_options: _Optional[bool] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class Flatten(_message.Message):
    __slots__ = ("request_id", "strategy", "state", "reason", "positions_before", "positions_now", "client_order_ids", "create_time", "update_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_NOW_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    strategy: str
    state: FlattenState
    reason: str
    positions_before: _containers.RepeatedCompositeFieldContainer[AttributedPosition]
    positions_now: _containers.RepeatedCompositeFieldContainer[AttributedPosition]
    client_order_ids: _containers.RepeatedScalarFieldContainer[str]
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., strategy: _Optional[str] = ..., state: _Optional[_Union[FlattenState, str]] = ..., reason: _Optional[str] = ..., positions_before: _Optional[_Iterable[_Union[AttributedPosition, _Mapping]]] = ..., positions_now: _Optional[_Iterable[_Union[AttributedPosition, _Mapping]]] = ..., client_order_ids: _Optional[_Iterable[str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FlattenResponse(_message.Message):
    __slots__ = ("flatten",)
    FLATTEN_FIELD_NUMBER: _ClassVar[int]
    flatten: Flatten
    def __init__(self, flatten: _Optional[_Union[Flatten, _Mapping]] = ...) -> None: ...

class KillRequest(_message.Message):
    __slots__ = ("strategy", "account", "operator")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    account: str
    operator: _common_pb2.Operator
    def __init__(self, strategy: _Optional[str] = ..., account: _Optional[str] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class KillResponse(_message.Message):
    __slots__ = ("latch", "orders", "proven", "evidence")
    LATCH_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    PROVEN_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    latch: Latch
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    proven: bool
    evidence: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, latch: _Optional[_Union[Latch, _Mapping]] = ..., orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., proven: _Optional[bool] = ..., evidence: _Optional[_Iterable[str]] = ...) -> None: ...

class ListLatchesRequest(_message.Message):
    __slots__ = ("strategy",)
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    def __init__(self, strategy: _Optional[str] = ...) -> None: ...

class ListLatchesResponse(_message.Message):
    __slots__ = ("latches",)
    LATCHES_FIELD_NUMBER: _ClassVar[int]
    latches: _containers.RepeatedCompositeFieldContainer[Latch]
    def __init__(self, latches: _Optional[_Iterable[_Union[Latch, _Mapping]]] = ...) -> None: ...

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
    latches: _containers.RepeatedCompositeFieldContainer[Latch]
    def __init__(self, latches: _Optional[_Iterable[_Union[Latch, _Mapping]]] = ...) -> None: ...

class ResolveOrderRequest(_message.Message):
    __slots__ = ("client_order_id", "resolution", "operator")
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    client_order_id: str
    resolution: Resolution
    operator: _common_pb2.Operator
    def __init__(self, client_order_id: _Optional[str] = ..., resolution: _Optional[_Union[Resolution, str]] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class ResolveOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

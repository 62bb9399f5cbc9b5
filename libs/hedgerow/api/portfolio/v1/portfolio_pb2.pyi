import datetime

from google.api import annotations_pb2 as _annotations_pb2
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

class TransferKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_KIND_UNSPECIFIED: _ClassVar[TransferKind]
    TRANSFER_KIND_OPENING: _ClassVar[TransferKind]
    TRANSFER_KIND_INFERRED: _ClassVar[TransferKind]
    TRANSFER_KIND_ADOPTION: _ClassVar[TransferKind]
    TRANSFER_KIND_BREAK_ASSIGNED: _ClassVar[TransferKind]
    TRANSFER_KIND_ASSIGNMENT: _ClassVar[TransferKind]
    TRANSFER_KIND_EXERCISE: _ClassVar[TransferKind]
    TRANSFER_KIND_EXPIRY: _ClassVar[TransferKind]
TRANSFER_KIND_UNSPECIFIED: TransferKind
TRANSFER_KIND_OPENING: TransferKind
TRANSFER_KIND_INFERRED: TransferKind
TRANSFER_KIND_ADOPTION: TransferKind
TRANSFER_KIND_BREAK_ASSIGNED: TransferKind
TRANSFER_KIND_ASSIGNMENT: TransferKind
TRANSFER_KIND_EXERCISE: TransferKind
TRANSFER_KIND_EXPIRY: TransferKind

class Account(_message.Message):
    __slots__ = ("account", "balance", "net_liquidation", "buying_power", "currency", "values", "fetch_time")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    NET_LIQUIDATION_FIELD_NUMBER: _ClassVar[int]
    BUYING_POWER_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FETCH_TIME_FIELD_NUMBER: _ClassVar[int]
    account: str
    balance: _decimal_pb2.Decimal
    net_liquidation: _decimal_pb2.Decimal
    buying_power: _decimal_pb2.Decimal
    currency: str
    values: _containers.ScalarMap[str, str]
    fetch_time: _timestamp_pb2.Timestamp
    def __init__(self, account: _Optional[str] = ..., balance: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., net_liquidation: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., buying_power: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., currency: _Optional[str] = ..., values: _Optional[_Mapping[str, str]] = ..., fetch_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("account", "instrument", "owner", "quantity", "average_price", "mark_price", "unrealized_pnl", "realized_pnl", "commissions", "transferred")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    MARK_PRICE_FIELD_NUMBER: _ClassVar[int]
    UNREALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    COMMISSIONS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_FIELD_NUMBER: _ClassVar[int]
    account: str
    instrument: _common_pb2.Instrument
    owner: str
    quantity: _decimal_pb2.Decimal
    average_price: _decimal_pb2.Decimal
    mark_price: _decimal_pb2.Decimal
    unrealized_pnl: _decimal_pb2.Decimal
    realized_pnl: _decimal_pb2.Decimal
    commissions: _decimal_pb2.Decimal
    transferred: TransferredPart
    def __init__(self, account: _Optional[str] = ..., instrument: _Optional[_Union[_common_pb2.Instrument, _Mapping]] = ..., owner: _Optional[str] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., average_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., mark_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., unrealized_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., realized_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., commissions: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., transferred: _Optional[_Union[TransferredPart, _Mapping]] = ...) -> None: ...

class TransferredPart(_message.Message):
    __slots__ = ("quantity", "average_price", "realized_pnl")
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_PRICE_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    quantity: _decimal_pb2.Decimal
    average_price: _decimal_pb2.Decimal
    realized_pnl: _decimal_pb2.Decimal
    def __init__(self, quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., average_price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., realized_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class PositionBreak(_message.Message):
    __slots__ = ("account", "instrument_id", "ledger_quantity", "broker_quantity", "since", "settling")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LEDGER_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    BROKER_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    SETTLING_FIELD_NUMBER: _ClassVar[int]
    account: str
    instrument_id: str
    ledger_quantity: _decimal_pb2.Decimal
    broker_quantity: _decimal_pb2.Decimal
    since: _timestamp_pb2.Timestamp
    settling: bool
    def __init__(self, account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., ledger_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., broker_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., settling: _Optional[bool] = ...) -> None: ...

class Exposure(_message.Message):
    __slots__ = ("account", "symbol", "owner", "gross_notional", "net_notional", "stock_quantity", "option_contracts")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    GROSS_NOTIONAL_FIELD_NUMBER: _ClassVar[int]
    NET_NOTIONAL_FIELD_NUMBER: _ClassVar[int]
    STOCK_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    OPTION_CONTRACTS_FIELD_NUMBER: _ClassVar[int]
    account: str
    symbol: str
    owner: str
    gross_notional: _decimal_pb2.Decimal
    net_notional: _decimal_pb2.Decimal
    stock_quantity: _decimal_pb2.Decimal
    option_contracts: _decimal_pb2.Decimal
    def __init__(self, account: _Optional[str] = ..., symbol: _Optional[str] = ..., owner: _Optional[str] = ..., gross_notional: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., net_notional: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., stock_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., option_contracts: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ...) -> None: ...

class GetPortfolioRequest(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: str
    def __init__(self, account: _Optional[str] = ...) -> None: ...

class GetPortfolioResponse(_message.Message):
    __slots__ = ("accounts", "positions", "exposures", "breaks", "link", "accounts_fetch_time")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    EXPOSURES_FIELD_NUMBER: _ClassVar[int]
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FETCH_TIME_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    exposures: _containers.RepeatedCompositeFieldContainer[Exposure]
    breaks: _containers.RepeatedCompositeFieldContainer[PositionBreak]
    link: _common_pb2.BrokerLink
    accounts_fetch_time: _timestamp_pb2.Timestamp
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., exposures: _Optional[_Iterable[_Union[Exposure, _Mapping]]] = ..., breaks: _Optional[_Iterable[_Union[PositionBreak, _Mapping]]] = ..., link: _Optional[_Union[_common_pb2.BrokerLink, _Mapping]] = ..., accounts_fetch_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListAccountsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAccountsResponse(_message.Message):
    __slots__ = ("accounts", "link")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    link: _common_pb2.BrokerLink
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ..., link: _Optional[_Union[_common_pb2.BrokerLink, _Mapping]] = ...) -> None: ...

class RefreshAccountsRequest(_message.Message):
    __slots__ = ("operator",)
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    operator: _common_pb2.Operator
    def __init__(self, operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class RefreshAccountsResponse(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ...) -> None: ...

class ListPositionsRequest(_message.Message):
    __slots__ = ("account", "owner")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    account: str
    owner: str
    def __init__(self, account: _Optional[str] = ..., owner: _Optional[str] = ...) -> None: ...

class ListPositionsResponse(_message.Message):
    __slots__ = ("positions", "breaks")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    breaks: _containers.RepeatedCompositeFieldContainer[PositionBreak]
    def __init__(self, positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., breaks: _Optional[_Iterable[_Union[PositionBreak, _Mapping]]] = ...) -> None: ...

class AdoptPositionRequest(_message.Message):
    __slots__ = ("account", "instrument_id", "strategy", "quantity", "price", "operator")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    account: str
    instrument_id: str
    strategy: str
    quantity: _decimal_pb2.Decimal
    price: _decimal_pb2.Decimal
    operator: _common_pb2.Operator
    def __init__(self, account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., strategy: _Optional[str] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class AdoptPositionResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: Position
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class AssignBreakRequest(_message.Message):
    __slots__ = ("account", "instrument_id", "owner", "quantity", "price", "operator")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    account: str
    instrument_id: str
    owner: str
    quantity: _decimal_pb2.Decimal
    price: _decimal_pb2.Decimal
    operator: _common_pb2.Operator
    def __init__(self, account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., owner: _Optional[str] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., operator: _Optional[_Union[_common_pb2.Operator, _Mapping]] = ...) -> None: ...

class AssignBreakResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: Position
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("transfer_id", "kind", "account", "instrument_id", "from_owner", "to_owner", "quantity", "price", "actor", "reason", "create_time", "event_time")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    FROM_OWNER_FIELD_NUMBER: _ClassVar[int]
    TO_OWNER_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    kind: TransferKind
    account: str
    instrument_id: str
    from_owner: str
    to_owner: str
    quantity: _decimal_pb2.Decimal
    price: _decimal_pb2.Decimal
    actor: str
    reason: str
    create_time: _timestamp_pb2.Timestamp
    event_time: _timestamp_pb2.Timestamp
    def __init__(self, transfer_id: _Optional[str] = ..., kind: _Optional[_Union[TransferKind, str]] = ..., account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., from_owner: _Optional[str] = ..., to_owner: _Optional[str] = ..., quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., price: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("account", "instrument_id", "page_size", "page_token")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account: str
    instrument_id: str
    page_size: int
    page_token: str
    def __init__(self, account: _Optional[str] = ..., instrument_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers", "next_page_token")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    next_page_token: str
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class StreamPositionsRequest(_message.Message):
    __slots__ = ("owner",)
    OWNER_FIELD_NUMBER: _ClassVar[int]
    owner: str
    def __init__(self, owner: _Optional[str] = ...) -> None: ...

class PositionSnapshot(_message.Message):
    __slots__ = ("positions", "complete", "breaks")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    BREAKS_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    complete: bool
    breaks: _containers.RepeatedCompositeFieldContainer[PositionBreak]
    def __init__(self, positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., complete: _Optional[bool] = ..., breaks: _Optional[_Iterable[_Union[PositionBreak, _Mapping]]] = ...) -> None: ...

class StreamPositionsResponse(_message.Message):
    __slots__ = ("snapshot", "position", "link", "heartbeat", "closing")
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    snapshot: PositionSnapshot
    position: Position
    link: _common_pb2.BrokerLink
    heartbeat: _common_pb2.Heartbeat
    closing: _common_pb2.StreamClosing
    def __init__(self, snapshot: _Optional[_Union[PositionSnapshot, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., link: _Optional[_Union[_common_pb2.BrokerLink, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., closing: _Optional[_Union[_common_pb2.StreamClosing, _Mapping]] = ...) -> None: ...

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

import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.type import date_pb2 as _date_pb2
from google.type import decimal_pb2 as _decimal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Period(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERIOD_UNSPECIFIED: _ClassVar[Period]
    PERIOD_DAY: _ClassVar[Period]
    PERIOD_WEEK: _ClassVar[Period]
    PERIOD_MONTH: _ClassVar[Period]
PERIOD_UNSPECIFIED: Period
PERIOD_DAY: Period
PERIOD_WEEK: Period
PERIOD_MONTH: Period

class GetHedgeStatisticsRequest(_message.Message):
    __slots__ = ("strategy", "period", "since_time", "until_time")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    period: Period
    since_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    def __init__(self, strategy: _Optional[str] = ..., period: _Optional[_Union[Period, str]] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ResultDistribution(_message.Message):
    __slots__ = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum", "mean", "standard_deviation")
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    LOWER_QUARTILE_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_FIELD_NUMBER: _ClassVar[int]
    UPPER_QUARTILE_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    STANDARD_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float
    mean: float
    standard_deviation: float
    def __init__(self, minimum: _Optional[float] = ..., lower_quartile: _Optional[float] = ..., median: _Optional[float] = ..., upper_quartile: _Optional[float] = ..., maximum: _Optional[float] = ..., mean: _Optional[float] = ..., standard_deviation: _Optional[float] = ...) -> None: ...

class HedgeStatistics(_message.Message):
    __slots__ = ("start_date", "strategy", "hedges", "fills", "denials", "bought_quantity", "sold_quantity", "realized_pnl", "commissions", "daily_pnl", "net_pnl", "closing_fills", "wins", "win_rate", "result_distribution", "compared_fills", "total_slippage", "slippage_per_share")
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    HEDGES_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    DENIALS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    SOLD_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    COMMISSIONS_FIELD_NUMBER: _ClassVar[int]
    DAILY_PNL_FIELD_NUMBER: _ClassVar[int]
    NET_PNL_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FILLS_FIELD_NUMBER: _ClassVar[int]
    WINS_FIELD_NUMBER: _ClassVar[int]
    WIN_RATE_FIELD_NUMBER: _ClassVar[int]
    RESULT_DISTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FILLS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_PER_SHARE_FIELD_NUMBER: _ClassVar[int]
    start_date: _date_pb2.Date
    strategy: str
    hedges: int
    fills: int
    denials: int
    bought_quantity: _decimal_pb2.Decimal
    sold_quantity: _decimal_pb2.Decimal
    realized_pnl: _decimal_pb2.Decimal
    commissions: _decimal_pb2.Decimal
    daily_pnl: float
    net_pnl: _decimal_pb2.Decimal
    closing_fills: int
    wins: int
    win_rate: float
    result_distribution: ResultDistribution
    compared_fills: int
    total_slippage: _decimal_pb2.Decimal
    slippage_per_share: float
    def __init__(self, start_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., strategy: _Optional[str] = ..., hedges: _Optional[int] = ..., fills: _Optional[int] = ..., denials: _Optional[int] = ..., bought_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., sold_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., realized_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., commissions: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., daily_pnl: _Optional[float] = ..., net_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., closing_fills: _Optional[int] = ..., wins: _Optional[int] = ..., win_rate: _Optional[float] = ..., result_distribution: _Optional[_Union[ResultDistribution, _Mapping]] = ..., compared_fills: _Optional[int] = ..., total_slippage: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., slippage_per_share: _Optional[float] = ...) -> None: ...

class GetHedgeStatisticsResponse(_message.Message):
    __slots__ = ("statistics",)
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    statistics: _containers.RepeatedCompositeFieldContainer[HedgeStatistics]
    def __init__(self, statistics: _Optional[_Iterable[_Union[HedgeStatistics, _Mapping]]] = ...) -> None: ...

class GetExecutionQualityRequest(_message.Message):
    __slots__ = ("strategy",)
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    def __init__(self, strategy: _Optional[str] = ...) -> None: ...

class GetExecutionQualityResponse(_message.Message):
    __slots__ = ("fills", "mean_slippage", "total_slippage", "median_fill_ms")
    FILLS_FIELD_NUMBER: _ClassVar[int]
    MEAN_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_FILL_MS_FIELD_NUMBER: _ClassVar[int]
    fills: int
    mean_slippage: float
    total_slippage: float
    median_fill_ms: float
    def __init__(self, fills: _Optional[int] = ..., mean_slippage: _Optional[float] = ..., total_slippage: _Optional[float] = ..., median_fill_ms: _Optional[float] = ...) -> None: ...

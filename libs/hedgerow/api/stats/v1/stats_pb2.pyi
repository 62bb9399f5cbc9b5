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

class Period(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERIOD_UNSPECIFIED: _ClassVar[Period]
    PERIOD_DAY: _ClassVar[Period]
    PERIOD_WEEK: _ClassVar[Period]
    PERIOD_MONTH: _ClassVar[Period]

class RunState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_STATE_UNSPECIFIED: _ClassVar[RunState]
    RUN_STATE_RUNNING: _ClassVar[RunState]
    RUN_STATE_DONE: _ClassVar[RunState]
    RUN_STATE_FAILED: _ClassVar[RunState]
    RUN_STATE_CANCELED: _ClassVar[RunState]

class DifferenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DIFFERENCE_KIND_UNSPECIFIED: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_CONFIG: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_DATA: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_CODE: _ClassVar[DifferenceKind]
    DIFFERENCE_KIND_RESULT: _ClassVar[DifferenceKind]
PERIOD_UNSPECIFIED: Period
PERIOD_DAY: Period
PERIOD_WEEK: Period
PERIOD_MONTH: Period
RUN_STATE_UNSPECIFIED: RunState
RUN_STATE_RUNNING: RunState
RUN_STATE_DONE: RunState
RUN_STATE_FAILED: RunState
RUN_STATE_CANCELED: RunState
DIFFERENCE_KIND_UNSPECIFIED: DifferenceKind
DIFFERENCE_KIND_CONFIG: DifferenceKind
DIFFERENCE_KIND_DATA: DifferenceKind
DIFFERENCE_KIND_CODE: DifferenceKind
DIFFERENCE_KIND_RESULT: DifferenceKind

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
    __slots__ = ("start_date", "strategy", "hedges", "fills", "denials", "bought_quantity", "sold_quantity", "realized_pnl", "commissions", "daily_pnl", "net_pnl", "closing_fills", "wins", "win_rate", "result_distribution", "compared_fills", "total_slippage", "slippage_per_share", "arrival_compared_fills", "arrival_slippage", "arrival_slippage_per_share", "fill_times", "orders", "canceled_orders", "cancel_rate", "partial_orders", "partial_share")
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
    ARRIVAL_COMPARED_FILLS_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_SLIPPAGE_PER_SHARE_FIELD_NUMBER: _ClassVar[int]
    FILL_TIMES_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    CANCELED_ORDERS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_RATE_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_ORDERS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_SHARE_FIELD_NUMBER: _ClassVar[int]
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
    arrival_compared_fills: int
    arrival_slippage: float
    arrival_slippage_per_share: float
    fill_times: FillTimes
    orders: int
    canceled_orders: int
    cancel_rate: float
    partial_orders: int
    partial_share: float
    def __init__(self, start_date: _Optional[_Union[_date_pb2.Date, _Mapping]] = ..., strategy: _Optional[str] = ..., hedges: _Optional[int] = ..., fills: _Optional[int] = ..., denials: _Optional[int] = ..., bought_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., sold_quantity: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., realized_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., commissions: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., daily_pnl: _Optional[float] = ..., net_pnl: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., closing_fills: _Optional[int] = ..., wins: _Optional[int] = ..., win_rate: _Optional[float] = ..., result_distribution: _Optional[_Union[ResultDistribution, _Mapping]] = ..., compared_fills: _Optional[int] = ..., total_slippage: _Optional[_Union[_decimal_pb2.Decimal, _Mapping]] = ..., slippage_per_share: _Optional[float] = ..., arrival_compared_fills: _Optional[int] = ..., arrival_slippage: _Optional[float] = ..., arrival_slippage_per_share: _Optional[float] = ..., fill_times: _Optional[_Union[FillTimes, _Mapping]] = ..., orders: _Optional[int] = ..., canceled_orders: _Optional[int] = ..., cancel_rate: _Optional[float] = ..., partial_orders: _Optional[int] = ..., partial_share: _Optional[float] = ...) -> None: ...

class FillTimes(_message.Message):
    __slots__ = ("median_ms", "p90_ms", "p99_ms")
    MEDIAN_MS_FIELD_NUMBER: _ClassVar[int]
    P90_MS_FIELD_NUMBER: _ClassVar[int]
    P99_MS_FIELD_NUMBER: _ClassVar[int]
    median_ms: float
    p90_ms: float
    p99_ms: float
    def __init__(self, median_ms: _Optional[float] = ..., p90_ms: _Optional[float] = ..., p99_ms: _Optional[float] = ...) -> None: ...

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
    __slots__ = ("fills", "mean_slippage", "total_slippage", "median_fill_ms", "arrival_fills", "arrival_mean_slippage", "arrival_total_slippage", "fill_times", "orders", "denied_orders", "canceled_orders", "filled_orders", "partial_orders", "cancel_rate", "partial_share")
    FILLS_FIELD_NUMBER: _ClassVar[int]
    MEAN_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_FILL_MS_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_FILLS_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_MEAN_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_TOTAL_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    FILL_TIMES_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    DENIED_ORDERS_FIELD_NUMBER: _ClassVar[int]
    CANCELED_ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLED_ORDERS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_ORDERS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_RATE_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_SHARE_FIELD_NUMBER: _ClassVar[int]
    fills: int
    mean_slippage: float
    total_slippage: float
    median_fill_ms: float
    arrival_fills: int
    arrival_mean_slippage: float
    arrival_total_slippage: float
    fill_times: FillTimes
    orders: int
    denied_orders: int
    canceled_orders: int
    filled_orders: int
    partial_orders: int
    cancel_rate: float
    partial_share: float
    def __init__(self, fills: _Optional[int] = ..., mean_slippage: _Optional[float] = ..., total_slippage: _Optional[float] = ..., median_fill_ms: _Optional[float] = ..., arrival_fills: _Optional[int] = ..., arrival_mean_slippage: _Optional[float] = ..., arrival_total_slippage: _Optional[float] = ..., fill_times: _Optional[_Union[FillTimes, _Mapping]] = ..., orders: _Optional[int] = ..., denied_orders: _Optional[int] = ..., canceled_orders: _Optional[int] = ..., filled_orders: _Optional[int] = ..., partial_orders: _Optional[int] = ..., cancel_rate: _Optional[float] = ..., partial_share: _Optional[float] = ...) -> None: ...

class RunPnl(_message.Message):
    __slots__ = ("total", "gamma", "theta", "vega", "hedging_cost", "slippage", "commissions")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    GAMMA_FIELD_NUMBER: _ClassVar[int]
    THETA_FIELD_NUMBER: _ClassVar[int]
    VEGA_FIELD_NUMBER: _ClassVar[int]
    HEDGING_COST_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    COMMISSIONS_FIELD_NUMBER: _ClassVar[int]
    total: float
    gamma: float
    theta: float
    vega: float
    hedging_cost: float
    slippage: float
    commissions: float
    def __init__(self, total: _Optional[float] = ..., gamma: _Optional[float] = ..., theta: _Optional[float] = ..., vega: _Optional[float] = ..., hedging_cost: _Optional[float] = ..., slippage: _Optional[float] = ..., commissions: _Optional[float] = ...) -> None: ...

class RunFigures(_message.Message):
    __slots__ = ("hedges", "fills", "blocks", "pnl", "max_drawdown", "sharpe", "slippage_per_share", "cancel_rate")
    HEDGES_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    SHARPE_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_PER_SHARE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_RATE_FIELD_NUMBER: _ClassVar[int]
    hedges: int
    fills: int
    blocks: int
    pnl: RunPnl
    max_drawdown: float
    sharpe: float
    slippage_per_share: float
    cancel_rate: float
    def __init__(self, hedges: _Optional[int] = ..., fills: _Optional[int] = ..., blocks: _Optional[int] = ..., pnl: _Optional[_Union[RunPnl, _Mapping]] = ..., max_drawdown: _Optional[float] = ..., sharpe: _Optional[float] = ..., slippage_per_share: _Optional[float] = ..., cancel_rate: _Optional[float] = ...) -> None: ...

class RunStrategy(_message.Message):
    __slots__ = ("strategy", "kind", "symbol", "figures")
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    strategy: str
    kind: str
    symbol: str
    figures: RunFigures
    def __init__(self, strategy: _Optional[str] = ..., kind: _Optional[str] = ..., symbol: _Optional[str] = ..., figures: _Optional[_Union[RunFigures, _Mapping]] = ...) -> None: ...

class Run(_message.Message):
    __slots__ = ("run_id", "state", "create_time", "end_time", "error", "config_hash", "tape_hash", "code_version", "ticks", "figures", "strategies")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CONFIG_HASH_FIELD_NUMBER: _ClassVar[int]
    TAPE_HASH_FIELD_NUMBER: _ClassVar[int]
    CODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TICKS_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    STRATEGIES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    state: RunState
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    error: str
    config_hash: str
    tape_hash: str
    code_version: str
    ticks: int
    figures: RunFigures
    strategies: _containers.RepeatedCompositeFieldContainer[RunStrategy]
    def __init__(self, run_id: _Optional[str] = ..., state: _Optional[_Union[RunState, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., error: _Optional[str] = ..., config_hash: _Optional[str] = ..., tape_hash: _Optional[str] = ..., code_version: _Optional[str] = ..., ticks: _Optional[int] = ..., figures: _Optional[_Union[RunFigures, _Mapping]] = ..., strategies: _Optional[_Iterable[_Union[RunStrategy, _Mapping]]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("order_by", "page_size", "page_token")
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    order_by: str
    page_size: int
    page_token: str
    def __init__(self, order_by: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CompareRunsRequest(_message.Message):
    __slots__ = ("run_a", "run_b")
    RUN_A_FIELD_NUMBER: _ClassVar[int]
    RUN_B_FIELD_NUMBER: _ClassVar[int]
    run_a: str
    run_b: str
    def __init__(self, run_a: _Optional[str] = ..., run_b: _Optional[str] = ...) -> None: ...

class Difference(_message.Message):
    __slots__ = ("kind", "key", "value_a", "value_b")
    KIND_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_A_FIELD_NUMBER: _ClassVar[int]
    VALUE_B_FIELD_NUMBER: _ClassVar[int]
    kind: DifferenceKind
    key: str
    value_a: str
    value_b: str
    def __init__(self, kind: _Optional[_Union[DifferenceKind, str]] = ..., key: _Optional[str] = ..., value_a: _Optional[str] = ..., value_b: _Optional[str] = ...) -> None: ...

class CompareRunsResponse(_message.Message):
    __slots__ = ("run_a", "run_b", "differences")
    RUN_A_FIELD_NUMBER: _ClassVar[int]
    RUN_B_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    run_a: Run
    run_b: Run
    differences: _containers.RepeatedCompositeFieldContainer[Difference]
    def __init__(self, run_a: _Optional[_Union[Run, _Mapping]] = ..., run_b: _Optional[_Union[Run, _Mapping]] = ..., differences: _Optional[_Iterable[_Union[Difference, _Mapping]]] = ...) -> None: ...

class RunBacktestRequest(_message.Message):
    __slots__ = ("spec_path", "run_id", "sets")
    SPEC_PATH_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    SETS_FIELD_NUMBER: _ClassVar[int]
    spec_path: str
    run_id: str
    sets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, spec_path: _Optional[str] = ..., run_id: _Optional[str] = ..., sets: _Optional[_Iterable[str]] = ...) -> None: ...

class RunProgress(_message.Message):
    __slots__ = ("text", "elapsed_seconds")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    text: str
    elapsed_seconds: float
    def __init__(self, text: _Optional[str] = ..., elapsed_seconds: _Optional[float] = ...) -> None: ...

class RunBacktestResponse(_message.Message):
    __slots__ = ("progress", "result", "heartbeat")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    progress: RunProgress
    result: Run
    heartbeat: _common_pb2.Heartbeat
    def __init__(self, progress: _Optional[_Union[RunProgress, _Mapping]] = ..., result: _Optional[_Union[Run, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ...) -> None: ...

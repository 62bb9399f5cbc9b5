"""Statistics to protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hedgerow.api.stats.v1 import stats_pb2
from hedgerow.domain.backtest_run import Difference, DifferenceKind, Figures, Run, RunState
from hedgerow.domain.execution_quality import ExecutionQuality
from hedgerow.domain.period import Period
from hedgerow.wire.common import date_to_wire, decimal_to_wire, timestamp_to_wire
from hedgerow.wire.enums import EnumWire

_PERIOD = EnumWire(Period, stats_pb2.Period, "PERIOD", Period.DAY)
period_to_wire, period_from_wire = _PERIOD.to_wire, _PERIOD.from_wire
run_state_to_wire = EnumWire(RunState, stats_pb2.RunState, "RUN_STATE").to_wire
difference_kind_to_wire = EnumWire(DifferenceKind, stats_pb2.DifferenceKind, "DIFFERENCE_KIND").to_wire


def hedge_statistics_to_wire(row: Mapping[str, Any]) -> stats_pb2.HedgeStatistics:
    """One row of the store's hedge statistics; what is None there stays unset."""
    spread, slippage = row["result_distribution"], row["total_slippage"]
    return stats_pb2.HedgeStatistics(
        start_date=date_to_wire(date.fromisoformat(row["start_date"])),
        strategy=row["strategy"],
        hedges=row["hedges"],
        fills=row["fills"],
        denials=row["denials"],
        bought_quantity=decimal_to_wire(row["bought_quantity"]),
        sold_quantity=decimal_to_wire(row["sold_quantity"]),
        realized_pnl=decimal_to_wire(row["realized_pnl"]),
        commissions=decimal_to_wire(row["commissions"]),
        daily_pnl=row["daily_pnl"],
        net_pnl=decimal_to_wire(row["net_pnl"]),
        closing_fills=row["closing_fills"],
        wins=row["wins"],
        win_rate=row["win_rate"],
        result_distribution=None if spread is None else stats_pb2.ResultDistribution(**spread),
        compared_fills=row["compared_fills"],
        total_slippage=None if slippage is None else decimal_to_wire(slippage),
        slippage_per_share=row["slippage_per_share"],
        arrival_compared_fills=row["arrival_compared_fills"],
        arrival_slippage=row["arrival_slippage"],
        arrival_slippage_per_share=row["arrival_slippage_per_share"],
        fill_times=_fill_times(**row["fill_ms"]),
        orders=row["orders"],
        canceled_orders=row["canceled_orders"],
        cancel_rate=row["cancel_rate"],
        partial_orders=row["partial_orders"],
        partial_share=row["partial_share"],
    )


def _fill_times(median: float | None, p90: float | None, p99: float | None) -> stats_pb2.FillTimes | None:
    return None if median is None else stats_pb2.FillTimes(median_ms=median, p90_ms=p90, p99_ms=p99)


def execution_quality_to_wire(quality: ExecutionQuality) -> stats_pb2.GetExecutionQualityResponse:
    """Execution quality; what is None there stays unset."""
    times = quality.fill_ms
    return stats_pb2.GetExecutionQualityResponse(
        fills=quality.decision.fills,
        mean_slippage=quality.decision.mean,
        total_slippage=quality.decision.total,
        median_fill_ms=times.median,
        arrival_fills=quality.arrival.fills,
        arrival_mean_slippage=quality.arrival.mean,
        arrival_total_slippage=quality.arrival.total,
        fill_times=_fill_times(times.median, times.p90, times.p99),
        orders=quality.orders,
        denied_orders=quality.denied,
        canceled_orders=quality.canceled,
        filled_orders=quality.filled,
        partial_orders=quality.partial,
        cancel_rate=quality.cancel_rate,
        partial_share=quality.partial_share,
    )


def run_to_wire(run: Run) -> stats_pb2.Run:
    """A backtest run; a time of 0 stays unset."""
    return stats_pb2.Run(
        run_id=run.run_id,
        state=run_state_to_wire(run.state),
        create_time=timestamp_to_wire(run.created_ns) if run.created_ns else None,
        end_time=timestamp_to_wire(run.ended_ns) if run.ended_ns else None,
        error=run.error,
        config_hash=run.config_hash,
        tape_hash=run.tape_hash,
        code_version=run.code_version,
        ticks=run.ticks,
        figures=None if run.figures is None else _figures(run.figures),
        strategies=[
            stats_pb2.RunStrategy(
                strategy=each.strategy, kind=each.kind, symbol=each.symbol, figures=_figures(each.figures)
            )
            for each in run.strategies
        ],
    )


def _figures(figures: Figures) -> stats_pb2.RunFigures:
    return stats_pb2.RunFigures(
        hedges=figures.hedges,
        fills=figures.fills,
        blocks=figures.blocks,
        pnl=stats_pb2.RunPnl(**figures.pnl),
        max_drawdown=figures.max_drawdown,
        sharpe=figures.sharpe,
        slippage_per_share=figures.slippage_per_share,
        cancel_rate=figures.cancel_rate,
    )


def difference_to_wire(difference: Difference) -> stats_pb2.Difference:
    """One value on both sides."""
    return stats_pb2.Difference(
        kind=difference_kind_to_wire(difference.kind),
        key=difference.key,
        value_a=difference.value_a,
        value_b=difference.value_b,
    )

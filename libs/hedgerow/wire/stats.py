"""Statistics to protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hedgerow.api.stats.v1 import stats_pb2
from hedgerow.domain.period import Period
from hedgerow.wire.common import date_to_wire, decimal_to_wire
from hedgerow.wire.enums import EnumWire

_PERIOD = EnumWire(Period, stats_pb2.Period, "PERIOD", Period.DAY)
period_to_wire, period_from_wire = _PERIOD.to_wire, _PERIOD.from_wire


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
    )

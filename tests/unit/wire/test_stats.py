"""Statistics on the wire."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.api.stats.v1 import stats_pb2
from hedgerow.domain.distribution import Distribution
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.period import Period
from hedgerow.wire.stats import hedge_statistics_to_wire, period_from_wire, period_to_wire

SPREAD = Distribution(*[-6.95] * 6, 0.0)


def test_periods_both_ways_and_a_day_by_default() -> None:
    assert [period_from_wire("period", period_to_wire(period)) for period in Period] == list(Period)
    assert period_from_wire("period", stats_pb2.PERIOD_UNSPECIFIED) is Period.DAY
    with pytest.raises(InvalidValue, match="PERIOD_WEEK"):
        period_from_wire("period", 9)


@pytest.mark.parametrize("daily_pnl", [None, 0.0, -7.5])
def test_a_row_is_whole_and_an_unknown_profit_unset(daily_pnl: float | None) -> None:
    row = {
        "start_date": "2015-12-21", "strategy": "goog", "hedges": 1, "fills": 2, "denials": 3, "daily_pnl": daily_pnl,
        "bought_quantity": Decimal(4), "sold_quantity": Decimal("5.5"), "realized_pnl": Decimal("-6.25"),
        "commissions": Decimal("0.70"), "net_pnl": Decimal("-6.95"), "closing_fills": 1, "wins": 0, "win_rate": 0.0,
        "result_distribution": SPREAD._asdict(), "compared_fills": 2,
        "total_slippage": Decimal("-0.25"), "slippage_per_share": -0.125, "arrival_compared_fills": 1,
        "arrival_slippage": -0.5, "arrival_slippage_per_share": -0.25, "orders": 4, "canceled_orders": 1,
        "cancel_rate": 0.25, "partial_orders": 2, "partial_share": 0.5,
        "fill_ms": {"median": 5.0, "p90": 6.0, "p99": 7.0},
    }  # fmt: skip
    message = hedge_statistics_to_wire(row)
    assert (message.start_date.year, message.start_date.month, message.start_date.day) == (2015, 12, 21)
    assert (message.hedges, message.fills, message.denials) == (1, 2, 3)
    assert (message.sold_quantity.value, message.realized_pnl.value) == ("5.5", "-6.25")
    assert message.HasField("daily_pnl") is (daily_pnl is not None)
    assert message.daily_pnl == (daily_pnl or 0.0)
    assert (message.net_pnl.value, message.closing_fills, message.wins, message.compared_fills) == ("-6.95", 1, 0, 2)
    assert message.HasField("win_rate")
    assert (message.total_slippage.value, message.slippage_per_share) == ("-0.25", -0.125)
    assert (message.arrival_compared_fills, message.arrival_slippage) == (1, -0.5)
    assert (message.orders, message.canceled_orders, message.cancel_rate) == (4, 1, 0.25)
    assert (message.partial_orders, message.partial_share, message.fill_times.p90_ms) == (2, 0.5, 6.0)
    spread = message.result_distribution
    assert {spread.minimum, spread.lower_quartile, spread.median, spread.upper_quartile, spread.mean} == {-6.95}
    nothing = {"result_distribution": None, "win_rate": None, "total_slippage": None, "slippage_per_share": None}
    empty = hedge_statistics_to_wire(row | nothing)
    assert not [name for name in nothing if empty.HasField(name)]

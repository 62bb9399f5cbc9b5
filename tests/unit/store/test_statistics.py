"""Hedge statistics: counted per New York period from what was written, with no process alive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.domain.period import NEW_YORK
from hedgerow.store.location import Place, StoreLocation
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.statistics import Period, hedge_statistics
from hedgerow.store.writes import Write

Fill = Callable[[Place, str, list[Write]], None]


def at(text: str) -> int:
    """New York time as ns UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


def execution(
    number: int, when: str, order: str, side: str, quantity: int, price: str, commission: str | None = None,
    sequence: int = 0,
) -> Write:  # fmt: skip
    values = {
        "execution_id": f"e{number}", "sequence": sequence or number, "client_order_id": order, "strategy": "goog",
        "account": "SIM1", "instrument": "GOOG", "multiplier": 1, "side": side, "event_ns": at(when),
        "receive_ns": number, "quantity": Decimal(quantity), "price": Decimal(price),
        "commission": None if commission is None else Decimal(commission),
    }  # fmt: skip
    return Write("fills", values)


def denial(when: str) -> Write:
    return operation_row(OperationType.DENIED, wall_ns=1, market_ns=at(when), strategy="goog", reason="PRICE_COLLAR")


def status(when: str, profit: float | None, **more: Any) -> Write:
    """A row as the sink writes it: the row's own market time is its wall time, the snapshot has the market's."""
    snapshot = {"daily_pnl": profit, "market_ts": at(when), **more}
    return Write("status_history", {"strategy": "goog", "ts": 1, "market_ns": 1, "snapshot": snapshot})


ADDED_UP = (
    "hedges", "fills", "denials", "bought_quantity", "sold_quantity", "realized_pnl", "commissions", "net_pnl",
    "closing_fills", "wins", "compared_fills", "total_slippage", "daily_pnl",
)  # fmt: skip


@pytest.fixture
def session(location: StoreLocation, fill: Fill) -> StoreLocation:
    """Wednesday and Thursday of one week, and the Monday after."""
    fill(
        location,
        "execution",
        [
            execution(1, "2015-12-23T10:00:00", "c1", "BUY", 60, "100.00", "0.30"),
            execution(2, "2015-12-23T10:00:01", "c1", "BUY", 40, "100.00", "0.20"),
            execution(3, "2015-12-24T11:00:00", "c2", "SELL", 50, "101.50"),
            execution(4, "2015-12-24T12:00:00", "c3", "SELL", 50, "99.00", "1.00"),
            execution(5, "2015-12-28T12:00:00", "c4", "BUY", 10, "98.00"),
            denial("2015-12-24T12:00:00"),
        ],
    )
    fill(
        location,
        "strategy-goog",
        [
            status("2015-12-23T15:59:00", 2.0),
            status("2015-12-24T10:00:00", 5.0),
            status("2015-12-24T12:59:00", -7.5),
            status("2015-12-24T13:00:00", None),
        ],
    )
    return location


def test_hedges_profit_and_denials_per_day(session: StoreLocation) -> None:
    first, second, third = hedge_statistics(session)
    assert (first["start_date"], first["strategy"], first["hedges"], first["fills"]) == ("2015-12-23", "goog", 1, 2)
    assert (first["bought_quantity"], first["sold_quantity"]) == (100, 0)
    assert (first["realized_pnl"], first["commissions"], first["daily_pnl"]) == (0, Decimal("0.50"), 2.0)
    assert (second["hedges"], second["fills"], second["denials"]) == (2, 2, 1)
    # 50 x 1.50 - 50 x 1.00: profit of the second day, though the position was bought on the first.
    assert (second["realized_pnl"], second["commissions"], second["daily_pnl"]) == (25, 1, -7.5)
    assert (third["start_date"], third["hedges"], third["daily_pnl"]) == ("2015-12-28", 1, None)
    since, until = at("2015-12-24T00:00:00"), at("2015-12-28T12:00:00")
    assert hedge_statistics(session, since_ns=since, until_ns=until) == [second]
    assert hedge_statistics(session, "twx") == []


@pytest.mark.parametrize(
    ("period", "starts"),
    [(Period.WEEK, ["2015-12-21", "2015-12-28"]), (Period.MONTH, ["2015-12-01"])],
)
def test_longer_periods_are_the_sums_of_their_days(session: StoreLocation, period: Period, starts: list[str]) -> None:
    days, longer = hedge_statistics(session), hedge_statistics(session, "goog", period)
    assert [row["start_date"] for row in longer] == starts
    for name in ADDED_UP:
        assert sum(row[name] or 0 for row in longer) == sum(row[name] or 0 for row in days), name
    assert longer[0]["daily_pnl"] == -5.5


def test_a_weekend_snapshot_tells_of_the_session_before(location: StoreLocation, fill: Fill) -> None:
    friday = {"restore": {"session_open": at("2015-12-18T09:30:00")}}
    rows = [status("2015-12-18T15:00:00", 3.0, **friday), status("2015-12-19T12:00:00", 4.0, **friday)]
    fill(location, "strategy-goog", rows)
    (row,) = hedge_statistics(location, period=Period.WEEK)
    assert (row["start_date"], row["daily_pnl"], row["hedges"]) == ("2015-12-14", 4.0, 0)


def test_a_late_commission_does_not_change_the_order_of_fills(location: StoreLocation, fill: Fill) -> None:
    """Its report moves the fill's sequence on; what was bought first is still sold first."""
    rows = [
        execution(1, "2015-12-23T10:00:00", "c1", "BUY", 10, "100", "1", sequence=9),
        execution(2, "2015-12-23T10:00:00", "c2", "SELL", 10, "101", sequence=2),
        execution(3, "2015-12-23T10:00:01", "c3", "BUY", 10, "105", sequence=3),
    ]
    fill(location, "execution", rows)
    (row,) = hedge_statistics(location)
    assert row["realized_pnl"] == 10


def test_nothing_written_is_no_row(location: StoreLocation) -> None:
    assert hedge_statistics(location) == []


def test_what_was_adopted_is_closed_against_the_price_it_was_adopted_at(location: StoreLocation, fill: Fill) -> None:
    leg = "GOOG 160115C00750000"
    values = {"transfer_id": "t1", "request_id": "t1", "kind": "ADOPTION", "account": "SIM1", "from_owner": "MANUAL",
              "to_owner": "goog", "instrument": leg, "multiplier": 100, "quantity": Decimal(20), "price": Decimal(7),
              "market_ns": at("2015-12-23T09:30:00")}  # fmt: skip
    fill(location, "portfolio", [Write("transfers", values)])
    assert hedge_statistics(location) == []
    sold = execution(1, "2015-12-24T10:00:00", "c1", "SELL", 5, "7.50", "3").values
    fill(location, "execution", [Write("fills", dict(sold) | {"instrument": leg, "multiplier": 100})])
    (row,) = hedge_statistics(location)
    assert (row["start_date"], row["strategy"], row["realized_pnl"], row["net_pnl"]) == ("2015-12-24", "goog", 250, 247)
    assert (row["closing_fills"], row["wins"]) == (1, 1)
    assert hedge_statistics(location, "MANUAL") == []


def test_a_result_of_nothing_is_no_win(location: StoreLocation, fill: Fill) -> None:
    """Its average price, 1 / 3, does not end."""
    rows = [
        execution(1, "2015-12-23T10:00:00", "c1", "BUY", 1, "1"),
        execution(2, "2015-12-23T10:00:01", "c1", "BUY", 2, "0"),
        execution(3, "2015-12-23T10:00:02", "c2", "SELL", 3, "0.50", "0.50"),
    ]
    fill(location, "execution", rows)
    (row,) = hedge_statistics(location)
    assert (row["closing_fills"], row["wins"], row["result_distribution"]["maximum"]) == (1, 0, 0)


def order(number: int, when: str, status: str, wall_ns: int = 0, quantity: int = 10) -> Write:
    values = {
        "client_order_id": f"c{number}", "intent_id": f"i{number}", "strategy": "goog", "account": "SIM1",
        "instrument": "GOOG", "multiplier": 1, "side": "BUY", "order_status": status, "event_ns": at(when),
        "created_ns": wall_ns, "quantity": Decimal(quantity), "bid": 99.0, "ask": 101.0,
    }  # fmt: skip
    return Write("orders", values)


def decision(sequence: int, wall_ns: int, spot: float | None) -> Write:
    return Write("decisions", {"sequence": sequence, "wall_ns": wall_ns, "spot": spot, "record": {}})


def test_orders_that_never_filled_count_where_they_ended(location: StoreLocation, fill: Fill) -> None:
    fill(
        location,
        "execution",
        [
            order(1, "2015-12-23T10:00:00", "FILLED"),
            order(2, "2015-12-23T10:01:00", "CANCELED"),
            order(3, "2015-12-23T10:02:00", "CANCELED"),
            order(4, "2015-12-24T10:00:00", "REJECTED"),
            order(5, "2015-12-24T10:00:00", "DENIED"),
            order(6, "2015-12-24T10:00:00", "WORKING"),
            execution(1, "2015-12-23T10:00:00", "c1", "BUY", 10, "100"),
            execution(2, "2015-12-23T10:01:00", "c2", "BUY", 4, "100"),
        ],
    )
    first, second = hedge_statistics(location)
    assert (first["orders"], first["canceled_orders"], first["partial_orders"]) == (3, 2, 1)
    assert (first["cancel_rate"], first["partial_share"]) == (pytest.approx(2 / 3), 0.5)
    assert (second["orders"], second["cancel_rate"], second["partial_share"]) == (1, 0.0, None)


def test_the_arrival_mid_is_of_the_newest_decision_before_the_intent_was_journaled(
    location: StoreLocation, fill: Fill
) -> None:
    second = 1_000_000_000
    when = "2015-12-23T10:00:00"
    fill(location, "strategy-goog", [
        decision(1, 100 * second, 100.2), decision(2, 101 * second, 100.4), decision(3, 101 * second + 2, 100.9),
        decision(4, 300 * second, None),
    ])  # fmt: skip
    orders = [order(1, when, "FILLED", 101 * second + 1), order(2, when, "FILLED", 200 * second),
              order(3, when, "FILLED", 300 * second)]  # fmt: skip
    fill(location, "execution", orders + [execution(n, when, f"c{n}", "BUY", 10, "100.5") for n in (1, 2, 3)])
    (row,) = hedge_statistics(location)
    # the second's newest decision is too old to tell, the third's had no mid
    assert (row["arrival_compared_fills"], row["compared_fills"]) == (1, 3)
    assert row["arrival_slippage_per_share"] == pytest.approx(0.1)
    assert row["arrival_slippage"] == pytest.approx(1.0)
    assert row["slippage_per_share"] == pytest.approx(0.5)


def test_fill_times_are_from_the_journaled_intent_to_the_last_fill(location: StoreLocation, fill: Fill) -> None:
    when, ms = "2015-12-23T10:00:00", 1_000_000
    rows = [order(n, when, "FILLED", n * ms) for n in range(1, 11)]
    for n in range(1, 11):
        written = dict(execution(n, when, f"c{n}", "BUY", 10, "100").values) | {"receive_ns": (n + 10 * n) * ms}
        rows.append(Write("fills", written))
    fill(location, "execution", rows)
    (row,) = hedge_statistics(location)
    assert row["fill_ms"] == {"median": 50.0, "p90": 90.0, "p99": 100.0}


def test_an_average_price_that_does_not_end_leaves_no_digits_behind(location: StoreLocation, fill: Fill) -> None:
    rows = [
        execution(1, "2015-12-23T10:00:00", "c1", "BUY", 1, "100.00", "0.35"),
        execution(2, "2015-12-23T10:00:01", "c2", "BUY", 2, "100.01"),
        execution(3, "2015-12-23T10:00:02", "c3", "SELL", 1, "110.00"),
        execution(4, "2015-12-24T10:00:02", "c4", "SELL", 2, "110.00", "0.35"),
    ]
    fill(location, "execution", rows)
    (week,) = hedge_statistics(location, period=Period.WEEK)
    assert (str(week["realized_pnl"]), str(week["net_pnl"])) == ("29.98", "29.28")
    days = hedge_statistics(location)
    assert [str(day["realized_pnl"]) for day in days] == ["9.993333333", "19.986666667"]


def test_hundreds_stay_in_plain_digits(location: StoreLocation, fill: Fill) -> None:
    rows = [
        execution(1, "2015-12-23T10:00:00", "c1", "BUY", 10, "100.00"),
        execution(2, "2015-12-23T10:00:02", "c3", "SELL", 10, "110.00"),
    ]
    fill(location, "execution", rows)
    (row,) = hedge_statistics(location)
    assert (str(row["realized_pnl"]), str(row["net_pnl"])) == ("100", "100")

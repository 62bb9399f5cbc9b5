"""Hedge statistics against a second computation: plain Python over a list of fills, quartiles by numpy."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hedgerow.domain.period import day_start
from hedgerow.store.location import Place, StoreLocation
from hedgerow.store.statistics import Period, hedge_statistics
from hedgerow.store.writes import Write

Fill = Callable[[Place, str, list[Write]], None]


class Traded(NamedTuple):
    """One fill: New York time, order, side, shares, price, commission, and the quote its order was decided on."""

    when: str
    order: str
    side: str
    quantity: int
    price: str
    commission: str | None
    bid: float | None
    ask: float | None


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York")).timestamp()) * 1_000_000_000


def rows(fills: list[Traded]) -> list[Write]:
    """The rows execution leaves behind."""
    orders: dict[str, Write] = {}
    found = []
    for number, fill in enumerate(fills, start=1):
        common = {"strategy": "goog", "account": "SIM1", "instrument": "GOOG", "multiplier": 1, "side": fill.side}
        decided = {
            "client_order_id": fill.order,
            "intent_id": f"i-{fill.order}",
            "order_status": "FILLED",
            "bid": fill.bid,
            "ask": fill.ask,
        }
        orders.setdefault(fill.order, Write("orders", common | decided))
        filled = {
            "execution_id": f"e{number:06}", "client_order_id": fill.order, "quantity": Decimal(fill.quantity),
            "price": Decimal(fill.price), "event_ns": ns(fill.when), "receive_ns": number, "sequence": number,
            "commission": None if fill.commission is None else Decimal(fill.commission),
        }  # fmt: skip
        found.append(Write("fills", common | filled))
    return [*orders.values(), *found]


HAND = [
    # Thursday of ISO week 53 of 2015; the week goes on into 2016.
    Traded("2015-12-31T10:00:00", "a", "BUY", 100, "50.00", "1.00", 49.98, 50.00),
    Traded("2015-12-31T15:00:00", "b", "SELL", 40, "51.00", "0.40", 50.98, 51.04),  # +40 - 0.40
    Traded("2015-12-31T23:59:59", "b", "SELL", 20, "49.00", "0.20", 50.98, 51.04),  # -20 - 0.20
    Traded("2016-01-01T00:00:00", "c", "SELL", 60, "50.50", None, None, 50.60),  # closes 40: +20; opens 20 short
    Traded("2016-01-03T20:00:00", "d", "BUY", 20, "50.50", "0.20", 50.40, 50.60),  # 0 - 0.20: no win
    Traded("2016-03-13T01:59:59", "e", "BUY", 10, "40.00", "0.10", 39.9, 40.1),  # the hour that is skipped follows
    Traded("2016-03-13T23:30:00", "f", "SELL", 10, "40.25", "0.10", 40.2, 40.3),  # +2.5 - 0.1
    Traded("2016-03-14T00:30:00", "g", "BUY", 5, "41.00", "0.10", 40.9, 41.1),
    Traded("2016-11-06T23:59:00", "h", "SELL", 5, "40.00", "0.10", 40.1, 40.3),  # a day of 25 hours
]


def test_a_list_by_hand(location: StoreLocation, fill: Fill) -> None:
    fill(location, "execution", rows(HAND))
    days = {row["start_date"]: row for row in hedge_statistics(location)}
    assert list(days) == ["2015-12-31", "2016-01-01", "2016-01-03", "2016-03-13", "2016-03-14", "2016-11-06"]
    last = days["2015-12-31"]
    assert (last["hedges"], last["fills"], last["closing_fills"], last["wins"]) == (2, 3, 2, 1)
    assert (last["realized_pnl"], last["commissions"], last["net_pnl"]) == (20, Decimal("1.60"), Decimal("18.40"))
    assert last["win_rate"] == 0.5
    assert last["result_distribution"] == pytest.approx(
        {"minimum": -20.2, "lower_quartile": -5.25, "median": 9.7, "upper_quartile": 24.65, "maximum": 39.6,
         "mean": 9.7, "standard_deviation": 29.9}
    )  # fmt: skip
    # Bought 0.01 above the mid, sold 40 at 0.01 and 20 at 2.01 below it: all of it cost.
    assert last["total_slippage"] == Decimal("1.00") + Decimal("0.40") + Decimal("40.20")
    assert last["slippage_per_share"] == pytest.approx(41.6 / 160)
    new_year = days["2016-01-01"]
    assert (new_year["closing_fills"], new_year["wins"], new_year["realized_pnl"]) == (1, 1, 20)
    assert (new_year["compared_fills"], new_year["total_slippage"], new_year["slippage_per_share"]) == (0, None, None)
    assert (days["2016-01-03"]["wins"], days["2016-01-03"]["win_rate"]) == (0, 0.0)
    opened = days["2016-03-14"]
    assert (opened["closing_fills"], opened["win_rate"], opened["result_distribution"]) == (0, None, None)
    weeks = hedge_statistics(location, period=Period.WEEK)
    assert [row["start_date"] for row in weeks] == ["2015-12-28", "2016-03-07", "2016-03-14", "2016-10-31"]
    assert (weeks[0]["hedges"], weeks[0]["fills"], weeks[0]["closing_fills"]) == (4, 5, 4)
    months = hedge_statistics(location, period=Period.MONTH)
    assert [row["start_date"] for row in months] == ["2015-12-01", "2016-01-01", "2016-03-01", "2016-11-01"]


def test_a_window_of_days_leaves_nothing_of_them_out(location: StoreLocation, fill: Fill) -> None:
    fill(location, "execution", rows(HAND))
    since, until = day_start(date(2016, 1, 1)), day_start(date(2016, 3, 14))
    found = hedge_statistics(location, since_ns=since, until_ns=until)
    assert [row["start_date"] for row in found] == ["2016-01-01", "2016-01-03", "2016-03-13"]
    # The position bought before the window is what its first fill closes.
    assert found[0]["realized_pnl"] == 20


@pytest.mark.parametrize("period", list(Period))
@pytest.mark.parametrize("seed", range(3))
def test_many_fills_the_same_twice(location: StoreLocation, fill: Fill, seed: int, period: Period) -> None:
    fills = made_up(random.Random(seed), 400)
    fill(location, "execution", rows(fills))
    found = {row["start_date"]: row for row in hedge_statistics(location, "goog", period)}
    expected = recomputed(fills, period)
    assert list(found) == sorted(expected)
    for start, other in expected.items():
        for name, value in other.items():
            got = found[start][name]
            assert (float(got) if isinstance(got, Decimal) else got) == pytest.approx(value, abs=1e-6), (start, name)


def made_up(chance: random.Random, count: int) -> list[Traded]:
    """Fills over a year and a half, two an order at times, at whatever hour, quotes missing now and then."""
    moment = datetime(2015, 9, 1, tzinfo=UTC)
    fills = []
    for number in range(count):
        moment += timedelta(minutes=chance.randint(1, 4000))
        local = moment.astimezone(ZoneInfo("America/New_York"))
        if local.utcoffset() != (local + timedelta(hours=-2)).utcoffset():
            continue  # an hour named twice, or never: the list says when by its name
        mid = Decimal(chance.randint(9000, 11000)) / 100
        half = Decimal(chance.randint(1, 10)) / 100
        quoted = chance.random() < 0.9
        fills.append(
            Traded(
                local.replace(tzinfo=None).isoformat(timespec="seconds"), f"o{number // 2}-{number % 3 == 0}",
                chance.choice(["BUY", "SELL"]), chance.randint(1, 300),
                str(mid + Decimal(chance.randint(-20, 20)) / 100),
                None if chance.random() < 0.1 else str(Decimal(chance.randint(0, 300)) / 100),
                float(mid - half) if quoted else None, float(mid + half),
            )
        )  # fmt: skip
    return fills


def recomputed(fills: list[Traded], period: Period) -> dict[str, dict[str, Any]]:
    """Per period, in floats: shares held and what they cost, nothing of the code under test."""
    per: dict[str, list[tuple[Traded, float, bool]]] = defaultdict(list)
    held = cost = 0.0
    for fill in fills:
        day = date.fromisoformat(fill.when[:10])
        start = {"day": day, "month": day.replace(day=1)}.get(period) or date.fromisocalendar(*day.isocalendar()[:2], 1)
        signed = fill.quantity if fill.side == "BUY" else -fill.quantity
        price, profit, closing = float(fill.price), 0.0, held * signed < 0
        if closing:
            average, closed = cost / held, min(abs(held), abs(signed))
            profit = closed * (price - average) * (1 if held > 0 else -1)
            opened = abs(signed) - closed
            cost = opened * price * (1 if signed > 0 else -1) if opened else average * (held + signed)
        else:
            cost += signed * price
        held += signed
        cost = 0.0 if held == 0 else cost
        per[start.isoformat()].append((fill, profit, closing))
    quotes: dict[str, Traded] = {}
    for fill in fills:
        quotes.setdefault(fill.order, fill)
    return {start: _summed(group, quotes) for start, group in per.items()}


def _summed(group: list[tuple[Traded, float, bool]], quotes: dict[str, Traded]) -> dict[str, Any]:
    results = [profit - float(fill.commission or 0) for fill, profit, closing in group if closing]
    paid = sum(float(fill.commission or 0) for fill, _, _ in group)
    slipped, shares, compared = 0.0, 0, 0
    for fill, _, _ in group:
        quote = quotes[fill.order]
        if quote.bid is None or quote.ask is None:
            continue
        gap = float(fill.price) - (quote.bid + quote.ask) / 2
        slipped += fill.quantity * (gap if fill.side == "BUY" else -gap)
        shares += fill.quantity
        compared += 1
    realized = sum(profit for _, profit, _ in group)
    quartiles = np.percentile(results, [0, 25, 50, 75, 100]) if results else []
    names = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    spread = dict(zip(names, map(float, quartiles), strict=False))
    return {
        "hedges": len({fill.order for fill, _, _ in group}),
        "fills": len(group),
        "realized_pnl": realized,
        "commissions": paid,
        "net_pnl": realized - paid,
        "closing_fills": len(results),
        "wins": len([result for result in results if result > 1e-9]),
        "win_rate": len([result for result in results if result > 1e-9]) / len(results) if results else None,
        "result_distribution": spread
        | {"mean": float(np.mean(results)), "standard_deviation": float(np.std(results))} if results else None,
        "compared_fills": compared,
        "total_slippage": slipped if compared else None,
        "slippage_per_share": slipped / shares if compared else None,
    }  # fmt: skip

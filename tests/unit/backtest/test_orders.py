"""An order's life in the engine: it travels, rests, trades in parts, is canceled, is denied."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hedgerow.backtest.engine import Asked
from hedgerow.backtest.fills import FillModel
from hedgerow.backtest.tables import REASON_NO_SIZE, REASON_NOT_REDUCING, REASON_ORDER_OPEN, REASON_TOO_OFTEN
from hedgerow.strategy.observation import ObservationCause, OrderPhase
from tests.scripted_backtest import CANCEL, OPEN, S, Scripted, buy, quotes, run

CALM = quotes(*((float(k), 100.0, 100.1, 300.0) for k in range(10)))


def test_an_order_that_crosses_trades_where_it_arrives() -> None:
    strategy = Scripted((2.0, buy(100.0, 100.1)))
    result = run(strategy, CALM)
    assert (2.0, ObservationCause.ORDER_EVENT, OrderPhase.FILLED, 100.0) in strategy.phases()
    assert (result.orders["arrive_ts"] - OPEN).tolist() == [2 * S]
    assert result.fills["price"].tolist() == [100.1]
    assert result.pnl == pytest.approx(-100 * 0.05)


def test_an_order_and_a_cancel_take_their_time() -> None:
    strategy = Scripted((2.0, buy(100.0, 99.0)), (5.0, CANCEL))
    result = run(strategy, CALM, FillModel(latency_ns=1_500_000_000), timer_ms=60_000.0)
    times = [(at, cause, phase) for at, cause, phase, _ in strategy.phases() if at >= 2.0]
    quote, event = ObservationCause.QUOTE, ObservationCause.ORDER_EVENT
    assert times == [
        (2.0, quote, OrderPhase.NONE),
        (3.0, quote, OrderPhase.SENT),
        (3.5, event, OrderPhase.WORKING),
        (4.0, quote, OrderPhase.WORKING),
        (5.0, quote, OrderPhase.WORKING),
        (6.0, quote, OrderPhase.WORKING),
        (6.5, event, OrderPhase.CANCELED),
        (7.0, quote, OrderPhase.CANCELED),
        (8.0, quote, OrderPhase.CANCELED),
        (9.0, quote, OrderPhase.CANCELED),
    ]
    waits = {(o.now - OPEN) / S: o.order_wait_ms for o in strategy.seen}
    assert (waits[3.0], waits[4.0], waits[6.0], waits[7.0]) == (1000.0, 0.0, 1000.0, 0.0)
    assert (result.counts.cancels, result.counts.fills) == (1, 0)
    assert result.orders["status"].tolist() == [OrderPhase.CANCELED]


def test_a_fill_may_come_before_the_cancel_does() -> None:
    rows = [(float(k), 100.0, 100.1, 300.0) for k in range(10)]
    rows[6] = (6.0, 98.8, 98.9, 60.0)
    strategy = Scripted((2.0, buy(100.0, 99.0)), (5.0, CANCEL))
    result = run(strategy, quotes(*rows), FillModel(latency_ns=1_500_000_000))
    assert (6.0, ObservationCause.ORDER_EVENT, OrderPhase.PARTIAL, 60.0) in strategy.phases()
    assert strategy.phases()[-1][2:] == (OrderPhase.CANCELED, 60.0)
    assert result.fills["price"].tolist() == [99.0]  # it rested: its own limit
    assert (result.orders["filled_quantity"].tolist(), result.counts.cancels) == ([60.0], 1)


def test_one_quote_fills_only_what_it_shows() -> None:
    strategy = Scripted((2.0, buy(700.0, 100.1)))
    result = run(strategy, CALM)
    assert result.fills["quantity"].tolist() == [300.0, 300.0, 100.0]
    assert ((result.fills["ts"] - OPEN) // S).tolist() == [2, 3, 4]
    held = [
        (at, phase, shares) for at, cause, phase, shares in strategy.phases() if cause == ObservationCause.ORDER_EVENT
    ]
    assert held == [
        (2.0, OrderPhase.PARTIAL, 300.0), (3.0, OrderPhase.PARTIAL, 600.0), (4.0, OrderPhase.FILLED, 700.0)
    ]  # fmt: skip
    assert len(run(Scripted((2.0, buy(700.0, 100.1))), CALM, FillModel(partials=False)).fills["ts"]) == 1


def test_the_orders_table_tells_an_order_s_life() -> None:
    rows = [(float(k), 100.0 + k, 100.1 + k, 300.0) for k in range(10)]
    result = run(Scripted((2.0, buy(400.0, 110.0))), quotes(*rows), FillModel(latency_ns=S // 2 + S))
    line = {name: values[0] for name, values in result.orders.items()}
    times = {
        name: (line[name] - OPEN) / S for name in ("submit_ts", "arrive_ts", "first_fill_ts", "last_fill_ts", "end_ts")
    }
    assert times == {"submit_ts": 2.0, "arrive_ts": 3.5, "first_fill_ts": 3.5, "last_fill_ts": 4.0, "end_ts": 4.0}
    assert (line["decision_mid"], line["arrival_mid"]) == (102.05, 103.05)
    assert line["average_price"] == pytest.approx((300 * 103.1 + 100 * 110.0) / 400)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (((2.0, buy(0.0, 100.1)),), REASON_NO_SIZE),
        (((2.0, buy(math.nan, 100.1)),), REASON_NO_SIZE),
        (((2.0, buy(10.0, 100.1, reduce_only=True)),), REASON_NOT_REDUCING),
        (((2.0, buy(10.0, 99.0)), (3.0, buy(10.0, 99.0, 2))), REASON_ORDER_OPEN),
    ],
)
def test_what_execution_would_refuse_is_denied(script: Any, reason: int) -> None:
    result = run(Scripted(*script), CALM)
    assert (result.orders["status"][-1], result.orders["reason"][-1]) == (OrderPhase.DENIED, reason)
    assert result.counts.denied == 1
    assert result.stock_quantity == 0.0


def test_risk_is_asked_about_every_order_and_a_denial_is_shown() -> None:
    asked: list[Asked] = []

    def risk(question: Asked) -> int:
        asked.append(question)
        return 7 if question.intent.quantity > 50 else 0

    strategy = Scripted((2.0, buy(100.0, 100.1)), (4.0, buy(50.0, 100.1, 2)))
    result = run(strategy, CALM, risk=risk)
    assert result.orders["status"].tolist() == [OrderPhase.DENIED, OrderPhase.FILLED]
    assert result.orders["reason"].tolist() == [7, 0]
    denied = [o.order for o in strategy.seen if o.order.phase == OrderPhase.DENIED]
    assert (denied[0].intent_number, denied[0].reason) == (1, 7)
    assert [(question.now - OPEN) // S for question in asked] == [2, 4]
    assert asked[1].touch[:2] == (100.0, 100.1)
    assert asked[0].stale_ms == 5000.0


def test_a_strategy_that_never_stops_asking_is_stopped_at_one_instant() -> None:
    strategy = Scripted(always=buy(1.0, 100.1))
    result = run(strategy, CALM, FillModel(partials=False))
    assert REASON_TOO_OFTEN in result.orders["reason"]
    assert result.counts.evaluations < 10 * 200


def test_the_strategy_is_asked_while_nothing_is_quoted() -> None:
    strategy = Scripted()
    run(strategy, quotes((0.0, 100.0, 100.1, 300.0), (4.5, 100.0, 100.1, 300.0)), timer_ms=1_000.0)
    timers = [o for o in strategy.seen if o.cause == ObservationCause.TIMER]
    assert [((o.now - OPEN) / S, o.underlying.age_ms) for o in timers] == [
        (1.0, 1000.0),
        (2.0, 2000.0),
        (3.0, 3000.0),
        (4.0, 4000.0),
    ]


def test_quotes_of_one_instant_are_decided_on_once() -> None:
    strategy = Scripted()
    run(strategy, quotes((0.0, 100.0, 100.1, 300.0), (1.0, 100.0, 100.1, 300.0), (1.0, 100.2, 100.3, 300.0)))
    assert [o.underlying.bid for o in strategy.seen if o.cause == ObservationCause.QUOTE] == [100.0, 100.2]
    assert [o.sequence for o in strategy.seen] == list(range(1, len(strategy.seen) + 1))

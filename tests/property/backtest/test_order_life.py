"""Whatever is quoted and asked for: fills only at tradable quotes, and a position that is the sum of its fills."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.backtest.fills import FillModel
from hedgerow.strategy.decision import IntentView
from hedgerow.strategy.observation import ObservationCause, OrderPhase
from tests.scripted_backtest import CANCEL, OPEN, S, Scripted, buy, quotes, run

STALE_S = 5.0
gaps = st.sampled_from((0.0, 0.2, 1.0, 1.0, 3.0, 7.0))
bids = st.one_of(st.integers(9_950, 10_050).map(lambda cents: cents / 100), st.just(math.nan))
spreads = st.sampled_from((0.02, 0.05, 0.0, -0.03))
sizes = st.sampled_from((0.0, 50.0, 100.0, 300.0))
rows = st.lists(st.tuples(gaps, bids, spreads, sizes), min_size=2, max_size=40)
orders = st.builds(
    buy, st.integers(1, 400).map(float), st.integers(9_940, 10_060).map(lambda cents: cents / 100), st.just(1),
    st.sampled_from((1, -1)), st.booleans(),
)  # fmt: skip
scripts = st.lists(st.tuples(st.floats(0.0, 40.0), st.one_of(orders, orders, st.just(CANCEL))), max_size=8)
models = st.builds(
    FillModel, st.booleans(), st.sampled_from((0.0, 0.01)), st.sampled_from((0, 300_000_000, 2_500_000_000)),
    st.booleans(),
)  # fmt: skip


@given(rows, scripts, models)
@settings(max_examples=150, deadline=None)
def test_every_fill_is_possible_and_every_share_accounted_for(
    told: list[tuple[float, float, float, float]], script: list[tuple[float, IntentView]], model: FillModel
) -> None:
    at, table = 0.0, []
    for gap, bid, spread, size in told:
        at += gap
        table.append((at, bid, round(bid + spread, 2), size))
    in_order = sorted(script, key=lambda line: line[0])
    lines = [(when, each._replace(number=k)) for k, (when, each) in enumerate(in_order, start=1)]
    strategy = Scripted(*lines)
    feed = quotes(*table)
    result = run(strategy, feed, model, stale_limit_ms=STALE_S * 1_000)

    signed = 0.0
    for k in range(result.counts.fills):
        ts, price, side = int(result.fills["ts"][k]), result.fills["price"][k], int(result.fills["side"][k])
        signed += side * result.fills["quantity"][k]
        shown = [row for row in range(len(feed)) if feed.ts[row] <= ts and ts - feed.ts[row] <= STALE_S * S]
        assert any(0.0 < feed.bid[row] <= feed.ask[row] for row in shown)
        order = result.orders["number"].tolist().index(result.fills["order"][k])
        limit = result.orders["limit_price"][order]
        assert price <= limit if side > 0 else price >= limit
        assert ts >= result.orders["submit_ts"][order] + model.latency_ns
    assert result.stock_quantity == signed

    for k in range(result.counts.orders):
        mine = result.fills["order"] == result.orders["number"][k]
        filled = result.fills["quantity"][mine].sum()
        assert filled == result.orders["filled_quantity"][k] <= result.orders["quantity"][k]
        assert (result.orders["status"][k] == OrderPhase.FILLED) == (filled == result.orders["quantity"][k])
    held, seen = 0.0, 0
    for number, o in enumerate(strategy.seen, start=1):
        assert o.sequence == number
        assert o.now >= max(seen, OPEN)
        assert o.stock_quantity == held or o.cause == ObservationCause.ORDER_EVENT
        assert o.order.cum_qty + o.order.leaves_qty > 0.0 or o.order.phase in (
            OrderPhase.NONE, OrderPhase.CANCELED, OrderPhase.DENIED
        )  # fmt: skip
        held, seen = o.stock_quantity, o.now
    assert held == signed

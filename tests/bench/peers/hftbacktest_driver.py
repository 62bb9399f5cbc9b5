"""The hedge workload through hftbacktest: immediate-or-cancel limits, the tick beyond the touch charged as a fee."""

from __future__ import annotations

import math
import time

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
    event_dtype,
)
from hftbacktest.order import IOC
from numba import njit

from tests.bench.peers import workload

STRIKE, VOLATILITY, SHARES = workload.STRIKE, workload.VOLATILITY, workload.SHARES
THRESHOLD, TICK = workload.THRESHOLD, workload.TICK
EXPIRY_YEARS, STEP_YEARS, INTERVAL_NS = workload.EXPIRY_YEARS, workload.STEP_YEARS, workload.INTERVAL_NS
BID = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT | BUY_EVENT
ASK = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT | SELL_EVENT


@njit
def _put(event, kind, ts, cents, size):
    event.ev = kind
    event.exch_ts = ts
    event.local_ts = ts
    event.px = cents * 0.01
    event.qty = size


@njit
def depth_events(ts, bid, ask, bid_size, ask_size, events):
    """Fill `events`: the level a side leaves is emptied, the level it comes to is set; the events used."""
    count = 0
    for row in range(len(ts)):
        if row and bid[row] != bid[row - 1]:
            _put(events[count], BID, ts[row], bid[row - 1], 0.0)
            count += 1
        if row and ask[row] != ask[row - 1]:
            _put(events[count], ASK, ts[row], ask[row - 1], 0.0)
            count += 1
        _put(events[count], BID, ts[row], bid[row], bid_size[row])
        _put(events[count + 1], ASK, ts[row], ask[row], ask_size[row])
        count += 2
    return count


@njit
def hedge(market, ticks):
    """Step through the quotes a tenth of a second at a time; the orders sent."""
    orders = 0
    for index in range(ticks):
        if market.elapse(INTERVAL_NS) != 0:
            break
        depth = market.depth(0)
        bid, ask = depth.best_bid, depth.best_ask
        deviation = VOLATILITY * math.sqrt(EXPIRY_YEARS - index * STEP_YEARS)
        d1 = math.log((bid + ask) * 0.5 / STRIKE) / deviation + 0.5 * deviation
        net = SHARES * math.erf(d1 * math.sqrt(0.5)) + market.position(0)
        if abs(net) >= THRESHOLD:
            quantity = round(-net)
            orders += 1
            if quantity > 0:
                market.submit_buy_order(0, orders, ask + TICK, quantity, IOC, LIMIT, False)
            else:
                market.submit_sell_order(0, orders, bid - TICK, -quantity, IOC, LIMIT, False)
            market.clear_inactive_orders(0)
    return orders


def market_of(events):
    """A market over those events: no latency, whole fills, a fee of a tick per share."""
    asset = (
        BacktestAsset().data(events).linear_asset(1.0).constant_order_latency(0, 0).risk_adverse_queue_model()
        .no_partial_fill_exchange().trading_qty_fee_model(TICK, TICK).tick_size(TICK).lot_size(1.0)
        .roi_lb(500.0).roi_ub(700.0)
    )  # fmt: skip
    return ROIVectorMarketDepthBacktest([asset])


def main() -> None:
    """Runs it; building the events and compiling are not timed."""
    ticks = workload.ticks_wanted()
    quotes = workload.quotes(ticks)
    events = np.zeros(ticks * 4, event_dtype)
    used = depth_events(*quotes, events)
    events = events[:used].copy()
    warm = market_of(events[:400].copy())
    hedge(warm, 50)
    warm.close()
    market = market_of(events)
    start = time.process_time()
    orders = hedge(market, ticks)
    cpu_s = time.process_time() - start
    values = market.state_values(0)
    mid = float(quotes.bid[-1] + quotes.ask[-1]) * 0.5
    pnl = float(values.balance + values.position * mid - values.fee)
    workload.tell(ticks=ticks, cpu_s=cpu_s, orders=min(orders, int(values.num_trades)), pnl=pnl)
    market.close()


main()

"""The hedge workload through vectorbt's compiled order function."""

from __future__ import annotations

import math
import time

import vectorbt
from numba import njit
from vectorbt.portfolio import nb
from vectorbt.portfolio.enums import NoOrder

from tests.bench.peers import workload

STRIKE, VOLATILITY, SHARES = workload.STRIKE, workload.VOLATILITY, workload.SHARES
THRESHOLD, TICK = workload.THRESHOLD, workload.TICK
EXPIRY_YEARS, STEP_YEARS = workload.EXPIRY_YEARS, workload.STEP_YEARS
CASH = 1e9


@njit
def hedge(context, bid, ask):
    """An order for the whole drift where this quote finds it too far."""
    index = context.i
    deviation = VOLATILITY * math.sqrt(EXPIRY_YEARS - index * STEP_YEARS)
    d1 = math.log((bid[index] + ask[index]) * 0.5 / STRIKE) / deviation + 0.5 * deviation
    net = SHARES * math.erf(d1 * math.sqrt(0.5)) + context.position_now
    if abs(net) >= THRESHOLD:
        quantity = round(-net)
        return nb.order_nb(size=quantity, price=ask[index] + TICK if quantity > 0 else bid[index] - TICK)
    return NoOrder


def run(bid, ask):
    """The portfolio and the CPU seconds it took."""
    start = time.process_time()
    portfolio = vectorbt.Portfolio.from_order_func(
        (bid + ask) * 0.5, hedge, bid, ask, init_cash=CASH, freq="100ms", max_orders=20_000
    )
    return portfolio, time.process_time() - start


def main() -> None:
    """Runs it; compiling is not timed."""
    ticks = workload.ticks_wanted()
    quotes = workload.quotes(ticks)
    bid, ask = quotes.bid, quotes.ask
    run(bid[:1_000], ask[:1_000])
    portfolio, cpu_s = run(bid, ask)
    orders = len(portfolio.orders.records_arr)
    workload.tell(ticks=ticks, cpu_s=cpu_s, orders=orders, pnl=float(portfolio.total_profit()))


main()

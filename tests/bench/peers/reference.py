"""The hedge workload as a plain loop: what every engine has to arrive at."""

from __future__ import annotations

import time

from tests.bench.peers import workload


def run(ticks: int) -> tuple[int, float]:
    """Orders and P&L in dollars."""
    quotes = workload.quotes(ticks)
    position, cash, orders, mid = 0, 0.0, 0, 0.0
    for index, (bid, ask) in enumerate(zip(quotes.bid.tolist(), quotes.ask.tolist(), strict=True)):
        mid = (bid + ask) * 0.5
        quantity = workload.hedge_quantity(mid, index, position)
        if quantity:
            price = ask + workload.TICK if quantity > 0 else bid - workload.TICK
            cash -= quantity * price
            position += quantity
            orders += 1
    return orders, cash + position * mid


if __name__ == "__main__":
    wanted = workload.ticks_wanted()
    start = time.process_time()
    count, pnl = run(wanted)
    workload.tell(ticks=wanted, cpu_s=time.process_time() - start, orders=count, pnl=pnl)

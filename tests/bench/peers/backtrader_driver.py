"""The hedge workload through backtrader: each quote a bar at the mid, what lies between mid and fill a commission."""

from __future__ import annotations

import time

import backtrader

from tests.bench.peers import workload

CASH = 1e9
UNIX_EPOCH_DAYS = 719_163.0


class Bars(backtrader.feed.DataBase):
    """Every quote a bar whose prices are the mid."""

    lines = ("bid", "ask")
    params = (("quotes", None),)

    def start(self):
        """Rows as plain lists: the quickest form here."""
        super().start()
        quotes = self.p.quotes
        days = (quotes.ts / 1e9 / 86_400.0 + UNIX_EPOCH_DAYS).tolist()
        self.rows = iter(zip(days, quotes.bid.tolist(), quotes.ask.tolist(), strict=True))

    def _load(self):
        row = next(self.rows, None)
        if row is None:
            return False
        days, bid, ask = row
        lines = self.lines
        lines.datetime[0] = days
        lines.open[0] = lines.high[0] = lines.low[0] = lines.close[0] = (bid + ask) * 0.5
        lines.volume[0] = lines.openinterest[0] = 0.0
        lines.bid[0], lines.ask[0] = bid, ask
        return True


class BeyondTheTouch(backtrader.CommInfoBase):
    """Half the spread and a tick per share, of the quote the order was sent on."""

    params = (("stocklike", True), ("commtype", backtrader.CommInfoBase.COMM_FIXED))
    half_spread = 0.0

    def _getcommission(self, size, price, pseudoexec):
        return abs(size) * (self.half_spread + workload.TICK)


class Hedger(backtrader.Strategy):
    """An order for the whole drift; it is filled at this bar's close when the next bar opens."""

    params = (("costs", None),)

    def __init__(self):
        self.index = self.stock = self.orders = 0

    def next(self):
        """Hedge if this bar asks for it."""
        quantity = workload.hedge_quantity(self.data.close[0], self.index, self.stock)
        self.index += 1
        if quantity:
            self.p.costs.half_spread = (self.data.ask[0] - self.data.bid[0]) * 0.5
            (self.buy if quantity > 0 else self.sell)(size=abs(quantity))
            self.stock += quantity
            self.orders += 1


def main() -> None:
    """Runs it."""
    ticks = workload.ticks_wanted()
    costs = BeyondTheTouch()
    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.broker.setcash(CASH)
    cerebro.broker.set_coc(True)
    cerebro.broker.addcommissioninfo(costs)
    cerebro.adddata(Bars(quotes=workload.quotes(ticks), timeframe=backtrader.TimeFrame.Ticks))
    cerebro.addstrategy(Hedger, costs=costs)
    start = time.process_time()
    hedger = cerebro.run()[0]
    cpu_s = time.process_time() - start
    workload.tell(ticks=hedger.index, cpu_s=cpu_s, orders=hedger.orders, pnl=cerebro.broker.getvalue() - CASH)


main()

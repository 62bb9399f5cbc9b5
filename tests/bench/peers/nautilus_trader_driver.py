"""The hedge workload through nautilus_trader's backtest engine."""

from __future__ import annotations

import time

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import FillModel
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from tests.bench.peers import workload

CASH = 1_000_000_000


class Hedger(Strategy):
    """A market order for the whole drift, on each quote that finds it too far."""

    def __init__(self, instrument_id):
        super().__init__()
        self.instrument_id = instrument_id
        self.index = self.stock = self.orders = 0

    def on_start(self):
        """Ask for quotes."""
        self.subscribe_quote_ticks(self.instrument_id)

    def on_quote_tick(self, tick):
        """Hedge if this quote asks for it."""
        mid = (tick.bid_price.as_double() + tick.ask_price.as_double()) * 0.5
        quantity = workload.hedge_quantity(mid, self.index, self.stock)
        self.index += 1
        if quantity:
            side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
            self.submit_order(self.order_factory.market(self.instrument_id, side, Quantity.from_int(abs(quantity))))
            self.stock += quantity
            self.orders += 1


def main() -> None:
    """Runs it; the wrangling of the quotes is not timed."""
    ticks = workload.ticks_wanted()
    quotes = workload.quotes(ticks)
    instrument = TestInstrumentProvider.equity(symbol="SPY", venue="XNAS")
    frame = pd.DataFrame(
        {
            "bid_price": quotes.bid,
            "ask_price": quotes.ask,
            "bid_size": quotes.bid_size.astype(float),
            "ask_size": quotes.ask_size.astype(float),
        },
        index=pd.to_datetime(quotes.ts, utc=True),
    )
    logging, risk = LoggingConfig(bypass_logging=True), RiskEngineConfig(bypass=True)
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, risk_engine=risk, run_analysis=False))
    venue = Venue("XNAS")
    slips_a_tick = FillModel(prob_slippage=1.0)
    engine.add_venue(
        venue, OmsType.NETTING, AccountType.MARGIN, [Money(CASH, USD)], base_currency=USD, fill_model=slips_a_tick
    )
    engine.add_instrument(instrument)
    hedger = Hedger(instrument.id)
    engine.add_strategy(hedger)
    engine.add_data(QuoteTickDataWrangler(instrument).process(frame))
    start = time.process_time()
    engine.run()
    cpu_s = time.process_time() - start
    fills = engine.trader.generate_order_fills_report()
    signed = [
        (float(row.filled_qty) * (1 if row.side == "BUY" else -1), float(row.avg_px)) for row in fills.itertuples()
    ]
    cash = -sum(quantity * price for quantity, price in signed)
    stock = sum(quantity for quantity, _ in signed)
    mid = float(quotes.bid[-1] + quotes.ask[-1]) * 0.5
    workload.tell(ticks=ticks, cpu_s=cpu_s, orders=len(signed), pnl=cash + stock * mid)


main()

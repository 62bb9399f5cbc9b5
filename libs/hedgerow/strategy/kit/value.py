"""The first half of the chain: the market and the legs as this observation shows them."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedgerow.strategy.compiled import compiled
from hedgerow.strategy.kit.bars import add_price, moves
from hedgerow.strategy.kit.book import total, value_legs
from hedgerow.strategy.kit.legs import MS_PER_NS
from hedgerow.strategy.kit.params import Params
from hedgerow.strategy.kit.quotes import mid_price, spread_percent
from hedgerow.strategy.kit.situation import Valued
from hedgerow.strategy.kit.state import Bars, Memory
from hedgerow.strategy.observation import Observation, QuoteView

VALUE_PARAMS = (
    "vol_window_min", "risk_free_rate", "dividend_yield", "fixed_volatility", "option_stale_ms",
    "broker_delta_tolerance", "broker_delta_observations", "next_dividend_usd", "deep_delta", "near_expiry_ns",
)  # fmt: skip
"""The only parameters that `value` reads: where these agree, its result may be shared."""


class Market(NamedTuple):
    """The underlying as remembered: last mid, the event time of its quote, and the bars."""

    spot: float
    spot_time: int
    bars: Bars


@compiled
def market_after(memory: Memory, quote: QuoteView) -> Market:
    """The market after this quote: the last mid is kept while a quote is one-sided."""
    mid = mid_price(quote.bid, quote.ask)
    if not math.isfinite(mid):
        return Market(memory.spot, memory.spot_time, memory.bars)
    return Market(mid, quote.event_time, add_price(memory.bars, quote.event_time, mid))


@compiled
def usable_spot(market: Market, quote: QuoteView, now: int) -> float:
    """The last mid, NaN once it is older than the underlying's freshness limit without being quoted again."""
    quoted = math.isfinite(mid_price(quote.bid, quote.ask))
    if quoted or float(now - market.spot_time) * MS_PER_NS <= quote.limit_ms:
        return market.spot
    return math.nan


@compiled
def value(params: Params, memory: Memory, o: Observation) -> Valued:
    """Spot, bars, greeks of every leg, and the option position's totals."""
    market = market_after(memory, o.underlying)
    spot = usable_spot(market, o.underlying, o.now)
    moved = market.spot_time != memory.spot_time or market.spot != memory.spot
    legs = value_legs(params, o.now, spot, market.spot_time, o.legs, memory.legs, moved)
    return Valued(
        spot,
        market.spot,
        spread_percent(o.underlying.bid, o.underlying.ask),
        moves(market.bars, params.vol_window_min),
        total(params, o.now, spot, o.legs, legs),
        (
            legs[0].greeks, legs[1].greeks, legs[2].greeks, legs[3].greeks,
            legs[4].greeks, legs[5].greeks, legs[6].greeks, legs[7].greeks,
        ),
        Memory(
            market.spot,
            market.spot_time,
            market.bars,
            (
                legs[0].memory, legs[1].memory, legs[2].memory, legs[3].memory,
                legs[4].memory, legs[5].memory, legs[6].memory, legs[7].memory,
            ),
        ),
    )  # fmt: skip

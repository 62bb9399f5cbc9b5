"""Model greeks the gateway publishes, in IB's units: vega per volatility point, theta per day."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from hedgerow.domain.instrument import Right
from hedgerow.ibsim.contracts import Listing
from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.pricing.implied_volatility import implied_volatility
from hedgerow.tape.sessions import expiry_close_ns

_YEAR_NS = 365 * 86_400 * 1_000_000_000
_DAYS_PER_YEAR = 365.0


class ModelGreeks(NamedTuple):
    """One tickOptionComputation, in wire order; -1 and -2 mean not computed."""

    implied_volatility: float
    delta: float
    price: float
    dividends: float
    gamma: float
    vega: float
    theta: float
    underlying_price: float


NOT_COMPUTED = ModelGreeks(-1, -2, -1, -1, -2, -2, -2, -1)
_close_of = lru_cache(maxsize=512)(expiry_close_ns)


def model_greeks(option: Listing, market_time: int, rate: float) -> ModelGreeks:
    """Greeks of one option from its own mid and its underlying's; NOT_COMPUTED where they have no root.

    The volatility is solved once per quote of the option and kept while only the underlying moves.
    """
    instrument, quote = option.instrument, option.quote
    if option.underlying is None or instrument.expiry is None or instrument.strike is None:
        return NOT_COMPUTED
    under = option.underlying.quote
    if quote.bid is None or quote.ask is None or under.bid is None or under.ask is None:
        return NOT_COMPUTED
    spot, strike = (under.bid + under.ask) * 0.5, float(instrument.strike)
    years = (_close_of(instrument.expiry) - market_time) / _YEAR_NS
    is_call = instrument.right is Right.CALL
    if quote.iv is None:
        mid = (quote.bid + quote.ask) * 0.5
        quote.iv = implied_volatility(is_call, mid, spot, strike, years, rate, 0.0)
    if math.isnan(quote.iv) or years <= 0.0:
        return NOT_COMPUTED
    model = black_scholes(is_call, spot, strike, years, rate, 0.0, quote.iv)
    return ModelGreeks(
        quote.iv, model.delta, model.price, 0.0, model.gamma, model.vega / 100.0, model.theta / _DAYS_PER_YEAR, spot
    )

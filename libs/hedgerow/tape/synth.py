"""A seeded synthetic day: an underlying that swings and an option chain priced from one volatility surface.

The swings are sized so that a long straddle of three to five weeks is worth hedging some ten to forty times
in a session, at any seed: enough to see every part work, fewer than a day's allowance of hedges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right, option, stock
from hedgerow.tape.format import VERSION, TapeColumns, TapeMeta
from hedgerow.tape.sessions import TIME_ZONE, expiry_close_ns, hours_of, last_trading_day, next_session

Floats = NDArray[np.float64]

_NS_PER_MS = 1_000_000
YEAR_NS = 365 * 86_400 * 1_000_000_000
SESSION_YEAR_S = 252 * 6.5 * 3_600.0
RATE = 0.02
# Days ahead at which the first Friday is listed: one inside 21 to 35 days whatever the weekday or holiday.
_EXPIRY_DAYS = (5, 24, 56, 88)
_STRIKES_EACH_SIDE = 12
_STRIKE_STEPS = ("0.5", "1", "2.5", "5", "10", "25", "50")
EXTENDED_MINUTES = 15
# Swings: period in minutes and amplitude as a share of the price; the noise on top is annualised volatility.
_SWINGS = ((170.0, 0.0042), (95.0, 0.0024), (52.0, 0.0012))
_NOISE_VOLATILITY = 0.11
_NOISE_HALF_LIFE_S = 2_400.0


def synth_tape(
    seed: int,
    day: date,
    symbol: str = "SIMX",
    spot: float = 100.0,
    interval_ms: int = 5_000,
    option_interval_ms: int = 60_000,
    volatility: float = 0.20,
    also: Sequence[Instrument] = (),
) -> tuple[TapeMeta, TapeColumns]:
    """The day that `seed` makes of `day`: the same arguments always give the same rows.

    `spot` is the opening price in dollars, `volatility` the at-the-money implied one of the chain, per year;
    the underlying quotes every `interval_ms` from 15 minutes before the open to 15 after the close, options
    every `option_interval_ms` within the session. `also` are contracts listed besides, expired ones left out: what was
    traded on an earlier day goes on being quoted. Raises InvalidValue for a closed day or a value out of range.
    """
    hours = checked_session(seed, day, spot, interval_ms, option_interval_ms, volatility)
    open_ns, close_ns = hours
    underlying = stock(symbol)
    generator = np.random.default_rng(seed)
    step_ns = interval_ms * _NS_PER_MS
    before = EXTENDED_MINUTES * 60_000 // interval_ms
    count = (close_ns - open_ns) // step_ns
    # Like bars: a row comes at its interval's end, so the session's first is one interval after the open.
    ts = open_ns + np.arange(-before, count + before + 1, dtype=np.int64) * step_ns
    price = _path(generator, (ts - open_ns) / 1e9, spot)
    bid, ask = _stock_quotes(generator, price)
    every = option_interval_ms // interval_ms
    quoted = np.arange(before + 1, before + 1 + count, every)
    contracts = listed_contracts(underlying.symbol, day, spot)
    contracts += [one for one in also if one not in contracts and one.expiry and last_trading_day(one.expiry) >= day]
    option_bid, option_ask = _chain_quotes(contracts, ts[quoted], (bid[quoted] + ask[quoted]) * 0.5, spot, volatility)
    sizes = generator.integers(1, 20, size=(2, len(ts))) * 100.0
    columns = day_columns(generator, ts, (bid, ask, *sizes), quoted, (option_bid, option_ask), hours)
    meta = TapeMeta(
        VERSION, underlying.symbol, day, TIME_ZONE, interval_ms, "synthetic", seed, open_ns, close_ns,
        (underlying, *contracts),
    )  # fmt: skip
    return meta, columns


def day_columns(
    generator: np.random.Generator, ts: NDArray[np.int64], underlying: tuple[Floats, Floats, Floats, Floats],
    quoted: NDArray[np.int64], chain: tuple[Floats, Floats], hours: tuple[int, int],
) -> TapeColumns:  # fmt: skip
    """A day's rows: bid, ask and their sizes of the stock at `ts`; bids and asks (times by contracts) at `ts[quoted]`.

    The options' sizes are drawn here.
    """
    bid, ask, bid_size, ask_size = underlying
    option_bid, option_ask = (prices.ravel() for prices in chain)
    width = chain[0].shape[1]
    sizes = generator.integers(5, 80, size=(2, option_bid.size)).astype(np.float64)
    sizes[0][np.isnan(option_bid)] = 0.0
    all_ts = np.concatenate((ts, np.repeat(ts[quoted], width)))
    open_ns, close_ns = hours
    return TapeColumns(
        ts=all_ts,
        instrument=np.concatenate((np.zeros(len(ts)), np.tile(np.arange(1, width + 1), len(quoted)))).astype(np.int32),
        bid=np.concatenate((bid, option_bid)),
        ask=np.concatenate((ask, option_ask)),
        bid_size=np.concatenate((bid_size, sizes[0])),
        ask_size=np.concatenate((ask_size, sizes[1])),
        extended=(all_ts <= open_ns) | (all_ts > close_ns),
    ).in_time_order()


def synth_days(seed: int, first: date, days: int, symbol: str = "SIMX") -> Iterator[tuple[TapeMeta, TapeColumns]]:
    """`days` sessions from `first` on: the first as `synth_tape` makes it, each next one from where the last ended.

    Day n has the seed `seed` + n, and what was listed the day before goes on being quoted. Raises InvalidValue as
    `synth_tape` does.
    """
    spot, day = 100.0, first
    listed: tuple[Instrument, ...] = ()
    for number in range(days):
        meta, columns = synth_tape(seed + number, day, symbol, spot=spot, also=listed)
        yield meta, columns
        last = np.flatnonzero(columns.instrument == 0)[-1]
        spot = round(float(columns.bid[last] + columns.ask[last]) / 2, 2)
        day, listed = next_session(day + timedelta(days=1)), meta.instruments[1:]


def checked_session(
    seed: int, day: date, spot: float, interval_ms: int, option_interval_ms: int, volatility: float
) -> tuple[int, int]:
    """The day's session, once every argument is known to be in range."""
    if seed < 0:
        raise InvalidValue("seed", seed, "zero or above")
    if not (math.isfinite(spot) and 5.0 <= spot <= 5_000.0):
        raise InvalidValue("spot", spot, "between 5 and 5000 dollars")
    if not 500 <= interval_ms <= 60_000:
        raise InvalidValue("interval_ms", interval_ms, "between 500 and 60000")
    if option_interval_ms < interval_ms or option_interval_ms % interval_ms or option_interval_ms > 300_000:
        raise InvalidValue("option_interval_ms", option_interval_ms, f"a multiple of {interval_ms} up to 300000")
    if not 0.05 <= volatility <= 2.0:
        raise InvalidValue("volatility", volatility, "between 0.05 and 2.0 per year")
    return hours_of(day)


def _path(generator: np.random.Generator, seconds: Floats, spot: float) -> Floats:
    """Prices at those seconds since the open: slow swings with mean-reverting noise on top."""
    log_price = np.zeros(len(seconds))
    for period_min, amplitude in _SWINGS:
        phase, stretch = generator.uniform(0.0, 2.0 * math.pi), generator.uniform(0.85, 1.15)
        log_price += amplitude * np.sin(2.0 * math.pi * seconds / (60.0 * period_min * stretch) + phase)
    step = float(seconds[1] - seconds[0])
    shocks = generator.standard_normal(len(seconds)) * _NOISE_VOLATILITY * math.sqrt(step / SESSION_YEAR_S)
    # An AR(1) written as a weighted running sum, in blocks so that the weights stay in range.
    keep = 0.5 ** (step / _NOISE_HALF_LIFE_S)
    block = max(1, int(_NOISE_HALF_LIFE_S / step))
    carried = 0.0
    for start in range(0, len(shocks), block):
        part = shocks[start : start + block]
        weights = keep ** np.arange(1, len(part) + 1)
        noise = weights * (carried + np.cumsum(part / weights))
        log_price[start : start + block] += noise
        carried = float(noise[-1])
    at_open = int(np.searchsorted(seconds, 0.0))
    return np.asarray(spot * np.exp(log_price - log_price[at_open]), dtype=np.float64)


def _stock_quotes(generator: np.random.Generator, price: Floats) -> tuple[Floats, Floats]:
    """Bid and ask around each price, on the cent, about two hundredths of a percent apart."""
    cents = np.maximum(1.0, np.round(price * 0.0001 * generator.uniform(0.5, 1.8, len(price)) * 100.0))
    bid = np.round(price * 100.0 - cents * 0.5)
    return bid / 100.0, (bid + cents) / 100.0


def listed_contracts(symbol: str, day: date, spot: float) -> list[Instrument]:
    """Calls and puts on Fridays ahead (the day before where that is a holiday), strikes around the spot."""
    step = min((Decimal(text) for text in _STRIKE_STEPS), key=lambda each: abs(float(each) - spot * 0.01))
    middle = int(Decimal(repr(spot)) / step + Decimal("0.5"))
    strikes = [step * (middle + offset) for offset in range(-_STRIKES_EACH_SIDE, _STRIKES_EACH_SIDE + 1)]
    contracts = []
    for ahead in _EXPIRY_DAYS:
        first = day + timedelta(days=ahead)
        friday = first + timedelta(days=(4 - first.weekday()) % 7)
        expiry = last_trading_day(friday)
        contracts += [option(symbol, expiry, k, right) for k in strikes if k > 0 for right in (Right.CALL, Right.PUT)]
    return contracts


def surface(strike: Floats, years: Floats, reference: float, volatility: float) -> Floats:
    """Implied volatility by strike and years to expiry: mild skew and smile around the opening spot, no arbitrage.

    Total variance rises with time at every strike, and prices stay convex in the strike.
    """
    distance = np.log(strike / reference) / np.sqrt(np.maximum(years, 1.0 / 365.0))
    wing = np.clip(distance, -0.8, 0.8)
    return np.asarray(volatility * (1.0 - 0.18 * wing + 0.12 * wing * wing), dtype=np.float64)


def black_scholes(
    spot: Floats, strike: Floats, years: Floats, volatility: Floats, is_call: NDArray[np.bool_]
) -> Floats:
    """European prices per share at the rate RATE and no dividend; arrays broadcast, `years` above zero."""
    deviation = volatility * np.sqrt(years)
    d1 = np.log(spot / strike) / deviation + RATE * years / deviation + 0.5 * deviation
    discounted = strike * np.exp(-RATE * years)
    call = spot * _normal(d1) - discounted * _normal(d1 - deviation)
    return np.asarray(np.where(is_call, call, call - spot + discounted), dtype=np.float64)


def _normal(x: Floats) -> Floats:
    """The standard normal distribution function; numpy has no erf of its own."""
    return 0.5 + 0.5 * np.asarray(_ERF(x * math.sqrt(0.5)), dtype=np.float64)


_ERF = np.frompyfunc(math.erf, 1, 1)


def _chain_quotes(
    contracts: list[Instrument], ts: NDArray[np.int64], mid: Floats, reference: float, volatility: float
) -> tuple[Floats, Floats]:
    """Bid and ask of each contract (columns) at each time (rows) on the options' ticks; a bid of nothing is NaN."""
    strike = np.array([float(each.strike or 0) for each in contracts])
    is_call = np.array([each.right is Right.CALL for each in contracts])
    closes = {expiry: expiry_close_ns(expiry) for expiry in {each.expiry for each in contracts} if expiry}
    expires = np.array([closes[each.expiry] for each in contracts if each.expiry])
    years = (expires[None, :] - ts[:, None]) / YEAR_NS
    value = black_scholes(mid[:, None], strike[None, :], years, surface(strike, years, reference, volatility), is_call)
    return option_quotes(value, mid)


def option_quotes(value: Floats, mid: Floats, width: Floats | float = 1.0) -> tuple[Floats, Floats]:
    """Bid and ask around options' values (times by contracts) on their ticks, spreads `width` times the usual.

    `mid` is the underlying's at each time; a bid of nothing is NaN.
    """
    half_spread = np.maximum(0.01, 0.006 * value + 0.00008 * mid[:, None]) * width
    # Options quote in cents below three dollars and in nickels above: floor and ceiling keep the value inside.
    tick_cents = np.where(value < 3.0, 1.0, 5.0)
    bid = np.floor((value - half_spread) * 100.0 / tick_cents) * tick_cents / 100.0
    ask = np.ceil((value + half_spread) * 100.0 / tick_cents) * tick_cents / 100.0
    return np.where(bid >= 0.01, bid, np.nan), ask

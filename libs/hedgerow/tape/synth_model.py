"""The `regimes` model: seeded days one after the other, with regimes, jumps, the day's own rhythm and a smile.

Volatility is calm, normal or stressed by a Markov chain, high at the open and the close, and low in between; prices
jump, mostly down, more often under stress, and overnight; implied volatility follows the regime and rises as the price
falls; the smile is steeper on the downside and sticks to the spot. What one day ends with the next begins with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.instrument import Instrument, Right, stock
from hedgerow.tape.format import VERSION, TapeColumns, TapeMeta
from hedgerow.tape.sessions import TIME_ZONE, expiry_close_ns, last_trading_day, next_session
from hedgerow.tape.synth import (
    EXTENDED_MINUTES,
    SESSION_YEAR_S,
    YEAR_NS,
    Floats,
    black_scholes,
    checked_session,
    day_columns,
    listed_contracts,
    option_quotes,
)

_NS_PER_MS = 1_000_000
_MINUTE_S = 60.0
# Per regime: volatility against the day's, implied volatility against the usual, mean stay in minutes.
_REGIMES = ((0.6, 0.92, 150.0), (1.0, 1.0, 200.0), (2.2, 1.35, 60.0))
_CALM, _NORMAL, _STRESSED = range(3)
# From normal, stress comes this often; the rest of the time calm does.
_STRESS_SHARE = 0.3
_REALISED_TO_IMPLIED = 0.9
_JUMPS_A_DAY = (0.15, 0.5, 2.5)
_OVERNIGHT_PCT = 0.7
# The implied volatility follows its regime this slowly, and rises by this share of itself per 1 % the price falls.
_FOLLOW_MINUTES = 20.0
_LEVERAGE = 1.5
# How fast the term structure forgets today's volatility, in years.
_TERM_YEARS = 0.15
# Above this many times the usual, near expiries would be worth more than far ones.
_MOST = 3.0
_KEEP_WITHIN = 0.25

Change = Callable[[int, TapeMeta, TapeColumns], tuple[TapeMeta, TapeColumns]]
"""Number of the day, what it is, its rows: the same changed, in time order, with rows of the underlying."""


class _World(NamedTuple):
    """What one day hands to the next."""

    spot: float
    regime: int
    volatility: float
    contracts: tuple[Instrument, ...]
    held: tuple[Instrument, ...] = ()
    """What stays listed until it expires, wherever the price goes."""


class _Path(NamedTuple):
    """The day at each quote of the underlying: price, at-the-money implied volatility, how wide it is quoted."""

    price: Floats
    volatility: Floats
    width: Floats
    regime: int


def model_days(
    seed: int,
    first: date,
    days: int,
    symbol: str = "SIMX",
    spot: float = 100.0,
    interval_ms: int = 5_000,
    option_interval_ms: int = 60_000,
    volatility: float = 0.20,
    change: Change | None = None,
) -> Iterator[tuple[TapeMeta, TapeColumns]]:
    """`days` sessions from `first` on, one after the other; the same arguments give the same rows.

    `spot` is the first opening price in dollars, `volatility` the usual at-the-money implied one per year; other
    arguments as `synth_tape`. What is listed one day stays listed until it expires or is a quarter away from the price.
    `change` makes each day another before it is given out: the next one begins, by its own overnight move, from where
    the changed one ended, and the first day's contracts stay listed until they expire. Raises InvalidValue as
    `synth_tape` does.
    """
    world = _World(spot, _NORMAL, volatility, ())
    day = first
    for number in range(days):
        hours = checked_session(seed, day, world.spot, interval_ms, option_interval_ms, volatility)
        meta, columns, world = _one_day(
            np.random.default_rng([seed, number]), seed, day, hours, symbol, interval_ms, option_interval_ms,
            volatility, world,
        )  # fmt: skip
        if change is not None:
            ended = _last_mid(columns)
            meta, columns = change(number, meta, columns)
            held = world.held if number else meta.instruments[1:]
            world = world._replace(spot=world.spot * _last_mid(columns) / ended, held=held)
        yield meta, columns
        day = next_session(day + timedelta(days=1))


def _last_mid(columns: TapeColumns) -> float:
    """The underlying's last two-sided mid."""
    mids = ((columns.bid + columns.ask) * 0.5)[columns.instrument == 0]
    return float(mids[~np.isnan(mids)][-1])


def _one_day(
    generator: np.random.Generator, seed: int, day: date, hours: tuple[int, int], symbol: str, interval_ms: int,
    option_interval_ms: int, volatility: float, world: _World,
) -> tuple[TapeMeta, TapeColumns, _World]:  # fmt: skip
    open_ns, close_ns = hours
    step_ns = interval_ms * _NS_PER_MS
    before = EXTENDED_MINUTES * 60_000 // interval_ms
    count = (close_ns - open_ns) // step_ns
    ts = open_ns + np.arange(-before, count + before + 1, dtype=np.int64) * step_ns
    path = _path(generator, (ts - open_ns) / 1e9, (close_ns - open_ns) / 1e9, volatility, world)
    bid, ask = _stock_quotes(generator, path)
    quoted = np.arange(before + 1, before + 1 + count, option_interval_ms // interval_ms)
    opening = float(path.price[before])
    contracts, held = listed_contracts(symbol, day, round(opening, 2)), set(world.held)
    contracts += [
        each for each in world.contracts
        if each not in contracts and each.expiry and last_trading_day(each.expiry) >= day
        and (each in held or abs(float(each.strike or 0) / opening - 1.0) <= _KEEP_WITHIN)
    ]  # fmt: skip
    mid = (bid[quoted] + ask[quoted]) * 0.5
    option_bid, option_ask = _chain(contracts, ts[quoted], mid, path, quoted, volatility)
    sizes = np.maximum(generator.lognormal(5.5, 0.8, size=(2, len(ts))) / path.width // 100 * 100, 100.0)
    columns = day_columns(generator, ts, (bid, ask, *sizes), quoted, (option_bid, option_ask), hours)
    meta = TapeMeta(
        VERSION, symbol, day, TIME_ZONE, interval_ms, "synthetic, model regimes", seed, open_ns, close_ns,
        (stock(symbol), *contracts),
    )  # fmt: skip
    ended = _World(float(path.price[-1]), path.regime, float(path.volatility[-1]), tuple(contracts), world.held)
    return meta, columns, ended


def _path(generator: np.random.Generator, seconds: Floats, session_s: float, volatility: float, world: _World) -> _Path:
    minute = np.floor((seconds - seconds[0]) / _MINUTE_S).astype(np.int64)
    regimes = _regimes(generator, int(minute[-1]) + 1, world.regime)
    regime = regimes[minute]
    shares, implied, _ = (np.array(column) for column in zip(*_REGIMES, strict=True))
    inside = (seconds > 0.0) & (seconds <= session_s)
    rhythm = np.where(inside, _rhythm(seconds / session_s), 0.35)
    step = float(seconds[1] - seconds[0])
    level = _REALISED_TO_IMPLIED * volatility * shares[regime] * rhythm
    moves = generator.standard_normal(len(seconds)) * level * math.sqrt(step / SESSION_YEAR_S)
    jumps = generator.random(len(seconds)) < np.array(_JUMPS_A_DAY)[regime] * step / session_s * inside
    sizes = generator.normal(-0.002, 0.006, len(seconds))
    moves += np.where(jumps, sizes + np.copysign(0.004, sizes), 0.0)
    overnight = generator.normal(0.0, _OVERNIGHT_PCT / 100.0 * shares[world.regime]) if world.contracts else 0.0
    # The first day opens at the price asked for; later ones wherever the night left it.
    at_open = int(np.searchsorted(seconds, 0.0))
    log_price = np.cumsum(moves)
    log_price -= log_price[0] if world.contracts else log_price[at_open]
    price = world.spot * np.exp(overnight + log_price)
    followed = _followed(implied[regime] * volatility, world.volatility, step / (_FOLLOW_MINUTES * _MINUTE_S))
    fallen = 1.0 - price / price[at_open]
    atm = np.clip(followed * (1.0 + _LEVERAGE * np.clip(fallen, -0.2, 0.5)), 0.05, _MOST * volatility)
    return _Path(
        np.asarray(price), np.asarray(atm), np.maximum(rhythm, 0.8) * np.sqrt(shares[regime]), int(regimes[-1])
    )


def _rhythm(share: Floats) -> Floats:
    """Volatility through the session against its mean: twice the midday's at the open, less so at the close."""
    distance = 2.0 * share - 1.0
    shape = 0.72 + np.where(distance < 0.0, 1.05, 0.75) * distance**4 + 0.1 * distance**2
    return np.asarray(shape / 0.95)


def _regimes(generator: np.random.Generator, minutes: int, first: int) -> NDArray[np.int64]:
    regimes = np.empty(minutes, dtype=np.int64)
    at, regime = 0, first
    while at < minutes:
        stay = max(1, round(generator.exponential(_REGIMES[regime][2])))
        regimes[at : at + stay] = regime
        at += stay
        stress = generator.random() < _STRESS_SHARE
        regime = (_STRESSED if stress else _CALM) if regime == _NORMAL else _NORMAL
    return regimes


def _followed(target: Floats, start: float, share: float) -> Floats:
    """`target` followed by `share` of the distance at each step, from `start` on."""
    followed = np.empty(len(target))
    value = start
    for at, wanted in enumerate(target.tolist()):
        value += (wanted - value) * share
        followed[at] = value
    return followed


def _stock_quotes(generator: np.random.Generator, path: _Path) -> tuple[Floats, Floats]:
    """Bid and ask around each price, on the cent, wider where the day is."""
    wanted = path.price * 0.0001 * path.width * generator.uniform(0.5, 1.8, len(path.price)) * 100.0
    cents = np.maximum(1.0, np.round(wanted))
    bid = np.round(path.price * 100.0 - cents * 0.5)
    return bid / 100.0, (bid + cents) / 100.0


def smile(strike: Floats, years: Floats, spot: Floats, atm: Floats, usual: float) -> Floats:
    """Implied volatility by strike and years to expiry, the arrays broadcast: skewed down, sticking to the spot.

    Near expiries have today's `atm`, far ones the `usual`; in standard deviations from the spot the smile is the same
    for all, level in the wings, and free of arbitrage between strikes and between expiries.
    """
    level = usual + (atm - usual) * np.exp(-years / _TERM_YEARS)
    deviations = np.log(strike / spot) / (level * np.sqrt(years))
    # Levels off smoothly: a kink would be a strike worth less than its neighbours.
    wing = deviations / np.sqrt(1.0 + deviations * deviations / 9.0)
    return np.asarray(level * (1.0 - 0.055 * wing + 0.012 * wing * wing))


def _chain(
    contracts: list[Instrument], ts: NDArray[np.int64], mid: Floats, path: _Path, quoted: NDArray[np.intp], usual: float
) -> tuple[Floats, Floats]:
    strike = np.array([float(each.strike or 0) for each in contracts])[None, :]
    is_call = np.array([each.right is Right.CALL for each in contracts])[None, :]
    closes = {expiry: expiry_close_ns(expiry) for expiry in {each.expiry for each in contracts} if expiry}
    expires = np.array([closes[each.expiry] for each in contracts if each.expiry])
    # A contract is worth its intrinsic value at its close; a second before it is as good and divides by no zero.
    years = np.maximum(expires[None, :] - ts[:, None], 1_000_000_000) / YEAR_NS
    spot = mid[:, None]
    value = black_scholes(
        spot, strike, years, smile(strike, years, spot, path.volatility[quoted][:, None], usual), is_call
    )
    return option_quotes(value, mid, path.width[quoted][:, None])

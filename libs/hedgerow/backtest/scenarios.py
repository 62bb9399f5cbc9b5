"""Scenario templates: what a day looks like when it goes wrong in a known way, laid over any tape by a seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Right
from hedgerow.tape.format import COLUMN_NAMES, Tape
from hedgerow.tape.sessions import expiry_close_ns
from hedgerow.tape.synth import black_scholes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_YEAR_NS = 365 * 86_400 * 1_000_000_000
_NS_PER_S = 1_000_000_000
_MINUTE = 60.0
# Prices below this are quoted to a hundredth of a cent: a cent would be a move of its own.
_CENTS_FROM_USD = 25.0
# Waves of these periods (seconds) go up and down within any few minutes: movement without direction.
_WAVES_S = (97.0, 141.0, 223.0)


class Shape(NamedTuple):
    """What a scenario does, one value per row of the tape.

    `price` multiplies the underlying's price; `spread_pct` is the least spread of the underlying in percent of mid;
    `option_spread` multiplies an option's spread, `volatility` its implied volatility; `silent` takes the
    underlying's rows away, `dead` the rows of everything.
    """

    price: Floats
    spread_pct: Floats
    option_spread: Floats
    volatility: Floats
    silent: Bools
    dead: Bools


class Scenario(NamedTuple):
    """A template: what it is, in a sentence, and its shape.

    `shape(generator, seconds since the open, seconds of the session, spot over the opening spot)`, arrays per row.
    """

    says: str
    shape: Callable[[np.random.Generator, Floats, float, Floats], Shape]


def _unchanged(seconds: Floats) -> Shape:
    one, nothing = np.ones(len(seconds)), np.zeros(len(seconds), dtype=np.bool_)
    return Shape(one, np.zeros(len(seconds)), one, one, nothing, nothing)


def _waves(generator: np.random.Generator, seconds: Floats, amplitude: float) -> Floats:
    total = np.zeros(len(seconds))
    for period in _WAVES_S:
        total += np.sin(2.0 * math.pi * seconds / period + generator.uniform(0.0, 2.0 * math.pi))
    return amplitude * total


def _quiet(generator: np.random.Generator, seconds: Floats, session: float, relative: Floats) -> Shape:
    return _unchanged(seconds)._replace(price=np.exp(_waves(generator, seconds, 0.00004)) / relative)


def _trend(generator: np.random.Generator, seconds: Floats, session: float, relative: Floats) -> Shape:
    drift = generator.choice((-1.0, 1.0)) * generator.uniform(0.05, 0.07) * np.clip(seconds / session, 0.0, 1.0)
    return _unchanged(seconds)._replace(price=np.exp(drift + _waves(generator, seconds, 0.00001)) / relative)


def _gap(generator: np.random.Generator, seconds: Floats, session: float, relative: Floats) -> Shape:
    at = generator.uniform(0.25, 0.6) * session
    jump = 1.0 + generator.choice((-1.0, 1.0)) * generator.uniform(0.025, 0.035)
    return _unchanged(seconds)._replace(price=np.where(seconds >= at, jump, 1.0))


def _crash(generator: np.random.Generator, seconds: Floats, session: float, relative: Floats) -> Shape:
    since = seconds - generator.uniform(0.25, 0.5) * session
    depth = math.log(1.0 - generator.uniform(0.09, 0.12))
    begun = since >= 0.0
    late = np.maximum(since, 0.0)
    path = depth * np.clip(late / (6.0 * _MINUTE), 0.0, 1.0) * (1.0 - np.clip(late / session, 0.0, 1.0) / 3.0)
    path += _waves(generator, seconds, 0.002) * np.exp(-late / (45.0 * _MINUTE))
    return _unchanged(seconds)._replace(
        price=np.where(begun, np.exp(path), 1.0),
        spread_pct=np.where(begun, 1.0 * np.exp(-late / (20.0 * _MINUTE)), 0.0),
        option_spread=np.where(begun, 1.0 + 3.0 * np.exp(-late / (30.0 * _MINUTE)), 1.0),
        volatility=np.where(begun, 1.0 + np.exp(-late / (90.0 * _MINUTE)), 1.0),
    )


def _wide_spreads(generator: np.random.Generator, seconds: Floats, session: float, relative: Floats) -> Shape:
    begin, length = generator.uniform(0.2, 0.35) * session, generator.uniform(0.3, 0.4) * session
    into = (seconds - begin) / length
    wide, extreme = (into >= 0.0) & (into < 1.0), (into >= 0.4) & (into < 0.6)
    return _unchanged(seconds)._replace(
        spread_pct=np.where(extreme, 0.8, np.where(wide, 0.25, 0.0)), option_spread=np.where(wide, 3.0, 1.0)
    )


def _feed_loss(generator: np.random.Generator, seconds: Floats, session: float, relative: Floats) -> Shape:
    starts = (np.array([0.15, 0.4, 0.65]) + generator.uniform(0.0, 0.1, 3)) * session
    lengths = generator.uniform(5.0, 10.0, 3) * _MINUTE
    lost = [(seconds >= start) & (seconds < start + length) for start, length in zip(starts, lengths, strict=True)]
    return _unchanged(seconds)._replace(silent=lost[0] | lost[1], dead=lost[2])


SCENARIOS: dict[str, Scenario] = {
    "quiet": Scenario("the price goes nowhere: realised volatility of a few percent", _quiet),
    "trend": Scenario("one direction all day, five to seven percent", _trend),
    "gap": Scenario("one jump of about three percent in mid-session, then the day as it was", _gap),
    "crash": Scenario("ten percent down in six minutes, spreads and volatility up, a third won back", _crash),
    "wide_spreads": Scenario("a third of the day with wide spreads, for a while extremely wide", _wide_spreads),
    "feed_loss": Scenario("the underlying falls silent twice, everything once, five to ten minutes each", _feed_loss),
}


def scenario_of(name: str) -> Scenario:
    """The template of that name; raises InvalidValue naming those there are."""
    scenario = SCENARIOS.get(name)
    if scenario is None:
        raise InvalidValue("scenario", name, f"one of {', '.join(SCENARIOS)}")
    return scenario


def overlay(tape: Tape, name: str, seed: int) -> Tape:
    """`tape` with the scenario laid over it: a new tape; rows the scenario does not touch keep their bits.

    Options follow the underlying by Black-Scholes at their own implied volatility. Raises InvalidValue for an unknown
    name, a negative seed, or a tape without a two-sided quote of the underlying in its session.
    """
    scenario = scenario_of(name)
    if seed < 0:
        raise InvalidValue("seed", seed, "zero or above")
    generator = np.random.default_rng([seed, list(SCENARIOS).index(name)])
    spot = _spot(tape)
    seconds = (tape.ts - tape.meta.session_open_ns) / _NS_PER_S
    session = (tape.meta.session_close_ns - tape.meta.session_open_ns) / _NS_PER_S
    opened = spot[np.argmax((tape.instrument == 0) & ~tape.extended)]
    shape = scenario.shape(generator, seconds, session, spot / opened)
    bid, ask = tape.bid.copy(), tape.ask.copy()
    is_stock = tape.instrument == 0
    bid[is_stock], ask[is_stock] = _stock(tape, shape, spot, is_stock)
    bid[~is_stock], ask[~is_stock] = _options(tape, shape, spot, ~is_stock)
    gone = np.isnan(bid) & ~np.isnan(tape.bid)
    meta = replace(tape.meta, source=f"{tape.meta.source}; scenario {name} (seed {seed})")
    changed = replace(tape, meta=meta, bid=bid, ask=ask, bid_size=np.where(gone, 0.0, tape.bid_size))
    kept = np.flatnonzero(~(shape.dead | (shape.silent & is_stock)))
    return replace(changed, **{each: getattr(changed, each)[kept] for each in COLUMN_NAMES})


def _spot(tape: Tape) -> Floats:
    """The underlying's last known mid at each row; before the first one, the first."""
    rows = np.flatnonzero((tape.instrument == 0) & ~np.isnan(tape.bid) & ~np.isnan(tape.ask))
    if not len(rows) or tape.extended[rows].all():
        raise InvalidValue("tape", tape.meta.symbol, "quotes of the underlying with both sides in the session")
    mids = (tape.bid[rows] + tape.ask[rows]) * 0.5
    last = np.searchsorted(tape.ts[rows], tape.ts, side="right") - 1
    return np.asarray(mids[np.maximum(last, 0)], dtype=np.float64)


def _stock(tape: Tape, shape: Shape, spot: Floats, rows: Bools) -> tuple[Floats, Floats]:
    bid, ask, factor = tape.bid[rows], tape.ask[rows], shape.price[rows]
    half = shape.spread_pct[rows] / 200.0
    mid = spot[rows] * factor
    tick = 0.01 if float(np.min(mid)) >= _CENTS_FROM_USD else 0.0001
    # One-sided rows stay one-sided: the minimum and maximum with NaN are NaN.
    new_bid = _to_tick(np.where(half > 0.0, np.minimum(bid * factor, mid * (1.0 - half)), bid * factor), tick)
    new_ask = _to_tick(np.where(half > 0.0, np.maximum(ask * factor, mid * (1.0 + half)), ask * factor), tick)
    new_ask = np.where((new_ask <= new_bid) & (ask > bid), new_bid + tick, new_ask)
    touched = (factor != 1.0) | (half > 0.0)
    return np.where(touched, new_bid, bid), np.where(touched, new_ask, ask)


def _to_tick(price: Floats, tick: float) -> Floats:
    per_unit = round(1.0 / tick)
    return np.asarray(np.maximum(np.round(price * per_unit), 1.0) / per_unit)


def _options(tape: Tape, shape: Shape, spot: Floats, rows: Bools) -> tuple[Floats, Floats]:
    bid, ask, number = tape.bid[rows], tape.ask[rows], tape.instrument[rows]
    legs = tape.meta.instruments[1:]
    if not legs or not len(bid):
        return bid, ask
    strike = np.array([0.0, *(float(leg.strike or 0) for leg in legs)])[number]
    is_call = np.array([False, *(leg.right is Right.CALL for leg in legs)])[number]
    closes = {leg.expiry: expiry_close_ns(leg.expiry) for leg in legs if leg.expiry}
    expires = np.array([0, *(closes[leg.expiry] for leg in legs if leg.expiry)])[number]
    years = np.maximum(expires - tape.ts[rows], 60 * _NS_PER_S) / _YEAR_NS
    old, new = spot[rows], spot[rows] * shape.price[rows]
    mid = (bid + ask) * 0.5
    volatility = _volatilities(number, mid, ~tape.extended[rows], old, strike, years, is_call)
    change = black_scholes(new, strike, years, volatility * shape.volatility[rows], is_call)
    change -= black_scholes(old, strike, years, volatility, is_call)
    extra = np.where(np.isnan(mid), 0.0, (ask - bid) * 0.5 * (shape.option_spread[rows] - 1.0))
    new_bid, new_ask = np.round((bid + change - extra) * 100.0), np.round((ask + change + extra) * 100.0)
    new_ask = np.maximum(new_ask, np.where(np.isnan(new_bid), 1.0, np.maximum(new_bid + 1.0, 1.0)))
    touched = (change != 0.0) | (extra != 0.0)
    return (
        np.where(touched, np.where(new_bid >= 1.0, new_bid / 100.0, np.nan), bid),
        np.where(touched, new_ask / 100.0, ask),
    )


def _volatilities(
    number: NDArray[np.int32], mid: Floats, regular: Bools, spot: Floats, strike: Floats, years: Floats, is_call: Bools
) -> Floats:
    """Each row's implied volatility: its contract's at the contract's first two-sided quote in the session."""
    usable = np.flatnonzero(regular & ~np.isnan(mid))
    contracts, first = np.unique(number[usable], return_index=True)
    at = usable[first]
    low, high = np.full(len(at), 0.01), np.full(len(at), 4.0)
    for _ in range(40):
        middle = (low + high) * 0.5
        above = black_scholes(spot[at], strike[at], years[at], middle, is_call[at]) > mid[at]
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found = np.full(int(number.max()) + 1, 0.2)
    found[contracts] = (low + high) * 0.5
    return np.asarray(found[number])

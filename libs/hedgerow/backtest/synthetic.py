"""A straddle for tapes without options: Black-Scholes quotes at the underlying's mids, at one volatility."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np

from hedgerow.backtest.feed import Leg
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right, option
from hedgerow.pricing.black_scholes import black_scholes
from hedgerow.tape.format import Tape, TapeColumns
from hedgerow.tape.sessions import expiry_close_ns, last_trading_day

NS_PER_YEAR = 365 * 86_400 * 1_000_000_000
_NS_PER_MS = 1_000_000


def synthetic_straddle(
    tapes: Sequence[Tape], *, contracts: float, volatility: float, days_to_expiry: int, interval_ms: int,
    spread_pct: float, rate: float, dividend: float,
) -> tuple[tuple[Tape, ...], tuple[Leg, Leg]]:  # fmt: skip
    """The tapes of one symbol with a call and a put instead of their options, and the legs that hold them.

    The strike is the underlying's first mid in session, to the cent; the expiry the last trading day on or before so
    many calendar days ahead. From that mid on, every `interval_ms` in session, both are quoted `spread_pct` percent
    wide around their value at the last mid; they are taken over at their first value. Raises InvalidValue where no
    mid is quoted in the first session.
    """
    first = tapes[0]
    opened = _two_sided(first)
    if not len(opened):
        raise InvalidValue("tape", first.meta.symbol, f"quotes with both sides in the session of {first.meta.date}")
    spot = _mid(first, int(opened[0]))
    strike = Decimal(repr(round(spot, 2)))
    expiry = last_trading_day(first.meta.date + timedelta(days=days_to_expiry))
    if expiry <= first.meta.date:
        rule = f"long enough to expire after {first.meta.date}"
        raise InvalidValue("position.days_to_expiry", days_to_expiry, rule)
    pair = tuple(option(first.meta.symbol, expiry, strike, right) for right in (Right.CALL, Right.PUT))
    start = int(first.ts[opened[0]])

    def value(instrument: Instrument, at: int, price: float) -> float:
        years = (expiry_close_ns(expiry) - at) / NS_PER_YEAR
        call = instrument.right is Right.CALL
        return black_scholes(call, price, float(strike), years, rate, dividend, volatility).price

    def quoted(tape: Tape) -> Tape:
        rows = _two_sided(tape)
        begin = max(tape.meta.session_open_ns, int(tape.ts[rows[0]])) if len(rows) else tape.meta.session_close_ns
        end = min(tape.meta.session_close_ns, expiry_close_ns(expiry))
        times = np.arange(begin, end, interval_ms * _NS_PER_MS, dtype=np.int64)
        at = rows[np.searchsorted(tape.ts[rows], times, side="right") - 1] if len(times) else rows[:0]
        mids = (tape.bid[at] + tape.ask[at]) * 0.5
        kept = tape.take(np.flatnonzero(tape.instrument == 0))
        parts = [kept]
        for number, instrument in enumerate(pair, start=1):
            values = np.array([value(instrument, int(t), float(mid)) for t, mid in zip(times, mids, strict=True)])
            values[~(values > 0.0)] = math.nan
            zeros = np.zeros(len(times))
            parts.append(
                TapeColumns(
                    times,
                    np.full(len(times), number, dtype=np.int32),
                    values * (1.0 - spread_pct / 200.0),
                    values * (1.0 + spread_pct / 200.0),
                    zeros,
                    zeros,
                    np.zeros(len(times), dtype=np.bool_),
                )
            )
        columns = TapeColumns(*(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES))
        ordered = columns.in_time_order()
        meta = replace(tape.meta, instruments=(tape.meta.underlying, *pair))
        return replace(tape, meta=meta, trades=None, **{name: getattr(ordered, name) for name in _NAMES})

    legs = (
        Leg(pair[0], contracts, value(pair[0], start, spot), start),
        Leg(pair[1], contracts, value(pair[1], start, spot), start),
    )
    return tuple(quoted(tape) for tape in tapes), legs


_NAMES = ("ts", "instrument", "bid", "ask", "bid_size", "ask_size", "extended")


def _two_sided(tape: Tape) -> np.typing.NDArray[np.intp]:
    """Rows of the underlying in session with both sides, not crossed: those that have a mid."""
    return np.flatnonzero((tape.instrument == 0) & ~tape.extended & (tape.bid <= tape.ask))


def _mid(tape: Tape, row: int) -> float:
    return float((tape.bid[row] + tape.ask[row]) * 0.5)

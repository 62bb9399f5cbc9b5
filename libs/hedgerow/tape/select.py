"""Which straddle a day offers: the contracts a session starts with, at prices known at the open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right
from hedgerow.tape.format import Tape
from hedgerow.tape.sessions import days_to_expiry

WINDOW_KEYS = "gates.strategy.structure.min_dte/max_dte"
# A leg that first quotes later than this after the underlying does is not two-sided at the open.
OPEN_WINDOW_NS = 300 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Straddle:
    """A call and a put of one strike and listed expiry.

    `call_index` and `put_index` count into the tape's instruments; `dte` is calendar days to the last
    trading day; `spot` and the mids are the first in-session ones, in currency per share; `as_of_ns` is when
    the last of them became known, ns UTC.
    """

    call: Instrument
    put: Instrument
    call_index: int
    put_index: int
    expiry: date
    strike: Decimal
    dte: int
    spot: float
    call_mid: float
    put_mid: float
    as_of_ns: int


def select_straddle(tape: Tape, min_dte: int, max_dte: int) -> Straddle:
    """The straddle to adopt: earliest expiry with `min_dte` <= DTE <= `max_dte` that is two-sided at the open.

    The strike is the one nearest the underlying's first in-session mid, ties to the lower; two-sided at the
    open means that both its legs' first in-session quotes are. Raises InvalidValue naming the expiries that
    exist and the keys to change where none fits.
    """
    meta = tape.meta
    opened = _first_in_session(tape, 0, two_sided=True)
    if opened is None:
        raise InvalidValue(
            "tape", meta.symbol, f"quotes of {meta.symbol} with both sides in the session of {meta.date}"
        )
    spot = (Decimal(repr(float(tape.bid[opened]))) + Decimal(repr(float(tape.ask[opened])))) / 2
    chain = _chain(meta.instruments)
    if not chain:
        raise InvalidValue("tape", meta.symbol, "a day with an option chain", "name a symbol and date that has one")
    dte = {expiry: days_to_expiry(expiry, meta.date) for expiry in chain}
    one_sided = []
    for expiry in sorted(expiry for expiry in chain if min_dte <= dte[expiry] <= max_dte):
        strike = min(chain[expiry], key=lambda candidate: (abs(candidate - spot), candidate))
        call, put = (chain[expiry][strike][right] for right in (Right.CALL, Right.PUT))
        rows = [_two_sided_at_open(tape, leg, int(tape.ts[opened])) for leg in (call, put)]
        if rows[0] is None or rows[1] is None:
            one_sided.append(f"{expiry} ({dte[expiry]} days, strike {strike.normalize():f})")
            continue
        mids = [float(tape.bid[row] + tape.ask[row]) * 0.5 for row in rows]
        as_of = int(max(tape.ts[row] for row in (opened, *rows)))
        legs = (meta.instruments[call], meta.instruments[put], call, put)
        return Straddle(*legs, expiry, strike, dte[expiry], float(spot), mids[0], mids[1], as_of)
    raise _no_expiry(tape, dte, one_sided, min_dte, max_dte)


def _no_expiry(tape: Tape, dte: dict[date, int], one_sided: list[str], min_dte: int, max_dte: int) -> InvalidValue:
    exist = ", ".join(f"{expiry} ({days} days)" for expiry, days in sorted(dte.items()))
    rule = f"{tape.meta.symbol} on {tape.meta.date} has no expiry in that window that is two-sided at the open"
    if one_sided:
        rule += f" (one-sided: {', '.join(one_sided)})"
    later = min((days for days in dte.values() if days > max_dte), default=None)
    earlier = max((days for days in dte.values() if 0 <= days < min_dte), default=None)
    if later is not None:
        fix = f"for example `--set gates.strategy.structure.max_dte={later}`"
    elif earlier is not None:
        fix = f"for example `--set gates.strategy.structure.min_dte={earlier}`"
    else:
        fix = "choose another symbol or date"
    return InvalidValue(WINDOW_KEYS, f"{min_dte}..{max_dte}", f"{rule}; expiries that exist: {exist}", fix)


def _chain(instruments: tuple[Instrument, ...]) -> dict[date, dict[Decimal, dict[Right, int]]]:
    """Expiry, strike, right -> instrument index; only strikes that list both a call and a put."""
    chain: dict[date, dict[Decimal, dict[Right, int]]] = {}
    for index, instrument in enumerate(instruments):
        if instrument.expiry is not None and instrument.strike is not None and instrument.right is not None:
            rights = chain.setdefault(instrument.expiry, {}).setdefault(instrument.strike, {})
            rights[instrument.right] = index
    paired = {
        expiry: {strike: rights for strike, rights in strikes.items() if len(rights) == len(Right)}
        for expiry, strikes in chain.items()
    }
    return {expiry: strikes for expiry, strikes in paired.items() if strikes}


def _first_in_session(tape: Tape, instrument: int, two_sided: bool) -> int | None:
    """The row of an instrument's first quote in the regular session."""
    rows = (tape.instrument == instrument) & ~tape.extended
    if two_sided:
        rows &= ~(np.isnan(tape.bid) | np.isnan(tape.ask))
    return int(np.argmax(rows)) if rows.any() else None


def _two_sided_at_open(tape: Tape, instrument: int, opened_ns: int) -> int | None:
    """The row of an option's first in-session quote if that comes at the open and has both sides."""
    row = _first_in_session(tape, instrument, two_sided=False)
    if row is None or tape.ts[row] > opened_ns + OPEN_WINDOW_NS:
        return None
    return None if np.isnan(tape.bid[row]) or np.isnan(tape.ask[row]) else row

"""What a backtest runs over: one underlying and up to eight option legs as columns in time order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, Right
from hedgerow.strategy.gamma_scalper.config import Earnings, earnings_blackout
from hedgerow.strategy.observation import MAX_LEGS
from hedgerow.tape.format import Tape
from hedgerow.tape.sessions import expiry_close_ns

FOR_EVER = 2**62
"""A time later than any tape, ns UTC."""


class Leg(NamedTuple):
    """One option leg held from `active_from` until `active_to` or its expiry, whichever is first (ns UTC).

    `contracts` is signed, `multiplier` shares per contract, `average_price` USD per share what it was taken over at
    (the adoption mark), `expiry_close` the close of its last trading day.
    """

    instrument: Instrument
    contracts: float
    average_price: float
    active_from: int = 0
    active_to: int = FOR_EVER

    @property
    def is_call(self) -> bool:
        """Whether it is a call."""
        return self.instrument.right is Right.CALL

    @property
    def strike(self) -> float:
        """USD per share."""
        return float(self.instrument.strike or 0)

    @property
    def multiplier(self) -> float:
        """Shares per contract."""
        return float(self.instrument.multiplier)

    @property
    def expiry_close(self) -> int:
        """Close of the last trading day, ns UTC."""
        assert self.instrument.expiry is not None
        return expiry_close_ns(self.instrument.expiry)


class Day(NamedTuple):
    """One day of the feed: its regular session (ns UTC), its first row, and whether earnings black it out."""

    date: date
    session_open: int
    session_close: int
    first_row: int
    earnings_blackout: bool = False


@dataclass(frozen=True, eq=False)
class Feed:
    """Quotes in time order: from `ts` on, the instrument in `slot` quotes these.

    ts int64 ns UTC, slot int8 (0 the underlying, k the leg `legs[k - 1]`), bid, ask, bid_size, ask_size float64 (an
    absent side is NaN); `interval_ms` is the tapes' bar interval, 0 for ticks. Columns are of one length.
    """

    symbol: str
    ts: NDArray[np.int64]
    slot: NDArray[np.int8]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    legs: tuple[Leg, ...]
    days: tuple[Day, ...]
    interval_ms: float = 0.0

    def __post_init__(self) -> None:
        if len(self.legs) > MAX_LEGS:
            raise InvalidValue("legs", len(self.legs), f"at most {MAX_LEGS} option legs per strategy")
        if not self.days:
            raise InvalidValue("days", 0, "a feed has at least one day")

    def __len__(self) -> int:
        return len(self.ts)

    def between(self, first: int, last: int) -> Feed:
        """Rows `first` up to, without, `last`, with the days they are of; columns are views, not copies."""
        starts = [each.first_row for each in self.days]
        ends = [*starts[1:], len(self)]
        days = tuple(
            day._replace(first_row=max(0, day.first_row - first))
            for day, end in zip(self.days, ends, strict=True)
            if day.first_row < last and (end > first)
        )
        return replace(
            self, ts=self.ts[first:last], slot=self.slot[first:last], bid=self.bid[first:last],
            ask=self.ask[first:last], bid_size=self.bid_size[first:last], ask_size=self.ask_size[first:last],
            days=days or self.days[:1],
        )  # fmt: skip

    def with_earnings(self, earnings: Earnings) -> Feed:
        """The same feed with the days that these earnings black out."""
        days = tuple(day._replace(earnings_blackout=earnings_blackout(earnings, day.date)) for day in self.days)
        return replace(self, days=days)


def feed_of(tapes: Sequence[Tape], legs: Sequence[Leg] = ()) -> Feed:
    """The underlying's and the legs' rows of `tapes`, which are days of one symbol in order of date.

    A leg that a tape does not list has no rows there. Raises InvalidValue for no tape, tapes of several symbols, days
    out of order, or too many legs.
    """
    if not tapes:
        raise InvalidValue("tapes", 0, "at least one tape")
    symbol = tapes[0].meta.symbol
    slots = {leg.instrument: slot for slot, leg in enumerate(legs, start=1)}
    parts: list[Tape] = []
    columns: list[tuple[NDArray[np.intp], NDArray[np.int8]]] = []
    days: list[Day] = []
    rows = 0
    for tape in tapes:
        meta = tape.meta
        if meta.symbol != symbol:
            raise InvalidValue("tapes", meta.symbol, f"days of one symbol, here {symbol}", "a feed is of one symbol")
        if days and meta.date <= days[-1].date:
            raise InvalidValue("tapes", meta.date.isoformat(), f"days in order, each once, after {days[-1].date}")
        wanted = np.full(len(meta.instruments), -1, dtype=np.int8)
        wanted[0] = 0
        for index, instrument in enumerate(meta.instruments):
            wanted[index] = slots.get(instrument, wanted[index])
        slot = wanted[tape.instrument]
        kept = np.flatnonzero(slot >= 0)
        days.append(Day(meta.date, meta.session_open_ns, meta.session_close_ns, rows))
        parts.append(tape)
        columns.append((kept, slot[kept]))
        rows += len(kept)
    return Feed(
        symbol=symbol,
        ts=np.concatenate([tape.ts[kept] for tape, (kept, _) in zip(parts, columns, strict=True)]),
        slot=np.concatenate([slot for _, slot in columns]),
        bid=np.concatenate([tape.bid[kept] for tape, (kept, _) in zip(parts, columns, strict=True)]),
        ask=np.concatenate([tape.ask[kept] for tape, (kept, _) in zip(parts, columns, strict=True)]),
        bid_size=np.concatenate([tape.bid_size[kept] for tape, (kept, _) in zip(parts, columns, strict=True)]),
        ask_size=np.concatenate([tape.ask_size[kept] for tape, (kept, _) in zip(parts, columns, strict=True)]),
        legs=tuple(legs),
        days=tuple(days),
        interval_ms=float(max(tape.meta.interval_ms for tape in parts)),
    )

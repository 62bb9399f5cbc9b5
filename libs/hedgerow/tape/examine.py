"""The examination of market data: one pass over a source's rows, each defect counted, then handled by the policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedgerow.domain.errors import InvalidValue
from hedgerow.tape.format import TapeColumns
from hedgerow.tape.quality import (
    ABSURD_FACTOR,
    ALLOWED,
    DEFAULTS,
    Action,
    Defect,
    Finding,
    Policy,
    Report,
    Source,
    gaps,
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def examine(
    source: Source, columns: TapeColumns, policy: Policy = DEFAULTS, given: tuple[Bools, Bools] | None = None
) -> tuple[TapeColumns, Report]:
    """The rows that make a tape, and what was wrong with the others.

    `columns` are as the source gave them: in its order, prices and sizes of any value, NaN for a side it left out;
    `given` says of bid and ask where the source gave a value, so that a NaN it did give is told from an absent side.
    Rows without a defect come through bit for bit. Raises InvalidValue naming `source`, row and kind for a defect the
    policy refuses.
    """
    notes = _Notes(source, policy, columns.ts)
    sides = _judged_sides(notes, columns, given)
    rows = _in_time(notes, columns.ts, np.flatnonzero(~sides.dropped))
    kept = _taken(_repaired(columns, sides), rows)
    repeated = notes.row_defect(Defect.DUPLICATE, _repeated(kept), rows)
    kept, rows = _without(kept, rows, repeated)
    crossed = notes.row_defect(Defect.CROSSED, kept.bid > kept.ask, rows)
    kept, rows = _without(kept, rows, crossed)
    notes.gaps(kept, rows)
    return kept, Report(len(columns), len(kept), tuple(notes.findings))


class _Notes:
    """Findings as they are made; a refused one ends the examination."""

    def __init__(self, source: Source, policy: Policy, ts: NDArray[np.int64]) -> None:
        self.source, self._policy, self._ts = source, {**DEFAULTS, **policy}, ts
        self.findings: list[Finding] = []

    def row_defect(self, defect: Defect, bad: Bools, rows: NDArray[np.intp]) -> Bools:
        """Notes the defective ones of `rows` (numbers in the source); returns which of them are to be dropped."""
        action = self.note(defect, int(np.count_nonzero(bad)), lambda: int(rows[bad].min()))
        return bad if action is Action.DROP else np.zeros(len(bad), dtype=np.bool_)

    def side_defect(self, defect: Defect, bid: Bools, ask: Bools) -> Action:
        """Notes defective sides, over all of the source's rows."""
        return self.note(
            defect, int(np.count_nonzero(bid)) + int(np.count_nonzero(ask)), lambda: int(np.argmax(bid | ask))
        )

    def gaps(self, kept: TapeColumns, rows: NDArray[np.intp]) -> None:
        """Notes the stretches of the session without a quote of the underlying; the row is the one after."""
        source = self.source
        quoted = np.flatnonzero((kept.instrument == 0) & ~kept.extended)
        if not len(quoted):
            self.note(Defect.GAP, min(len(rows), 1), lambda: int(rows[0]))
            return
        _, found = gaps(kept.ts[quoted], source.session_open_ns, source.session_close_ns, source.interval_ms)
        self.note(Defect.GAP, len(found), lambda: int(rows[quoted[min(int(found[0]), len(quoted) - 1)]]))

    def note(self, defect: Defect, count: int, first: Callable[[], int]) -> Action:
        """One finding, if there is anything to find."""
        action = self._policy[defect]
        if not count:
            return action
        row = first()
        if action is Action.REFUSE:
            others = [other for other in ALLOWED[defect] if other is not Action.REFUSE]
            raise InvalidValue(
                f"{self.source.name} row {row} {defect}", count, "the policy refuses this kind of defect",
                f"mend the source, or use --policy {defect}={others[0]}",
            )  # fmt: skip
        self.findings.append(Finding(defect, count, action, row, int(self._ts[row])))
        return action


class _Sides(NamedTuple):
    """Prices and sizes by column name, repaired where the policy says so, and the rows it drops."""

    repaired: dict[str, Floats]
    dropped: Bools


def _judged_sides(notes: _Notes, columns: TapeColumns, given: tuple[Bools, Bools] | None) -> _Sides:
    prices, sizes = (columns.bid, columns.ask), (columns.bid_size, columns.ask_size)
    absent = tuple(
        np.isnan(price) if given is None else np.isnan(price) & ~given[at] for at, price in enumerate(prices)
    )
    not_numbers = [~np.isfinite(price) & ~gone for price, gone in zip(prices, absent, strict=True)]
    low, high = _bounds(notes.source, columns)
    absurd = [np.isfinite(price) & (price != 0.0) & ((price < low) | (price > high)) for price in prices]
    bad_sizes = [~(size >= 0.0) | (size == np.inf) for size in sizes]
    bad_prices = [odd | (price == 0.0) | far for odd, price, far in zip(not_numbers, prices, absurd, strict=True)]
    empty = [
        (size == 0.0) & ~(gone | bad) for size, gone, bad in zip(sizes, absent, bad_prices, strict=True)
    ]  # fmt: skip
    found = {
        Defect.NOT_A_NUMBER: not_numbers,
        Defect.ZERO_PRICE: [price == 0.0 for price in prices],
        Defect.ABSURD_PRICE: absurd,
        Defect.BAD_SIZE: bad_sizes,
        Defect.ABSENT_SIDE: absent,
        Defect.ZERO_SIZE: empty,
    }
    repaired = {"bid": prices[0], "ask": prices[1], "bid_size": sizes[0], "ask_size": sizes[1]}
    dropped = np.zeros(len(columns), dtype=np.bool_)
    for defect, (bid, ask) in found.items():
        action = notes.side_defect(defect, bid, ask)
        if action is Action.DROP:
            dropped |= bid | ask
        elif action is Action.REPAIR:
            for side, bad in (("bid", bid), ("ask", ask)):
                # A repaired price is an absent side; so is a side that offers nothing. A repaired size is none.
                if defect is not Defect.BAD_SIZE:
                    repaired[side] = _with(repaired[side], bad, np.nan)
                repaired[f"{side}_size"] = _with(repaired[f"{side}_size"], bad, 0.0)
    return _Sides(repaired, dropped)


def _repaired(columns: TapeColumns, sides: _Sides) -> TapeColumns:
    bid, ask, bid_size, ask_size = (sides.repaired[name] for name in ("bid", "ask", "bid_size", "ask_size"))
    return TapeColumns(columns.ts, columns.instrument, bid, ask, bid_size, ask_size, columns.extended)


def _with(values: Floats, where: Bools, value: float) -> Floats:
    return np.where(where, value, values) if where.any() else values


def _bounds(source: Source, columns: TapeColumns) -> tuple[Floats | float, Floats]:
    """The lowest and the highest price each row may have: near the underlying's median, an option's below its worth."""
    stock = columns.instrument == 0
    known = stock & ~columns.extended
    if not known.any():
        known = stock
    prices = np.concatenate((columns.bid[known], columns.ask[known]))
    prices = prices[np.isfinite(prices) & (prices > 0.0)]
    if not len(prices):
        return 0.0, np.full(len(columns), np.inf)
    middle = float(np.median(prices))
    # No option is worth more than the stock (a call) or the strike (a put); below, any price above zero is one.
    tops = np.array([ABSURD_FACTOR * max(middle, float(each.strike or 0)) for each in source.instruments])
    return np.where(stock, middle / ABSURD_FACTOR, 0.0), tops[columns.instrument]


def _in_time(notes: _Notes, ts: NDArray[np.int64], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """`rows` that are of the day, in time order: those that go back dropped or put where they belong."""
    source = notes.source
    outside = (ts[rows] < source.day_start_ns) | (ts[rows] >= source.day_end_ns)
    rows = rows[~notes.row_defect(Defect.OUT_OF_DAY, outside, rows)]
    times = ts[rows]
    back = np.zeros(len(rows), dtype=np.bool_)
    if len(rows):
        back[1:] = times[1:] < np.maximum.accumulate(times)[:-1]
    if not back.any():
        return rows
    rows = rows[~notes.row_defect(Defect.TIME_REVERSAL, back, rows)]
    return rows[np.argsort(ts[rows], kind="stable")]


def _repeated(kept: TapeColumns) -> Bools:
    """Rows that say, at the same time, exactly what the row of their instrument before them said."""
    order = np.argsort(kept.instrument, kind="stable") if kept.instrument.any() else np.arange(len(kept))
    same = np.ones(max(len(kept) - 1, 0), dtype=np.bool_)
    for name in ("instrument", "ts", "bid", "ask", "bid_size", "ask_size"):
        values = getattr(kept, name)[order]
        equal = values[1:] == values[:-1]
        if values.dtype == np.float64:
            equal |= np.isnan(values[1:]) & np.isnan(values[:-1])
        same &= equal
    repeated = np.zeros(len(kept), dtype=np.bool_)
    repeated[order[1:]] = same
    return repeated


def _taken(columns: TapeColumns, rows: NDArray[np.intp]) -> TapeColumns:
    whole = len(rows) == len(columns) and bool((rows[1:] > rows[:-1]).all())
    return columns if whole else columns.take(rows)


def _without(kept: TapeColumns, rows: NDArray[np.intp], gone: Bools) -> tuple[TapeColumns, NDArray[np.intp]]:
    if not gone.any():
        return kept, rows
    return kept.take(np.flatnonzero(~gone)), rows[~gone]

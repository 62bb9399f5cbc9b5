"""One combination's row out of its strategies' results: totals, days, the course of all of them together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hedgerow.backtest.attribution import money
from hedgerow.backtest.columns import Result
from hedgerow.backtest.feed import Feed
from hedgerow.backtest.metrics import max_drawdown, minute_changes, together
from hedgerow.backtest.spec import Spec
from hedgerow.backtest.sweep.moments import moments_of
from hedgerow.backtest.sweep.rows import DayRow, Row
from hedgerow.strategy.codes import FIRST_BLOCK, BlockReason


def row_of(index: int, spec: Spec, tapes_hash: str, feeds: list[Feed], results: list[Result]) -> Row:
    """The outcome of one combination out of its strategies' results."""
    course = together([result.marks for result in results], ("pnl",))
    ts, equity = course["ts"], course["pnl"]
    blocked = {
        reason.name: count
        for reason in BlockReason
        if reason >= FIRST_BLOCK and (count := sum(result.reasons.get(reason.name, 0) for result in results))
    }
    return Row(
        number=index,
        config_hash=spec.config_hash,
        tape_hash=tapes_hash,
        code_version=version_of(results[0]),
        ticks=sum(result.counts.ticks for result in results),
        evaluations=sum(result.counts.evaluations for result in results),
        orders=sum(result.counts.orders for result in results),
        hedges=sum(int(np.count_nonzero(_hedged(result))) for result in results),
        fills=sum(result.counts.fills for result in results),
        denied=sum(result.counts.denied for result in results),
        blocks=sum(blocked.values()),
        block_reasons=blocked,
        pnl=money(sum(result.pnl for result in results)),
        commissions=money(sum(result.commissions for result in results)),
        max_drawdown=max_drawdown(equity),
        days=_days(ts, equity, feeds, results),
    )


def version_of(result: Result) -> str:
    """Kernel and engine a result was made by."""
    return f"{result.code_version}-{result.engine_version}"


def _hedged(result: Result) -> NDArray[np.bool_]:
    return np.asarray(result.orders["filled_quantity"] > 0.0)


def _days(
    ts: NDArray[np.int64], equity: NDArray[np.float64], feeds: list[Feed], results: list[Result]
) -> tuple[DayRow, ...]:
    """Each day's part; what happens overnight belongs to the day it is first marked in."""
    starts: dict[str, int] = {}
    for feed in feeds:
        for day in feed.days:
            name, first = day.date.isoformat(), int(feed.ts[min(day.first_row, len(feed) - 1)])
            starts[name] = min(first, starts.get(name, first))
    names = sorted(starts)
    edges = [*np.searchsorted(ts, [starts[name] for name in names]).tolist(), len(ts)]
    firsts = np.concatenate([result.orders["first_fill_ts"][_hedged(result)] for result in results])
    placed = np.searchsorted([starts[name] for name in names], firsts, side="right") - 1
    hedges = np.bincount(placed, minlength=len(names))
    rows = []
    for place, name in enumerate(names):
        begin, end = (0 if place == 0 else edges[place]), edges[place + 1]
        carried = max(begin - 1, 0)
        before = float(equity[begin - 1]) if begin else 0.0
        pnl = money(float(equity[end - 1]) - before) if end > begin else 0.0
        moments = moments_of(minute_changes(ts[carried:end], equity[carried:end]))
        rows.append(DayRow(name, pnl, int(hedges[place]), moments))
    return tuple(rows)

"""Combinations ranked, with what guards against believing the best of many: deflated Sharpe, days not chosen on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from hedgerow.backtest.attribution import money
from hedgerow.backtest.metrics import rounded
from hedgerow.backtest.sweep.deflated import deflated_sharpe, deviation_of, expected_maximum
from hedgerow.backtest.sweep.folds import Fold, folds
from hedgerow.backtest.sweep.moments import Shape, shape_of, together
from hedgerow.backtest.sweep.parameters import Combination
from hedgerow.backtest.sweep.rows import DayRow, Row
from hedgerow.backtest.sweep.run import Sweep
from hedgerow.domain.errors import InvalidValue


class Standing(NamedTuple):
    """One combination's place; Sharpe ratios are annual, None where nothing varies.

    `deflated_sharpe` is a probability. The last four are None without walk-forward: Sharpe ratio over the windows
    chosen on (mean), over all days tested together, the P&L of those, and how many windows chose this combination.
    """

    rank: int
    number: int
    values: Combination
    pnl: float
    sharpe: float | None
    deflated_sharpe: float | None
    max_drawdown: float
    hedges: int
    commissions: float
    blocks: int
    in_sample_sharpe: float | None
    out_of_sample_sharpe: float | None
    out_of_sample_pnl: float | None
    chosen: int | None


class WalkForward(NamedTuple):
    """What choosing the best of each window's training days and holding it over its test days came to.

    `choices` are combinations by number, one per fold, None where no combination's training days vary.
    """

    folds: tuple[Fold, ...]
    choices: tuple[int | None, ...]
    pnl: float
    sharpe: float | None


class Standings(NamedTuple):
    """The ranking, best first; `trials` is how many Sharpe ratios deflate it, `benchmark` SR0 as an annual ratio."""

    ranked: tuple[Standing, ...]
    by: str
    trials: int
    benchmark: float
    walk_forward: WalkForward | None


RANKED_BY = ("sharpe", "pnl", "in_sample_sharpe", "deflated_sharpe", "max_drawdown")


def check_rank_by(by: str, walked: bool) -> None:
    """Raises InvalidValue for what nothing can be ranked by; "" is the default."""
    if by and (by not in RANKED_BY or (by == "in_sample_sharpe" and not walked)):
        rule = f"one of {', '.join(RANKED_BY)}; in_sample_sharpe with --walk-forward alone"
        raise InvalidValue("--rank-by", by, rule, "what was not chosen on is no measure to choose by")


def standings(sweep: Sweep, walk_forward: tuple[int, int] | None = None, by: str = "") -> Standings:
    """The sweep's combinations, best first by `by`: the Sharpe ratio, that of the training days with walk-forward.

    Equal ones stand in the order of the combinations. Raises InvalidValue for windows longer than the data, or days
    that differ between combinations.
    """
    check_rank_by(by, walk_forward is not None)
    by = by or ("sharpe" if walk_forward is None else "in_sample_sharpe")
    shapes = [shape_of(together(day.moments for day in row.days)) for row in sweep.rows]
    known = [shape.sharpe for shape in shapes if shape is not None]
    benchmark = expected_maximum(len(known), deviation_of(known))
    walked = None if walk_forward is None else _Walked(sweep.rows, _windows(sweep, *walk_forward))
    unranked = [
        _standing(row, sweep.plan.combinations[row.number], shape, benchmark, walked)
        for row, shape in zip(sweep.rows, shapes, strict=True)
    ]
    ordered = sorted(unranked, key=lambda standing: (_worth(standing, by), standing.number))
    ranked = tuple(standing._replace(rank=place) for place, standing in enumerate(ordered, start=1))
    annual = Shape(0, benchmark, 0.0, 3.0).annual_sharpe or 0.0
    return Standings(ranked, by, len(known), annual, None if walked is None else walked.outcome())


def _worth(standing: Standing, by: str) -> float:
    """Lowest first; what is not known is last."""
    value = getattr(standing, by)
    if value is None:
        return math.inf
    return float(value) if by == "max_drawdown" else -float(value)


def _windows(sweep: Sweep, train: int, test: int) -> tuple[Fold, ...]:
    days = [day.date for day in sweep.rows[0].days]
    if any([day.date for day in row.days] != days for row in sweep.rows):
        raise InvalidValue("--walk-forward", f"{train}:{test}", "combinations that all run over the same days")
    return folds([date.fromisoformat(day) for day in days], train, test)


def _standing(row: Row, values: Combination, shape: Shape | None, benchmark: float, walked: _Walked | None) -> Standing:
    deflated = None
    if shape is not None:
        deflated = deflated_sharpe(shape.sharpe, shape.number, shape.skewness, shape.kurtosis, benchmark)
    return Standing(
        rank=0,
        number=row.number,
        values=values,
        pnl=row.pnl,
        sharpe=None if shape is None else shape.annual_sharpe,
        deflated_sharpe=None if deflated is None else rounded(deflated),
        max_drawdown=row.max_drawdown,
        hedges=row.hedges,
        commissions=row.commissions,
        blocks=row.blocks,
        in_sample_sharpe=None if walked is None else walked.in_sample(row),
        out_of_sample_sharpe=None if walked is None else _annual(walked.tested(row)),
        out_of_sample_pnl=None if walked is None else money(math.fsum(day.pnl for day in walked.tested(row))),
        chosen=None if walked is None else walked.votes[row.number],
    )


class _Walked:
    """Every row cut into the folds: a combination has no training of its own, so one run serves all windows."""

    def __init__(self, rows: Sequence[Row], windows: tuple[Fold, ...]) -> None:
        self._rows, self._folds = rows, windows
        self._days = {row.number: {day.date: day for day in row.days} for row in rows}
        self._choices = tuple(self._best(fold) for fold in windows)
        self.votes = Counter(choice for choice in self._choices if choice is not None)

    def in_sample(self, row: Row) -> float | None:
        """Mean annual Sharpe ratio over the training windows."""
        found = [_annual(self._of(row.number, fold.train)) for fold in self._folds]
        known = [sharpe for sharpe in found if sharpe is not None]
        return rounded(math.fsum(known) / len(known)) if known else None

    def tested(self, row: Row) -> list[DayRow]:
        """The row's days that are some fold's test days."""
        return [day for fold in self._folds for day in self._of(row.number, fold.test)]

    def outcome(self) -> WalkForward:
        """Every fold's choice over its test days, one after another."""
        held = [
            day
            for fold, choice in zip(self._folds, self._choices, strict=True)
            if choice is not None
            for day in self._of(choice, fold.test)
        ]
        return WalkForward(self._folds, self._choices, money(math.fsum(day.pnl for day in held)), _annual(held))

    def _best(self, fold: Fold) -> int | None:
        found = [(_annual(self._of(row.number, fold.train)), row.number) for row in self._rows]
        known = [(-sharpe, number) for sharpe, number in found if sharpe is not None]
        return min(known)[1] if known else None

    def _of(self, number: int, days: Iterable[date]) -> list[DayRow]:
        return [self._days[number][day.isoformat()] for day in days]


def _annual(days: Sequence[DayRow]) -> float | None:
    shape = shape_of(together(day.moments for day in days))
    return None if shape is None else shape.annual_sharpe

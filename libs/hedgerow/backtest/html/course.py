"""The course of one strategy: price, net delta, P&L, drawdown and states, one above the other over the same time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hedgerow.backtest.html.figures import clock, local, number, signed
from hedgerow.backtest.html.markup import Html, tag
from hedgerow.backtest.html.plot import Plot, legend
from hedgerow.backtest.html.reading import Column, readout, stack
from hedgerow.backtest.html.scales import TimeAxis, scale_of
from hedgerow.backtest.html.states import lanes
from hedgerow.backtest.html.tables import table
from hedgerow.backtest.report import Curve, OrderRow, StrategyReport

_PRICE_HEIGHT, _DELTA_HEIGHT, _EQUITY_HEIGHT, _DRAWDOWN_HEIGHT = 260, 130, 150, 76
_MOST_ROWS = 60


def axis_of(strategy: StrategyReport) -> TimeAxis:
    """The strategy's sessions side by side, as far as it ran; without a timeline its whole curve as one."""
    ts = strategy.equity.ts
    if not ts:
        return TimeAxis([])
    sessions = strategy.timeline.sessions if strategy.timeline is not None else ()
    ran = [(max(start, ts[0]), min(end, ts[-1])) for start, end in sessions]
    return TimeAxis([(start, end) for start, end in ran if start < end] or [(ts[0], ts[-1])])


def drawn(strategy: StrategyReport) -> StrategyReport:
    """The same with its curve's points outside the sessions left out."""
    axis, curve = axis_of(strategy), strategy.equity
    kept = [index for index, ts in enumerate(curve.ts) if axis.inside(ts)]
    inside = Curve(
        curve.points_before, tuple(curve.ts[i] for i in kept), tuple(curve.equity[i] for i in kept),
        tuple(curve.spot[i] for i in kept), tuple(curve.net_delta[i] for i in kept),
        tuple(curve.stock[i] for i in kept),
    )  # fmt: skip
    return replace(strategy, equity=inside)


def course(strategy: StrategyReport) -> Html:
    """Its drawings over one time axis."""
    axis = axis_of(strategy)
    shares = [axis.share(ts) for ts in strategy.equity.ts]
    drawings = [
        _price(strategy, axis, shares),
        _net_delta(strategy, axis, shares),
        _equity(strategy, axis, shares),
        _drawdown(strategy, axis, shares),
    ]
    if strategy.timeline is not None:
        drawings.append(lanes(strategy.timeline, axis))
    curve = strategy.equity
    columns = [
        Column("spot", 2, curve.spot),
        Column("net delta", 1, curve.net_delta),
        Column("P&L", 2, curve.equity),
        Column("drawdown", 2, drawdowns(curve.equity)),
        Column("stock", 0, curve.stock),
    ]
    blocked = strategy.timeline.blocked if strategy.timeline is not None else ()
    return tag(
        "section",
        tag("h2", "Course of the run"),
        legend(
            ("buy", "hedge bought"), ("sell", "hedge sold"), ("held", "hedge held back"),
            ("line-delta", "net delta"), ("inside", "hedge threshold and band"),
        ),
        readout(), stack(axis, curve.ts, columns, drawings, blocked), class_="panel",
    )  # fmt: skip


def drawdowns(equity: Sequence[float]) -> list[float]:
    """At each point how far the P&L is below its highest so far, zero at first included; never above zero."""
    highest, found = 0.0, []
    for value in equity:
        highest = max(highest, value)
        found.append(value - highest)
    return found


def _plain(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _price(strategy: StrategyReport, axis: TimeAxis, shares: Sequence[float]) -> Html:
    spot = _plain(strategy.equity.spot)
    filled = [order for order in strategy.orders if order.average_price is not None and order.filled]
    prices = [order.average_price for order in filled if order.average_price is not None]
    scale = scale_of([*spot, *prices], _PRICE_HEIGHT, 0.09)
    bought = sum(order.side == "BUY" for order in filled)
    plot = Plot(
        f"{strategy.symbol}, USD",
        f"Price of {strategy.symbol} with {bought} hedges bought and {len(filled) - bought} sold; "
        "the orders' table holds each of them",
        axis, scale,
    )  # fmt: skip
    if strategy.timeline is not None:
        for run in strategy.timeline.blocked:
            words = f"{clock(run.start)} to {clock(run.end)}: held back by {run.name}"
            start, end = axis.share(run.start), axis.share(run.end)
            plot.during(start, end, "held-wash", words)
            plot.during(start, end, "held", words, _PRICE_HEIGHT - 7, 7)
    plot.line(shares, spot, "price")
    for order in filled:
        side = "buy" if order.side == "BUY" else "sell"
        at = order.last_fill or order.decided
        plot.mark(axis.share(at), order.average_price or math.nan, f"mark-{side}", side, _told(order))
    return plot.html()


def _told(order: OrderRow) -> str:
    return (
        f"{clock(order.decided)} {order.side} {number(order.filled, 0)} of {number(order.quantity, 0)} "
        f"at {number(order.average_price, 4)}, decision mid {number(order.decision_mid, 4)}"
    )


def _net_delta(strategy: StrategyReport, axis: TimeAxis, shares: Sequence[float]) -> Html:
    values = _plain(strategy.equity.net_delta)
    finite = [abs(value) for value in values if math.isfinite(value)]
    band, threshold = _limits(strategy)
    reach = max([*finite, threshold * 1.3])
    scale = scale_of([-reach, reach], _DELTA_HEIGHT, 0.05)
    says = f"Net delta in shares, largest {number(max(finite, default=math.nan), 0)}"
    if threshold:
        says += f"; hedged from {number(threshold, 0)} on"
    plot = Plot("Net delta, shares", says, axis, scale)
    if threshold:
        plot.between(-threshold, threshold, "band")
        plot.between(-band, band, "band")
        plot.level(threshold, "limit")
        plot.level(-threshold, "limit")
    plot.level(0.0, "zero")
    plot.line(shares, values, "delta")
    if threshold:
        plot.words(f"threshold ±{number(threshold, 0)}", scale.at(threshold) - 4)
    return plot.html()


def _limits(strategy: StrategyReport) -> tuple[float, float]:
    """Epsilon band and hedge threshold in shares, as configured; zeros for a strategy without them."""
    tree: object = strategy.gates
    for key in ("gates", "state", "delta"):
        if isinstance(tree, dict) and key in tree:
            tree = tree[key]
    if not isinstance(tree, dict):
        return 0.0, 0.0
    band, threshold = tree.get("epsilon_band"), tree.get("hedge_threshold")
    return float(band or 0.0), float(threshold or 0.0)


def _equity(strategy: StrategyReport, axis: TimeAxis, shares: Sequence[float]) -> Html:
    values = list(strategy.equity.equity)
    scale = scale_of(values, _EQUITY_HEIGHT, zero=True)
    plot = Plot("P&L, USD", f"P&L over time, {signed(strategy.pnl.total)} USD at the end", axis, scale)
    plot.area(shares, values, 0.0, "equity")
    plot.level(0.0, "zero")
    plot.line(shares, values, "equity")
    return plot.html()


def _drawdown(strategy: StrategyReport, axis: TimeAxis, shares: Sequence[float]) -> Html:
    values = drawdowns(strategy.equity.equity)
    scale = scale_of(values, _DRAWDOWN_HEIGHT, 0.04, zero=True)
    plot = Plot("Drawdown, USD", f"Drawdown, deepest {number(strategy.max_drawdown)} USD", axis, scale)
    plot.area(shares, values, 0.0, "drawdown")
    plot.line(shares, values, "drawdown")
    return plot.html()


def course_table(strategy: StrategyReport) -> Html:
    """The curves' twin in words: some rows evenly over the run, the last included."""
    curve = strategy.equity
    fell = drawdowns(curve.equity)
    every = max(1, len(curve.ts) // _MOST_ROWS)
    kept = sorted({*range(0, len(curve.ts), every), *([len(curve.ts) - 1] if curve.ts else [])})
    rows = [
        [f"{local(curve.ts[i]):%Y-%m-%d %H:%M:%S}", number(curve.spot[i], 4), signed(curve.net_delta[i], 1),
         signed(curve.equity[i]), number(fell[i]), signed(curve.stock[i], 0)]
        for i in kept
    ]  # fmt: skip
    return table(["New York", "spot", "net delta", "P&L", "drawdown", "stock"], rows)

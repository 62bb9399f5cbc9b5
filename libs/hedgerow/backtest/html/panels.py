"""Drawings that stand beside the course of a run: hedges per hour, slippage per order, strategies compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from hedgerow.backtest.html.course import axis_of
from hedgerow.backtest.html.figures import clock, local, number, signed
from hedgerow.backtest.html.markup import Content, Html, tag
from hedgerow.backtest.html.plot import Plot, legend, percent_of, time_labels
from hedgerow.backtest.html.reading import Column, last_known, readout, stack
from hedgerow.backtest.html.scales import TimeAxis, scale_of
from hedgerow.backtest.html.tables import PARTS, money, table
from hedgerow.backtest.report import OrderRow, StrategyReport

_HOURS_HEIGHT, _SLIPPAGE_HEIGHT, _COMPARED_HEIGHT = 110, 110, 280
_COLOURS = 6
_FEW = 4
"""Marks of time on a narrow drawing."""


def hedges_per_hour(strategy: StrategyReport) -> Html:
    """Orders with a fill by the hour of New York's clock in which they were decided, bought below sold."""
    hours: dict[str, Counter[int]] = {"BUY": Counter(), "SELL": Counter()}
    for order in strategy.orders:
        if order.filled:
            hours[order.side][local(order.decided).hour] += 1
    session = [local(ns).hour for pair in axis_of(strategy).sessions for ns in (pair[0], pair[1] - 1)]
    first, last = min(session), max(session)
    count = last - first + 1
    most = max((hours["BUY"][hour] + hours["SELL"][hour] for hour in range(first, last + 1)), default=0) or 1
    unit = (_HOURS_HEIGHT - 32) / most
    parts, told = [], []
    for index, hour in enumerate(range(first, last + 1)):
        bought, sold = hours["BUY"][hour], hours["SELL"][hour]
        floor = _HOURS_HEIGHT - 16.0
        left, width = percent_of((index + 0.14) / count), percent_of(0.72 / count)
        for quantity, class_ in ((bought, "bought"), (sold, "sold")):
            if quantity:
                floor -= quantity * unit
                parts.append(tag("rect", class_=class_, x=left, width=width, y=round(floor, 2),
                                 height=round(quantity * unit, 2)))  # fmt: skip
        middle = percent_of((index + 0.5) / count)
        parts.append(tag("text", str(bought + sold), x=middle, y=round(floor - 4, 2), text_anchor="middle"))
        parts.append(tag("text", f"{hour:02d}", x=middle, y=_HOURS_HEIGHT - 3, text_anchor="middle"))
        told.append(f"{hour:02d}: {bought} bought, {sold} sold")
    drawing = tag("svg", *parts, class_="hours", height=_HOURS_HEIGHT, role="img", aria_label="; ".join(told))
    return tag(
        "section", tag("h2", "Hedges per hour, New York"),
        legend(("bought", "bought"), ("sold", "sold")), drawing,
        tag("p", f"The first {number(len(strategy.orders), 0)} orders.", class_="empty")
        if strategy.orders_omitted else None,
        class_="panel",
    )  # fmt: skip


def slippage(strategy: StrategyReport) -> Html:
    """What each order cost per share against both mids, over time."""
    axis = axis_of(strategy)
    found = [
        (axis.share(order.decided), _cents(order, order.decision_mid), _cents(order, order.arrival_mid), order)
        for order in strategy.orders if order.filled
    ]  # fmt: skip
    values = [value for _, decision, arrival, _ in found for value in (decision, arrival)]
    if not found:
        return tag("p", "No order was filled.", class_="empty")
    plot = Plot(
        "Cost per share, ¢", f"Slippage of {len(found)} orders in cents per share; above zero is a cost",
        axis, scale_of(values, _SLIPPAGE_HEIGHT, 0.12, zero=True), _FEW,
    )  # fmt: skip
    plot.level(0.0, "zero")
    for share, decision, arrival, order in found:
        words = f"{clock(order.decided)} {order.side} {number(order.filled, 0)}"
        plot.mark(share, arrival, "mark-ring", "arrival", f"{words}: {signed(arrival)} ¢ against arrival mid")
        plot.mark(share, decision, "mark-dot", "decision", f"{words}: {signed(decision)} ¢ against decision mid")
    return tag(
        "div", legend(("decision", "decision mid"), ("arrival", "arrival mid")), plot.html(), time_labels(axis, _FEW)
    )


def _cents(order: OrderRow, mid: float | None) -> float:
    if order.average_price is None or mid is None:
        return math.nan
    return (order.average_price - mid) * (100.0 if order.side == "BUY" else -100.0)


def comparison(strategies: Sequence[StrategyReport]) -> Html:
    """Several strategies: their P&L over one another, and their figures side by side."""
    axis = _common_axis(strategies)
    values = [value for each in strategies for value in each.equity.equity]
    plot = Plot(
        "P&L, USD", "P&L over time of " + ", ".join(each.name for each in strategies),
        axis, scale_of(values, _COMPARED_HEIGHT, zero=True),
    )  # fmt: skip
    plot.level(0.0, "zero")
    for index, each in enumerate(strategies):
        plot.line([axis.share(ts) for ts in each.equity.ts], list(each.equity.equity), f"s{index % _COLOURS}")
    names = [
        tag("li", _sample(index), " ", tag("a", each.name, href=f"#strategy-{index}"))
        for index, each in enumerate(strategies)
    ]
    longest = max((each.equity.ts for each in strategies), key=len)
    columns = [Column(each.name, 2, last_known(each.equity.ts, each.equity.equity, longest)) for each in strategies]
    return tag(
        "section", tag("h2", "Strategies compared"), tag("ul", *names, class_="legend"), readout(),
        stack(axis, longest, columns, [plot.html()]), _figures(strategies), class_="panel compared",
    )  # fmt: skip


def _sample(index: int) -> Html:
    """A piece of that strategy's line."""
    line = tag("line", class_=f"line s{index % _COLOURS}", x1=0, x2=26, y1=5, y2=5)
    return tag("svg", line, class_="sample", width=26, height=10, aria_hidden="true")


def _common_axis(strategies: Sequence[StrategyReport]) -> TimeAxis:
    """All sessions of all strategies, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(pair for each in strategies for pair in axis_of(each).sessions):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return TimeAxis(merged)


def _figures(strategies: Sequence[StrategyReport]) -> Html:
    best = max(each.pnl.total for each in strategies)
    rows: list[list[Content]] = []
    for index, each in enumerate(strategies):
        quality = each.execution
        per_share = quality.decision_slippage_per_share
        rows.append([
            tag("span", _sample(index), " ", tag("a", each.name, href=f"#strategy-{index}")),
            each.kind, each.symbol,
            tag("b", money(each.pnl.total)) if each.pnl.total == best else money(each.pnl.total),
            *(number(getattr(each.pnl, key)) for key in PARTS),
            number(each.max_drawdown), number(each.returns.sharpe), number(each.hedges, 0), number(each.shares, 0),
            signed(None if per_share is None else per_share * 100.0), number(each.blocks, 0),
        ])  # fmt: skip
    head = [
        "strategy", "kind", "symbol", "P&L", *PARTS.values(), "drawdown", "Sharpe", "hedges", "shares", "slippage ¢",
        "held back",
    ]  # fmt: skip
    return table(head, rows, 3)

"""The report's figures as tables: P&L split, what held hedges back, execution, orders, days, configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hedgerow.backtest.html.figures import NOTHING, clock, flat, local, number, percent, plain, signed, tone
from hedgerow.backtest.html.markup import Content, Html, markup, tag
from hedgerow.backtest.html.plot import percent_of
from hedgerow.backtest.report import DayReport, OrderRow, Pnl, Report, StrategyReport

PARTS = {
    "gamma": "gamma", "theta": "theta", "vega": "vega",
    "hedging_cost": "hedging cost", "slippage": "slippage", "commissions": "commissions",
}  # fmt: skip
_MOST_ORDERS = 400
_BAR = 14


def table(head: Sequence[str], rows: Sequence[Sequence[Content]], words: int = 1, class_: str | None = None) -> Html:
    """A table whose first `words` columns are words and the others figures; it scrolls sideways where it must."""
    heads = [tag("th", text, scope="col", class_=None if i < words else "number") for i, text in enumerate(head)]
    body = [
        tag("tr", *(
            tag("th", cell, scope="row") if i == 0 else tag("td", cell, class_=None if i < words else "number")
            for i, cell in enumerate(row)
        ))
        for row in rows
    ]  # fmt: skip
    return tag(
        "div", tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body), class_=class_),
        class_="wide-table", tabindex=0, role="region", aria_label="table",
    )  # fmt: skip


def money(value: float | None, decimals: int = 2) -> Html:
    """A signed amount in its colour."""
    return tag("span", signed(value, decimals), data_tone=tone(value))


def pairs(entries: Mapping[str, Content]) -> Html:
    """Names and values."""
    return tag(
        "dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in entries.items()), class_="pairs"
    )


def waterfall(pnl: Pnl) -> Html:
    """From nothing to the total, part by part: each bar begins where the one above it ended."""
    parts = [(words, float(getattr(pnl, key))) for key, words in PARTS.items()]
    reached, edges = 0.0, [0.0]
    for _, value in parts:
        reached += value
        edges.append(reached)
    low, high = min(edges), max(edges)
    width = (high - low) or 1.0
    rows = []
    for (words, value), before, after in zip(parts, edges, edges[1:], strict=False):
        rows.append(_fall(words, value, before, after, (low, width), "gain" if value > 0 else "loss"))
    rows.append(_fall("total", pnl.total, 0.0, pnl.total, (low, width), "total"))
    return tag("table", tag("tbody", *rows), class_="bars waterfall")


def _fall(words: str, value: float, before: float, after: float, place: tuple[float, float], class_: str) -> Html:
    low, width = place
    zero = percent_of((0.0 - low) / width)
    bar = tag(
        "svg",
        tag("line", class_="zero", x1=zero, x2=zero, y1=-5, y2=_BAR + 5),
        tag("rect", class_=class_, x=percent_of((min(before, after) - low) / width), y=0, height=_BAR, rx=1,
            width=percent_of(max(abs(after - before) / width, 0.003 if value else 0.0))),
        height=_BAR, aria_hidden="true", class_="bar",
    )  # fmt: skip
    return tag(
        "tr", tag("th", words, scope="row"), tag("td", bar, class_="drawn"), tag("td", money(value), class_="number"),
        class_="sum" if class_ == "total" else None,
    )  # fmt: skip


def bars(counts: Mapping[str, float], class_: str) -> Html:
    """Names with a bar each, the longest first."""
    most = max(counts.values(), default=0) or 1
    rows = [
        tag(
            "tr", tag("th", tag("code", name), scope="row"),
            tag("td", tag("svg", tag("rect", class_=class_, x=0, y=0, height=_BAR, rx=1,
                                     width=percent_of(max(count / most, 0.004))),
                          height=_BAR, aria_hidden="true", class_="bar"), class_="drawn"),
            tag("td", number(count, 0), class_="number"),
        )
        for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])) if count
    ]  # fmt: skip
    if not rows:
        return tag("p", "Nothing held a hedge back.", class_="empty")
    return tag("table", tag("tbody", *rows), class_="bars")


def execution(strategy: StrategyReport) -> Html:
    """How the orders were executed."""
    quality, took = strategy.execution, strategy.execution.fill_ms
    slippage = table(
        ["slippage against", "¢ per share", "USD"],
        [
            ["decision mid", _cents(quality.decision_slippage_per_share), signed(quality.decision_slippage_usd)],
            ["arrival mid", _cents(quality.arrival_slippage_per_share), signed(quality.arrival_slippage_usd)],
        ],
    )
    return markup(slippage, pairs({
        "fill latency, median / p90": f"{_ms(took.median)} / {_ms(took.p90)}",
        "fill latency, p99 / longest": f"{_ms(took.p99)} / {_ms(took.longest)}",
        "filled in part only": percent(quality.partial_share),
        "canceled": percent(quality.cancel_rate),
        "orders, filled, canceled, denied":
            f"{quality.orders}, {quality.filled}, {quality.canceled}, {quality.denied}",
        "shares": number(quality.shares, 0),
    }))  # fmt: skip


def _cents(per_share: float | None) -> str:
    return signed(None if per_share is None else per_share * 100.0)


def _ms(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{number(value / 1000.0, 1)} s" if value >= 10_000 else f"{number(value, 0)} ms"


def orders(strategy: StrategyReport) -> Html:
    """The first orders, one a line."""
    shown = strategy.orders[:_MOST_ORDERS]
    left = len(strategy.orders) - len(shown) + strategy.orders_omitted
    days = len(strategy.days) > 1
    body = table(
        ["decided", "side", "shares", "filled", "price", "decision mid", "slippage ¢", "fill", "commission", "status"],
        [_order(order, days) for order in shown], 2,
    )  # fmt: skip
    return tag("div", body, tag("p", f"{number(left, 0)} more are left out.", class_="empty") if left else None)


def _order(order: OrderRow, days: bool) -> list[Content]:
    cost = None
    if order.average_price is not None and order.decision_mid is not None and order.filled:
        cost = (order.average_price - order.decision_mid) * (1.0 if order.side == "BUY" else -1.0) * 100.0
    took = (order.last_fill - order.decided) / 1e6 if order.last_fill else None
    return [
        f"{local(order.decided):%Y-%m-%d %H:%M:%S}" if days else clock(order.decided),
        tag("span", order.side, data_side=order.side.lower()),
        number(order.quantity, 0), number(order.filled, 0), number(order.average_price, 4),
        number(order.decision_mid, 4), signed(cost, 2), _ms(took), number(order.commission), order.status,
    ]  # fmt: skip


def days_table(days: Sequence[DayReport]) -> Html:
    """One line per day."""
    return table(
        ["day", "ticks", "hedges", "fills", "held back", "P&L", *PARTS.values(), "drawdown"],
        [
            [day.date, number(day.ticks, 0), number(day.hedges, 0), number(day.fills, 0), number(day.blocks, 0),
             money(day.pnl.total), *(number(getattr(day.pnl, key)) for key in PARTS), number(day.max_drawdown)]
            for day in days
        ],
    )  # fmt: skip


def configuration(strategy: StrategyReport) -> Html:
    """The strategy's whole configuration and the limits in effect."""
    limits = [(f"in effect: {name}", plain(value)) for name, value in strategy.effective_limits.items()]
    rows: list[Sequence[Content]] = [
        (tag("code", key), tag("code", value)) for key, value in [*flat(strategy.gates), *limits]
    ]
    return table(["key", "value"], rows, 2, "config")


def gamma_parts(strategy: StrategyReport) -> Html:
    """What the bar of gamma is made of."""
    parts = strategy.gamma_parts
    words = (
        f"gamma: curvature {signed(parts.curvature)}, net delta left open {signed(parts.open_delta)}, "
        f"not explained by either {signed(parts.residual)}"
    )
    return tag("p", words, class_="empty")


def returns(strategy: StrategyReport) -> Html:
    """How the P&L of a minute was distributed."""
    told = strategy.returns
    return pairs({
        "P&L per minute, mean / deviation": f"{signed(told.mean)} / {number(told.deviation)}",
        "skewness / kurtosis": f"{number(told.skewness)} / {number(told.kurtosis)}",
        "Sharpe, annualised": number(told.sharpe),
    })  # fmt: skip


def legs(strategy: StrategyReport) -> Html:
    """The option legs it held."""
    rows = [
        [tag("code", str(leg["instrument"])), signed(leg["contracts"], 0), number(leg["average_price"], 4)]
        for leg in strategy.legs
    ]
    return table(["instrument", "contracts", "average price"], rows)


def rules(strategy: StrategyReport) -> Html:
    """What each risk rule said about the orders."""
    rows = [
        [tag("code", name), number(count.allowed, 0), number(count.denied, 0)] for name, count in strategy.rules.items()
    ]
    return table(["rule", "allowed", "denied"], rows)


def spec(report: Report) -> Html:
    """The spec but for its strategies, which stand with each of them."""
    tree = {key: value for key, value in report.spec.items() if key != "strategies"}
    return table(["key", "value"], [(tag("code", key), tag("code", value)) for key, value in flat(tree)], 2, "config")


def provenance(report: Report) -> Html:
    """What the figures were made of: enough to make them again."""
    return pairs({
        "run": tag("code", report.run_id or NOTHING),
        "configuration hash": tag("code", report.config_hash),
        "tape hash": tag("code", report.tape_hash),
        "code version": tag("code", report.code_version),
        "rule set": tag("code", report.rule_set_hash or NOTHING),
        **{
            f"tape {each.symbol} {each.date}": ", ".join([
                each.source, f"{number(each.rows, 0)} rows",
                *(f"{name} {number(count, 0)}" for name, count in each.bad_data.items() if count),
            ])
            for each in report.tapes
        },
    })  # fmt: skip

"""The composite state over time as lanes, and in words; the stretches in which hedges were held back."""

from __future__ import annotations

from hedgerow.backtest.html.figures import clock, local, number, percent
from hedgerow.backtest.html.markup import Html, tag
from hedgerow.backtest.html.plot import percent_of
from hedgerow.backtest.html.scales import TimeAxis
from hedgerow.backtest.html.tables import table
from hedgerow.backtest.timeline import Timeline

_LANE = 16
_MOST_STRETCHES = 200
_DIMENSIONS = {
    "O": "Option position", "D": "Delta deviation", "M": "Market regime",
    "L": "Liquidity", "E": "Execution", "S": "System health",
}  # fmt: skip
_CALM, _BUSY, _WARN, _BAD, _OFF = "calm", "busy", "warn", "bad", "off"
_TONES = {
    "NONE": _OFF, "LONG_GAMMA": _CALM, "SHORT_GAMMA": _BUSY,
    "IN_BAND": _CALM, "MINOR": _CALM + "2", "HEDGE_NEEDED": _BUSY, "FORCE_HEDGE": _WARN, "INVALID": _BAD,
    "QUIET": _CALM, "NORMAL": _CALM, "TREND": _BUSY, "CHOPPY_HIGHVOL": _WARN, "GAP": _WARN, "STALE": _BAD,
    "WIDE": _BUSY, "EXTREME_WIDE": _WARN, "NO_QUOTE": _BAD,
    "IDLE": _CALM, "ORDER_WORKING": _BUSY, "PARTIAL_FILL": _BUSY, "DISCONNECTED": _BAD, "BROKER_ERROR": _BAD,
    "OK": _CALM, "GREEKS_BAD": _BAD, "DATA_LAG": _WARN, "RISK_HALT": _BAD,
}  # fmt: skip


def lanes(timeline: Timeline, axis: TimeAxis) -> Html:
    """A lane per dimension; its words and shares stand below."""
    drawn = []
    for name, words in _DIMENSIONS.items():
        blocks = [
            tag(
                "rect", tag("title", f"{clock(run.start)} to {clock(run.end)}: {run.name}"),
                class_=f"state {_TONES[run.name]}", x=percent_of(axis.share(run.start)),
                width=percent_of(max(axis.share(run.end) - axis.share(run.start), 0.0008)), y=0, height=_LANE,
            )
            for run in timeline.states.get(name, ())
        ]  # fmt: skip
        told = ", ".join(f"{state} {percent(share)}" for state, share in _ordered(timeline, name))
        drawn.append(
            tag(
                "div", tag("span", name, class_="lane-name", title=words),
                tag("svg", *blocks, class_="plot", height=_LANE, role="img", aria_label=f"{words}: {told}"),
                class_="plot-row lane",
            )
        )  # fmt: skip
    return tag("div", tag("h3", "Composite state"), *drawn, class_="plot-box")


def state_table(timeline: Timeline) -> Html:
    """Each dimension's states with their share of all evaluations: the lanes' legend, and their twin in words."""
    rows = [
        tag(
            "tr", tag("th", f"{name} ", tag("span", words), scope="row"),
            tag("td", *(
                tag("span", tag("i", class_=f"swatch {_TONES[state]}"), " ", state, " ", tag("b", percent(share)),
                    class_="entry")
                for state, share in _ordered(timeline, name)
            )),
        )
        for name, words in _DIMENSIONS.items()
    ]  # fmt: skip
    return tag("table", tag("tbody", *rows), class_="states")


def _ordered(timeline: Timeline, name: str) -> list[tuple[str, float]]:
    return sorted(timeline.shares.get(name, {}).items(), key=lambda each: -each[1])


def held_table(timeline: Timeline) -> Html:
    """The stretches held back, the first of many."""
    shown = timeline.blocked[:_MOST_STRETCHES]
    rows = [[f"{local(run.start):%Y-%m-%d}", clock(run.start), clock(run.end), tag("code", run.name)] for run in shown]
    left = len(timeline.blocked) - len(shown)
    more = tag("p", f"{number(left, 0)} more are left out.", class_="empty") if left else None
    return tag("div", table(["day", "from", "to", "reason"], rows, 4), more)

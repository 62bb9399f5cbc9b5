"""A sweep's page: the metric over two parameters as a heat map, and the combinations ranked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hedgerow.backtest.html.figures import coordinate, number, signed
from hedgerow.backtest.html.markup import Content, Html, tag
from hedgerow.backtest.html.page import document
from hedgerow.backtest.html.plot import percent_of
from hedgerow.backtest.html.tables import pairs, table

_Place = dict[str, str | float | bool | None]
_CELL = 34
_FOOT = 22
_MOST_WRITTEN = 14
"""With more columns the values no longer fit into the cells; they show under the pointer and in the table."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A metric over two parameters: `values[row][column]` belongs to `rows[row]` and `columns[column]`; None: not run.

    `rows` and `columns` are the parameters' values as text, in the order in which they are drawn.
    """

    metric: str
    row_parameter: str
    column_parameter: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Ranking:
    """Combinations, the best first; the first `words` columns are words, the others figures written already."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    left_out: int = 0


def render_sweep(
    title: str, facts: Mapping[str, str], ranking: Ranking, maps: Sequence[HeatMap] = (), warning: str = ""
) -> str:
    """The page of a sweep, deterministic and self-contained like a report's; `warning` stands above everything."""
    shown = table(ranking.head, ranking.rows, ranking.words)
    left = tag("p", f"{number(ranking.left_out, 0)} more combinations are left out.", class_="empty")
    return document(
        title,
        tag("header", tag("div", tag("h1", title))),
        tag(
            "main",
            tag("p", warning, class_="panel warning") if warning else None,
            *(_map_panel(each) for each in maps),
            tag("section", tag("h2", "Combinations, best first"), shown, left if ranking.left_out else None,
                class_="panel"),
            tag("section", tag("h2", "What this was made of"), pairs(dict(facts)), class_="panel made"),
        ),
    )  # fmt: skip


def _map_panel(heat: HeatMap) -> Html:
    head = [f"{heat.row_parameter} \\ {heat.column_parameter}", *heat.columns]
    rows = [
        [name, *(number(value, heat.decimals) for value in values)]
        for name, values in zip(heat.rows, heat.values, strict=True)
    ]
    return tag(
        "section", tag("h2", f"{heat.metric} by {heat.row_parameter} and {heat.column_parameter}"), heat_map(heat),
        tag("details", tag("summary", "The same as a table"), table(head, rows)), class_="panel heat",
    )  # fmt: skip


def heat_map(heat: HeatMap) -> Html:
    """The map as SVG: the further from zero, the stronger the colour; the best cell is framed."""
    finite = [value for row in heat.values for value in row if value is not None and math.isfinite(value)]
    reach = max((abs(value) for value in finite), default=0.0) or 1.0
    best = max(finite, default=math.nan)
    width = 1.0 / max(1, len(heat.columns))
    height = _CELL * len(heat.rows)
    parts: list[Content] = []
    framed: Html | None = None
    for row, (row_name, values) in enumerate(zip(heat.rows, heat.values, strict=True)):
        for column, (column_name, value) in enumerate(zip(heat.columns, values, strict=True)):
            place: _Place = {
                "x": percent_of(column * width),
                "y": row * _CELL,
                "width": percent_of(width),
                "height": _CELL,
            }
            told = f"{heat.row_parameter} {row_name}, {heat.column_parameter} {column_name}"
            if value is None or not math.isfinite(value):
                parts.append(tag("rect", tag("title", f"{told}: no result"), class_="cell missing", **place))
                continue
            title = tag("title", f"{told}: {heat.metric} {signed(value, heat.decimals)}")
            strength = coordinate(0.08 + 0.6 * abs(value) / reach)
            class_ = "cell above" if value >= 0 else "cell below"
            parts.append(tag("rect", title, class_=class_, fill_opacity=strength, **place))
            if len(heat.columns) <= _MOST_WRITTEN:
                middle: _Place = {
                    "x": percent_of((column + 0.5) * width),
                    "y": row * _CELL + _CELL // 2,
                    "dy": "0.35em",
                }
                parts.append(tag("text", number(value, heat.decimals), class_="value", text_anchor="middle", **middle))
            if framed is None and value == best:
                framed = tag("rect", class_="best", **place)
    every = -(-len(heat.columns) // _MOST_WRITTEN)
    for column, name in enumerate(heat.columns):
        if column % every == 0:
            parts.append(tag("text", name, x=percent_of((column + 0.5) * width), y=height + 15, text_anchor="middle"))
    labels = [
        tag("text", name, x="100%", dx=-7, y=row * _CELL + _CELL // 2, dy="0.35em")
        for row, name in enumerate(heat.rows)
    ]
    says = f"{heat.metric} by {heat.row_parameter} (down) and {heat.column_parameter} (across); the table holds it all"
    drawing = tag("svg", *parts, framed, class_="map", height=height + _FOOT, role="img", aria_label=says)
    values_axis = tag("svg", *labels, class_="values", height=height + _FOOT, aria_hidden="true")
    return tag(
        "div", tag("p", f"down: {heat.row_parameter}; across: {heat.column_parameter}", class_="axes"),
        tag("div", tag("div", values_axis, drawing, class_="plot-row"), class_="map-frame"),
    )  # fmt: skip

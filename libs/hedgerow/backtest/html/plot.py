"""One drawing over a time axis that fills any width without a script.

Lines live in an inner SVG that is stretched sideways, strokes excepted; everything else stands at a percentage of the
width, so text, marks and bars keep their size from a phone to a desk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hedgerow.backtest.html.figures import coordinate, number
from hedgerow.backtest.html.markup import Html, markup, tag
from hedgerow.backtest.html.scales import Scale, TimeAxis, round_ticks, thinned, tick_decimals

WIDTH = 1000
_MOST_POINTS = 1_000
_FEW = 6
"""So few marks of time all stay on a narrow screen."""


def percent_of(share: float) -> str:
    """A share of the width as an SVG length."""
    return f"{coordinate(share * 100.0)}%"


class Plot:
    """Collects the parts of one drawing, in painting order; `html` gives it with its value axis."""

    def __init__(self, name: str, says: str, axis: TimeAxis, scale: Scale, times: int = 14) -> None:
        """`name` stands above the drawing, `says` is read to who cannot see it; some `times` marks of time."""
        self._name = name
        self._says = says
        self._axis = axis
        self._scale = scale
        self._parts: list[Html] = []
        self._labels: list[Html] = []
        self._grid(times)

    def _grid(self, times: int) -> None:
        ticks = round_ticks(self._scale.low, self._scale.high, max(2, round(self._scale.height / 36)))
        digits = tick_decimals(ticks)
        for tick in ticks:
            y = coordinate(self._scale.at(tick))
            self._parts.append(tag("line", class_="grid", x1=0, x2="100%", y1=y, y2=y))
            self._labels.append(tag("text", number(tick, digits), x="100%", dx=-7, y=y, dy="0.32em"))
        for mark in self._axis.ticks(times):
            x = percent_of(mark.share)
            self._parts.append(tag("line", class_="grid", x1=x, x2=x, y1=0, y2=coordinate(self._scale.height)))
        for share in self._axis.breaks():
            x = percent_of(share)
            self._parts.append(tag("line", class_="night", x1=x, x2=x, y1=0, y2=coordinate(self._scale.height)))

    def line(self, shares: Sequence[float], values: Sequence[float], class_: str, step: bool = False) -> None:
        """A line through the points; one that is not finite interrupts it."""
        self._stretched(tag("path", class_=f"line {class_}", d=self._path(shares, values, step)))

    def area(self, shares: Sequence[float], values: Sequence[float], base: float, class_: str) -> None:
        """The surface between the points and a value."""
        kept = [index for index in thinned(shares, values, _MOST_POINTS) if math.isfinite(values[index])]
        if not kept:
            return
        floor = coordinate(self._scale.at(base))
        path = " ".join(f"L{coordinate(shares[i] * WIDTH)} {coordinate(self._scale.at(values[i]))}" for i in kept)
        first, last = coordinate(shares[kept[0]] * WIDTH), coordinate(shares[kept[-1]] * WIDTH)
        self._stretched(tag("path", class_=f"area {class_}", d=f"M{first} {floor} {path} L{last} {floor}Z"))

    def level(self, value: float, class_: str) -> None:
        """A line across at a value, if it is on the scale."""
        if self._scale.low <= value <= self._scale.high:
            y = coordinate(self._scale.at(value))
            self._parts.append(tag("line", class_=class_, x1=0, x2="100%", y1=y, y2=y))

    def between(self, low: float, high: float, class_: str) -> None:
        """A band across between two values, cut to the scale."""
        top = self._scale.at(min(high, self._scale.high))
        height = self._scale.at(max(low, self._scale.low)) - top
        if height > 0:
            self._parts.append(
                tag("rect", class_=class_, x=0, width="100%", y=coordinate(top), height=coordinate(height))
            )

    def during(self, start: float, end: float, class_: str, title: str, top: float = 0.0, height: float = 0.0) -> None:
        """A block over a stretch of time; `height` 0: as high as the drawing. At least as wide as a hair."""
        self._parts.append(
            tag(
                "rect", tag("title", title), class_=class_, x=percent_of(start),
                width=percent_of(max(end - start, 0.0008)), y=coordinate(top),
                height=coordinate(height or self._scale.height),
            )
        )  # fmt: skip

    def mark(self, share: float, value: float, symbol: str, class_: str, title: str) -> None:
        """A symbol of the page's sprites at a point; the title shows under the pointer."""
        if not math.isfinite(value):
            return
        use = tag("use", href=f"#{symbol}", x=percent_of(share), y=coordinate(self._scale.at(value)))
        self._parts.append(tag("g", tag("title", title), use, class_=class_))

    def words(self, text: str, y: float, class_: str = "note") -> None:
        """A few words at the right edge, at `y` from the top."""
        self._parts.append(tag("text", text, class_=class_, x="100%", dx=-4, y=coordinate(y), text_anchor="end"))

    def html(self) -> Html:
        """The drawing with its name and value axis."""
        height = coordinate(self._scale.height)
        drawing = tag("svg", *self._parts, class_="plot", height=height, role="img", aria_label=self._says)
        return tag(
            "div", tag("h3", self._name),
            tag("div", tag("svg", *self._labels, class_="values", height=height, aria_hidden="true"), drawing,
                class_="plot-row"),
            class_="plot-box",
        )  # fmt: skip

    def _path(self, shares: Sequence[float], values: Sequence[float], step: bool) -> str:
        commands: list[str] = []
        pen_up, last = True, ""
        for index in thinned(shares, values, _MOST_POINTS):
            if not math.isfinite(values[index]):
                pen_up = True
                continue
            x, y = coordinate(shares[index] * WIDTH), coordinate(self._scale.at(values[index]))
            if pen_up:
                commands.append(f"M{x} {y}")
            elif step:
                commands.append(f"H{x}V{y}" if y != last else f"H{x}")
            else:
                commands.append(f"L{x} {y}")
            pen_up, last = False, y
        return "".join(commands)

    def _stretched(self, part: Html) -> None:
        height = coordinate(self._scale.height)
        box = f"0 0 {WIDTH} {height}"
        self._parts.append(tag("svg", part, viewBox=box, preserveAspectRatio="none", width="100%", height=height))


def time_labels(axis: TimeAxis, about: int = 14) -> Html:
    """The time axis below a stack of drawings."""
    parts = [
        tag(
            "text", mark.label, x=percent_of(mark.share), y=13, text_anchor="start" if mark.day else "middle",
            class_="minor" if about > _FEW and not mark.major else "major",
        )
        for mark in axis.ticks(about)
    ]  # fmt: skip
    times = tag("svg", *parts, class_="times", height=18, aria_hidden="true")
    return tag("div", tag("span"), times, class_="plot-row")


def legend(*entries: tuple[str, str]) -> Html:
    """What the marks mean: (class of the swatch, words)."""
    items = [tag("li", tag("i", class_=f"swatch {kind}"), " ", words) for kind, words in entries]
    return tag("ul", markup(*items), class_="legend")

"""A stack of drawings over the same time, and what the page's script reads off it under the pointer."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.backtest.html.figures import clock, local
from hedgerow.backtest.html.markup import Content, Html, markup, tag
from hedgerow.backtest.html.plot import time_labels
from hedgerow.backtest.html.scales import TimeAxis, thinned
from hedgerow.backtest.timeline import Stretch

_MOST_READ = 800


class Column(NamedTuple):
    """Values that can be read, with so many decimals; one per time of the stack."""

    name: str
    decimals: int
    values: Sequence[float | None]


def readout() -> Html:
    """The line in which the values are written; one per panel with a stack."""
    return tag("p", "Move along the charts to read values.", class_="readout")


def stack(
    axis: TimeAxis, ts: Sequence[int], columns: Sequence[Column], drawings: Sequence[Content],
    blocked: Sequence[Stretch] = (),
) -> Html:  # fmt: skip
    """The drawings one above the other with their time axis; `columns` have a value for each of `ts`, ns in order."""
    return tag(
        "div",
        *drawings,
        time_labels(axis),
        tag("div", class_="cursor", hidden=True),
        _readings(axis, ts, columns, blocked),
        class_="stack",
        tabindex=0,
        role="group",
        aria_label="Charts over time; with the keyboard, left and right arrows read values",
    )


def last_known(ts: Sequence[int], values: Sequence[float], at: Sequence[int]) -> list[float | None]:
    """The newest of the values at each of the times `at`; None before the first."""
    found = (bisect_right(ts, time) - 1 for time in at)
    return [values[index] if index >= 0 else None for index in found]


def _readings(axis: TimeAxis, ts: Sequence[int], columns: Sequence[Column], blocked: Sequence[Stretch]) -> Html:
    shares = [axis.share(time) for time in ts]
    first = [math.nan if value is None else value for value in columns[0].values]
    kept = thinned(shares, first, _MOST_READ)
    several = len(axis.sessions) > 1
    content = {
        "share": [round(shares[i], 5) for i in kept],
        "time": [f"{local(ts[i]):%b %-d %H:%M:%S}" if several else clock(ts[i]) for i in kept],
        "columns": [
            [name, decimals, [_rounded(values[i], decimals) for i in kept]] for name, decimals, values in columns
        ],
        "blocked": [[round(axis.share(run.start), 5), round(axis.share(run.end), 5), run.name] for run in blocked],
    }
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")
    return markup(Html(f'<script type="application/json">{text}</script>'))


def _rounded(value: float | None, decimals: int) -> float | None:
    """No more digits than are shown, and no minus nothing."""
    if value is None or not math.isfinite(value):
        return None
    return round(value, decimals) + 0.0 if decimals else round(value)

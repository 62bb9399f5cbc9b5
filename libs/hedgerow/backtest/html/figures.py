"""Numbers as a trader reads them; the same value gives the same text everywhere, and none is written `-0`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""Stands where there is no number."""


def number(value: float | None, decimals: int = 2) -> str:
    """`1,234.50`, with a real minus sign; an en dash for None and for what is not finite."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{decimals}f}"
    return f"{MINUS}{text}" if value < 0 and text.strip("0.,") else text


def signed(value: float | None, decimals: int = 2) -> str:
    """Like `number`, with a plus sign above zero."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.,") and text != NOTHING else text


def percent(share: float | None, decimals: int = 1) -> str:
    """A share of one as percent."""
    return NOTHING if share is None or not math.isfinite(share) else f"{number(share * 100.0, decimals)} %"


def tone(value: float | None) -> str | None:
    """`gain`, `loss` or None, for colouring what the sign says already."""
    if value is None or not math.isfinite(value) or abs(value) < 0.005:
        return None
    return "gain" if value > 0 else "loss"


def coordinate(value: float) -> str:
    """A place in a drawing: at most two decimals, no trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def local(ns: int) -> datetime:
    """New York's time of an instant, whole seconds."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC).astimezone(NEW_YORK)


def clock(ns: int) -> str:
    """`09:30:05`, New York."""
    return f"{local(ns):%H:%M:%S}"


def flat(tree: Mapping[str, object], above: str = "") -> list[tuple[str, str]]:
    """The leaves of a tree as (dotted key, value) in the tree's order."""
    rows: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            rows += flat(value, f"{name}.")
        else:
            rows.append((name, plain(value)))
    return rows


def plain(value: object) -> str:
    """A configuration value in words: lists with commas, nothing as an en dash."""
    if value is None or value == [] or value == {} or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(each) for each in value)
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)

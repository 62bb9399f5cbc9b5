"""TC-3-R-M6: the market price of everything traded is in the sink and in GET /status."""

from __future__ import annotations

from typing import Any

from hedgerow.cli.check.context import Context
from hedgerow.cli.check.result import Result, holds, require

_PRICED_S = 30.0


def every_instrument_priced(ctx: Context) -> Result:
    """TC-3-R-M6-1."""
    return holds("; ".join(_priced(ctx, name) for name in ctx.strategies))


def _priced(ctx: Context, name: str) -> str:
    """Waits until the sink holds a price of the underlying and of every leg."""

    def unpriced() -> list[str]:
        snapshot = ctx.current(name)
        prices = snapshot.get("prices", {})
        wanted = [snapshot["symbol"], *snapshot["legs"]]
        return [one for one in wanted if one not in prices or not _known(prices[one])]

    ctx.awaited(name)
    ctx.until(lambda: ctx.current(name)["legs"], _PRICED_S, f"{name} has no option legs to price")
    ctx.until(lambda: not unpriced(), _PRICED_S, lambda: f"{name}: no price of {', '.join(unpriced())}")
    snapshot = ctx.current(name)
    require(snapshot["spot"] is not None, f"{name}: no spot")
    wanted = [snapshot["symbol"], *snapshot["legs"]]
    return f"{name}: " + ", ".join(f"{one} {_words(snapshot['prices'][one])}" for one in wanted)


def _known(price: dict[str, float | None]) -> bool:
    """Whether a side is quoted, with its time; an absent side is null, never zero."""
    sides = [price["bid"], price["ask"]]
    return (
        any(side is not None for side in sides)
        and all(side is None or side > 0 for side in sides)
        and bool(price["event_ts"])
    )


def _words(price: dict[str, float | None]) -> str:
    return f"{price['bid'] if price['bid'] is not None else '-'}/{price['ask'] if price['ask'] is not None else '-'}"


def status_carries_prices(ctx: Context) -> Result:
    """TC-3-R-M6-2."""
    return holds("; ".join(_shown(ctx, name) for name in ctx.strategies))


def _shown(ctx: Context, name: str) -> str:
    """Waits until GET /status has a price of the underlying and every leg, and a mark on every position held."""
    every_instrument_priced(ctx)
    found: dict[str, Any] = {}

    def unpriced() -> list[str]:
        status = ctx.web.status()
        part = next(one for one in status["strategies"] if one["strategy"] == name)
        found.update(part["prices"])
        wanted = [part["symbol"], *part["legs"]]
        held = [one for one in status["positions"] if one["owner"] == name and one["quantity"]]
        without = [one for one in wanted if not _known(part["prices"].get(one, _NOTHING))]
        return without + [f"{one['instrument']} (position)" for one in held if not one["mark_price"]]

    ctx.until(lambda: not unpriced(), _PRICED_S, lambda: f"{name}: GET /status has no price of {', '.join(unpriced())}")
    return f"{name}: " + ", ".join(f"{one} {_words(price)}" for one, price in found.items())


_NOTHING: dict[str, Any] = {"bid": None, "ask": None, "event_ts": None}

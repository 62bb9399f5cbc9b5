"""TC-3-R-M6-3: the page, and that what it renders from carries price, P&L and moneyness per instrument."""

from __future__ import annotations

import re
from typing import Any

from hedgerow.cli.check.context import Context
from hedgerow.cli.check.result import Result, holds, require

STREAM = "/v1/positions:stream"
"""Where the page has its positions from."""

_ASSET = re.compile(r'(?:src|href)="(/assets/[^"]+)"')
_PRICED_S = 30.0
_SAME = 0.02


def shows_positions(ctx: Context) -> Result:
    """TC-3-R-M6-3."""
    assets = _page(ctx)
    told: list[str] = []

    def whole() -> bool:
        told[:] = _positions(ctx)
        return bool(told)

    ctx.until(whole, _PRICED_S, "the page's data have no price, P&L or moneyness of some position")
    return holds(f"GET / with {', '.join(assets)}; {STREAM}: {'; '.join(told)}")


def _page(ctx: Context) -> list[str]:
    """The page's files, all of which are served; raises Failed unless the script renders positions from the stream."""
    index = ctx.web.ask("GET", "/")
    require(index.status == 200, f"GET /: {index.status} {index.body[:200]!r}")
    require(index.content_type.startswith("text/html"), f"GET /: {index.content_type}")
    assets = _ASSET.findall(index.body.decode())
    scripts = []
    for asset in assets:
        answer = ctx.web.ask("GET", asset)
        require(answer.status == 200, f"GET {asset}: {answer.status}")
        if "javascript" in answer.content_type:
            scripts.append(answer.body.decode())
    require(scripts, f"the page has no script: {assets}")
    for word in (STREAM, "markPrice", "unrealizedPnl", "moneyness"):
        require(any(word in script for script in scripts), f"the page's script knows no {word}")
    return [asset.partition("?")[0] for asset in assets]


def _positions(ctx: Context) -> list[str]:
    """Every position the page shows, in words, with what it is drawn from; empty while something is not known."""
    streamed = ctx.web.first_line(STREAM)["result"]["snapshot"]["positions"]
    status = ctx.web.status()
    shown = {(one["owner"], one["instrument"]): one for one in status["positions"]}
    told = []
    for one in streamed:
        if not float(_number(one.get("quantity"))):
            continue
        name = one["instrument"]["instrumentId"]
        price, profit = one.get("markPrice"), one.get("unrealizedPnl")
        view = shown.get((one["owner"], name), {})
        if not price or not profit or view.get("mark_price") is None or view.get("unrealized_pnl") is None:
            return []
        text = (
            f"{one['owner']} {_number(one['quantity'])} {name} at {_number(price)}, P&L {float(_number(profit)):+.2f}"
        )
        strike = one["instrument"].get("strike")
        if strike:
            spot = _spot(status, one["instrument"]["symbol"])
            if spot is None or view.get("moneyness") is None:
                return []
            moneyness = spot / float(_number(strike))
            require(abs(moneyness - view["moneyness"]) <= _SAME, f"{name}: {moneyness} and {view['moneyness']}")
            text += f", moneyness {view['moneyness']:.4f} ({one['instrument']['right'].removeprefix('RIGHT_').lower()})"
        told.append(text)
    require(any("moneyness" in text for text in told) or not told, "no option among the positions")
    return told


def _spot(status: dict[str, Any], symbol: str) -> float | None:
    """The underlying's mid as the page has it: from the snapshot of a strategy on it."""
    for one in status["strategies"]:
        if one["symbol"] == symbol and one["spot"] is not None:
            return float(one["spot"])
    return None


def _number(decimal: Any) -> str:
    return str((decimal or {}).get("value", "0"))

"""TC-2-R-M4b: the operations that touched positions, over HTTP, filtered and page by page."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hedgerow.cli.check.context import NS_PER_S, Context
from hedgerow.cli.check.operations import OF_ORDERS
from hedgerow.cli.check.probes import STRATEGY as PROBES
from hedgerow.cli.check.probes import probes
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.store.operations import OperationType
from hedgerow.store.read import read_fills, read_operations

FIELDS = (
    "operation_id", "ts", "market_ts", "type", "strategy", "instrument", "side", "quantity", "price", "reason", "state",
    "client_order_id", "text",
)  # fmt: skip
_PAGE = 3
_SOON_S = 10.0
REFUSED = (
    ("limit=0", "limit"),
    ("limit=1001", "limit"),
    ("type=FILLED", "type"),
    ("since_ts=yesterday", "since_ts"),
    ("until_ts=1e99", "until_ts"),
    ("page_token=x", "page_token"),
    ("colour=red", "colour"),
)
"""Queries that are wrong, and the parameter each answer must name."""


def filters(ctx: Context) -> Result:
    """TC-2-R-M4b-1."""
    probes(ctx)
    web = ctx.web
    every = web.operations(strategy=PROBES)
    require(len(every) > _PAGE, f"GET /operations?strategy={PROBES} gives {len(every)} operations")
    for one in every:
        missing = [field for field in FIELDS if field not in one]
        require(not missing, f"an operation lacks {', '.join(missing)}")
        require(one["strategy"] == PROBES, f"an operation of {one['strategy']} among those of {PROBES}")
    stamps = [one["ts"] for one in every]
    require(stamps == sorted(stamps, reverse=True), "operations are not newest first")
    _same("page by page", web.operations(strategy=PROBES, limit=_PAGE), every)
    limited = web.get("/operations", strategy=PROBES, limit=_PAGE)["operations"]
    _same(f"limit={_PAGE}", limited, every[:_PAGE])
    fills = web.operations(strategy=PROBES, type=OperationType.FILL.value)
    _same("type=FILL", fills, [one for one in every if one["type"] == OperationType.FILL.value])
    middle = stamps[len(stamps) // 2]
    expected = [one for one in every if one["ts"] >= middle]
    for text in (str(middle), _rfc3339(middle)):
        _same(f"since_ts={text}", web.operations(strategy=PROBES, since_ts=text), expected)
    _same("until_ts", web.operations(strategy=PROBES, until_ts=middle), [one for one in every if one["ts"] < middle])
    whole = _seconds_after(middle)
    _same("since_ts in seconds", web.operations(strategy=PROBES, since_ts=whole),
          [one for one in every if one["ts"] >= whole * NS_PER_S])  # fmt: skip
    for query, field in REFUSED:
        answer = web.ask("GET", f"/operations?{query}")
        require(answer.status == 400, f"GET /operations?{query}: {answer.status}")
        require(answer.fields == [field], f"GET /operations?{query} names {answer.fields}, not {field}")
    return holds(
        f"{len(every)} operations of the probes, the same page by page; since_ts, until_ts, type, limit, strategy each "
        f"leave out what they must; {len(REFUSED)} wrong queries refused by name"
    )


def _same(what: str, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    ids, wanted = [one["operation_id"] for one in found], [one["operation_id"] for one in expected]
    require(ids == wanted, f"GET /operations, {what}: {len(ids)} operations, {len(wanted)} expected, or in other order")


def _rfc3339(ns: int) -> str:
    seconds, rest = divmod(ns, NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _seconds_after(ns: int) -> int:
    return ns // NS_PER_S + 1


def touched_positions(ctx: Context) -> Result:
    """TC-2-R-M4b-2."""
    probes(ctx)
    newest = read_fills(ctx.store, limit=None)[-1]["receive_ns"]
    ctx.until(
        lambda: ctx.web.operations(since_ts=newest, type=OperationType.FILL.value), _SOON_S,
        "GET /operations does not tell of the newest fill",
    )  # fmt: skip
    counted: Counter[str] = Counter()
    for strategy in (*ctx.strategies, PROBES):
        fills = read_fills(ctx.store, strategy)
        until = max((fill["receive_ns"] for fill in fills), default=0) + 1
        shown = [
            one for one in ctx.web.operations(strategy=strategy, type=OperationType.FILL.value) if one["ts"] < until
        ]
        expected = Counter(_key(f["client_order_id"], f["instrument"], f["side"], f["quantity"], f["price"])
                           for f in fills)  # fmt: skip
        found = Counter(_key(o["client_order_id"], o["instrument"], o["side"], o["quantity"], o["price"])
                        for o in shown)  # fmt: skip
        require(found == expected, f"{strategy}: GET /operations shows {sum(found.values())} fills of {len(fills)}")
        counted[strategy] = len(fills)
    kinds = {one["type"] for one in ctx.web.operations(strategy=PROBES)}
    require(set(OF_ORDERS) <= kinds, f"GET /operations shows no {', '.join(set(OF_ORDERS) - kinds)} of the probes")
    stored = read_operations(ctx.store, strategy=PROBES, limit=1000).rows
    shown_ids = {one["operation_id"] for one in ctx.web.operations(strategy=PROBES)}
    require(shown_ids == {row["operation_id"] for row in stored}, "GET /operations and the stores differ")
    told = ", ".join(f"{count} fills of {name}" for name, count in counted.items())
    return holds(f"every fill with instrument, side, quantity and price: {told}; of the probes also {len(stored)} "
                 f"operations of {len(kinds)} types")  # fmt: skip


def _key(order: str, instrument: str, side: str, quantity: Any, price: Any) -> tuple[str, str, str, Decimal, Decimal]:
    return order, instrument, side, Decimal(str(quantity)), Decimal(str(price))

"""TC-3-R-H2-1: statistics from what the daemon wrote, by a module that needs and runs nothing of it."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from hedgerow.cli.check.context import Context, other_process
from hedgerow.cli.check.history import copy_of
from hedgerow.cli.check.probes import STRATEGY as PROBES
from hedgerow.cli.check.probes import probes
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.domain.period import Period, market_day, period_start
from hedgerow.store.read import Row
from hedgerow.store.statistics import hedge_statistics
from hedgerow.wire.common import timestamp_to_wire

FOREIGN = ("grpc", "numba", "hedgerow.strategy.gamma_scalper.step", "hedgerow.rules", "hedgerow.ib", "services")
"""What a module that runs no state machine, guard or classifier, and asks no process, has no use for."""

NUMBERS = (
    "hedges", "fills", "denials", "bought_quantity", "sold_quantity", "realized_pnl", "commissions", "net_pnl",
    "closing_fills", "wins", "win_rate", "result_distribution", "total_slippage", "slippage_per_share",
)  # fmt: skip
_IMPORTED = (
    "import sys, json, hedgerow.store.statistics\n"
    "print(json.dumps(sorted(name for name in sys.modules if name.startswith(tuple(sys.argv[1:])))))"
)
_SOON_S = 10.0


def apart(ctx: Context) -> Result:
    """TC-3-R-H2-1."""
    probes(ctx)
    loaded = json.loads(other_process("-c", _IMPORTED, *FOREIGN))
    require(not loaded, f"the statistics module loads {', '.join(loaded[:3])}")
    until_ns = _newest(ctx) + 1
    with tempfile.TemporaryDirectory(prefix="hedgerow-check-") as folder:
        place, source = copy_of(ctx, Path(folder))
        told = [_period(ctx, place, period, until_ns) for period in Period]
    printed = {
        period: json.loads(other_process("-m", "hedgerow.cli", "stats", str(ctx.state.root), "--by", period, "--json"))
        for period in Period
    }
    for period, rows in printed.items():
        require(rows, f"`hedgerow stats --by {period}` prints nothing")
        missing = [name for name in NUMBERS if name not in rows[0]]
        require(not missing, f"`hedgerow stats --by {period}` lacks {', '.join(missing)}")
    return holds(f"{source}, nothing but the store's code loaded; {'; '.join(told)}")


def _newest(ctx: Context) -> int:
    """Market time of the newest fill, once GET /operations tells of it."""
    found: list[int] = []

    def known() -> bool:
        found[:] = [one["market_ts"] for one in ctx.web.operations(strategy=PROBES, type="FILL")]
        return len(found) >= 2

    ctx.until(known, _SOON_S, "GET /operations does not tell of the probes' fills")
    return max(found)


def _period(ctx: Context, place: Any, period: Period, until_ns: int) -> str:
    """Statistics of one length of period: the same from the copy, over HTTP, and counted from GET /operations."""
    rows = {
        (row["start_date"], row["strategy"]): row for row in hedge_statistics(place, period=period, until_ns=until_ns)
    }
    counted = _counted(ctx, period, until_ns)
    require(set(counted) <= set(rows), f"by {period}: {set(counted) - set(rows)} is missing")
    for key, other in counted.items():
        for name, value in other.items():
            require(
                rows[key][name] == value, f"by {period}, {key}: {name} is {rows[key][name]}, the fills give {value}"
            )
    answer = ctx.web.get(
        "/v1/stats/hedges", period=f"PERIOD_{period.name}", until_time=timestamp_to_wire(until_ns).ToJsonString()
    )
    served = {_served_key(one): one for one in answer["statistics"]}
    for key, row in rows.items():
        one = served.get(key)
        require(one is not None, f"by {period}: GET /v1/stats/hedges lacks {key}")
        assert one is not None
        same = (one.get("hedges", 0), one.get("fills", 0), Decimal(one["netPnl"]["value"]))
        require(same == (row["hedges"], row["fills"], row["net_pnl"]), f"by {period}, {key}: HTTP says {same}")
    return f"by {period}: " + ", ".join(_words(row) for row in rows.values() if row["strategy"] in ctx.strategies)


def _counted(ctx: Context, period: Period, until_ns: int) -> dict[tuple[str, str], dict[str, Any]]:
    """What the fills of GET /operations amount to, counted here."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for strategy in (*ctx.strategies, PROBES):
        for one in ctx.web.operations(strategy=strategy, type="FILL"):
            if one["market_ts"] < until_ns:
                start = period_start(period, market_day(one["market_ts"])).isoformat()
                groups[(start, strategy)].append(one)
    return {
        key: {
            "hedges": len({one["client_order_id"] for one in fills}),
            "fills": len(fills),
            "bought_quantity": sum(Decimal(str(one["quantity"])) for one in fills if one["side"] == "BUY"),
            "sold_quantity": sum(Decimal(str(one["quantity"])) for one in fills if one["side"] == "SELL"),
        }
        for key, fills in groups.items()
    }


def _served_key(one: dict[str, Any]) -> tuple[str, str]:
    day = one["startDate"]
    return f"{day['year']:04}-{day['month']:02}-{day['day']:02}", one["strategy"]


def _words(row: Row) -> str:
    rate = "no closing fill" if row["win_rate"] is None else f"win rate {row['win_rate']:.0%}"
    return f"{row['start_date']} {row['strategy']} {row['hedges']} hedges, {rate}, net {row['net_pnl']:.2f}"

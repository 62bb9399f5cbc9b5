"""`hedgerow status|operations|stats`: what a session's store says, with or without its processes alive."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hedgerow import state_dir
from hedgerow.cli.demo_view import number
from hedgerow.cli.output import JsonFlag, SessionArgument, console, print_json, print_pairs, print_table, wall_text
from hedgerow.domain.errors import NotFound
from hedgerow.store.location import location_of, status_location_of
from hedgerow.store.read import read_operations, read_status
from hedgerow.store.statistics import hedge_statistics

_SHOWN = (
    "status_lamp", "self_check", "daemon_state", "trading_fsm_state", "hedge_fsm_state", "trading_state", "symbol",
    "spot", "bid", "ask", "net_delta", "stock_position", "option_legs", "daily_hedge_count", "daily_pnl",
    "data_lag_ms", "config_hash", "code_version",
)  # fmt: skip


def status(session: SessionArgument = "latest", json_: JsonFlag = False) -> None:
    """Shows the last snapshot of every strategy of a session."""
    state = state_dir.resolve(session)
    rows = read_status(status_location_of(state))
    if not rows:
        raise NotFound(f"no strategy has written a snapshot in {state.root} yet")
    snapshots: list[dict[str, Any]] = [_document(row["snapshot"]) for row in rows]
    if json_:
        print_json(snapshots)
        return
    for snapshot in snapshots:
        shown = {key: snapshot.get(key) for key in _SHOWN}
        shown["block_reasons"] = ", ".join(snapshot.get("block_reasons", [])) or "none"
        shown["market time"] = wall_text(snapshot.get("market_ts"))
        shown["last acknowledgement"] = wall_text(snapshot.get("last_ack_ts"))
        shown["next retry"] = wall_text(snapshot.get("next_retry_ts"))
        shown["written"] = wall_text(snapshot.get("ts"))
        print_pairs(f"{snapshot.get('strategy', '')} ({snapshot.get('run_id', '')})", shown)


def operations(
    session: SessionArgument = "latest",
    strategy: Annotated[str | None, typer.Option("--strategy", help="Only this strategy's.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only this type, for example FILL.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most rows to show.")] = 50,
    json_: JsonFlag = False,
) -> None:
    """Lists operations, newest first."""
    state = state_dir.resolve(session)
    rows = read_operations(location_of(state), strategy=strategy, type=type_, limit=limit).rows
    if json_:
        print_json(rows)
        return
    print_table(
        "operations", ["market time", "type", "instrument", "side", "quantity", "price", "state", "reason"],
        [(wall_text(r["market_ns"]), r["type"], r["instrument"], r["side"], r["quantity"], r["price"], r["state"],
          r["reason"]) for r in rows],
    )  # fmt: skip


def stats(
    session: SessionArgument = "latest",
    strategy: Annotated[str | None, typer.Option("--strategy", help="Only this strategy's.")] = None,
    json_: JsonFlag = False,
) -> None:
    """Shows hedges per day with profit, from the store alone."""
    state = state_dir.resolve(session)
    rows = hedge_statistics(location_of(state), strategy=strategy)
    if json_:
        print_json(rows)
        return
    if not rows:
        console.print("no hedges yet")
        return
    print_table(
        "hedges", ["day", "strategy", "hedges", "fills", "denials", "bought", "sold", "realized", "commissions", "P&L"],
        [(r["start_date"], r["strategy"], r["hedges"], r["fills"], r["denials"], r["bought_quantity"],
          r["sold_quantity"], number(r["realized_pnl"]), number(r["commissions"]), number(r["daily_pnl"]))
         for r in rows],
    )  # fmt: skip


def _document(value: Any) -> dict[str, Any]:
    document = json.loads(value) if isinstance(value, str) else value
    return dict(document)

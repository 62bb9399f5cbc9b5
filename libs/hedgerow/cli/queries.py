"""`hedgerow status|operations`: what a session's store says, with or without its processes alive."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hedgerow import state_dir
from hedgerow.cli.output import (
    JsonFlag,
    SessionArgument,
    console,
    messages,
    print_json,
    print_pairs,
    print_table,
    wall_text,
)
from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.domain.moment import parse_moment
from hedgerow.store.alerts import root_of, standing_alerts
from hedgerow.store.location import location_of, status_location_of
from hedgerow.store.operations import OperationType
from hedgerow.store.read import PAGE_LIMIT, read_operations, read_status

_SHOWN = (
    "status_lamp", "self_check", "daemon_state", "trading_fsm_state", "hedge_fsm_state", "trading_state", "symbol",
    "spot", "bid", "ask", "net_delta", "stock_position", "option_legs", "daily_hedge_count", "daily_pnl",
    "data_lag_ms", "config_hash", "code_version",
)  # fmt: skip
_MOMENT = "RFC 3339, or seconds, ms or ns since 1970"


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
    for alert in standing_alerts(root_of(state)):
        console.print(f"ALERT {alert.reason}, raised {wall_text(alert.wall_ns)}: {alert.text}", markup=False)
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
    since: Annotated[str, typer.Option("--since", help=f"Wall time from, inclusive: {_MOMENT}.")] = "",
    until: Annotated[str, typer.Option("--until", help="Wall time until, exclusive; written the same.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=PAGE_LIMIT, help="Most rows to show.")] = 50,
    page_token: Annotated[
        str, typer.Option("--page-token", help="Go on where a page ended: the token it told on stderr.")
    ] = "",
    json_: JsonFlag = False,
) -> None:
    """Lists operations, newest first, with or without the processes alive."""
    if type_ is not None and type_ not in set(OperationType):
        raise InvalidValue("--type", type_, f"one of {', '.join(OperationType)}")
    since_ns = parse_moment("--since", since) if since else None
    until_ns = parse_moment("--until", until) if until else None
    require_order(since_ns, until_ns, until)
    state = state_dir.resolve(session)
    page = read_operations(
        location_of(state), strategy=strategy, type=type_, since_ns=since_ns, until_ns=until_ns, limit=limit,
        page_token=page_token,
    )  # fmt: skip
    if json_:
        print_json(page.rows)
    else:
        print_table(
            "operations", ["market time", "type", "instrument", "side", "quantity", "price", "state", "reason"],
            [(wall_text(r["market_ns"]), r["type"], r["instrument"], r["side"], r["quantity"], r["price"], r["state"],
              r["reason"]) for r in page.rows],
        )  # fmt: skip
    if page.next_page_token:
        messages.print(f"more: --page-token {page.next_page_token}")


def require_order(since_ns: int | None, until_ns: int | None, until: str) -> None:
    """Raises InvalidValue where a window ends before it begins."""
    if since_ns is not None and until_ns is not None and until_ns < since_ns:
        raise InvalidValue("--until", until, "not before --since")


def _document(value: Any) -> dict[str, Any]:
    document = json.loads(value) if isinstance(value, str) else value
    return dict(document)

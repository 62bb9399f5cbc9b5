"""TC-1-R-M1a: what the daemon knows reaches the sink, in time and whole."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

from hedgerow.cli.check.context import NS_PER_S, POLL_S, Context, document, other_process
from hedgerow.cli.check.daemon_log import transitions
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.clock import wall_now
from hedgerow.store.location import StoreLocation, status_location_of
from hedgerow.store.read import read_decisions, read_rows
from hedgerow.store.status_sink import SNAPSHOT_KEYS, check_snapshot

STATE_QUERY = (
    "select datetime(ts/1000000000,'unixepoch'), daemon_state, status_lamp, spot, net_delta from status_current"
)
"""The one line that reads current state and its time from the sink, as the README shows it."""
SERVER_STATE_QUERY = (
    "select to_timestamp(ts/1e9)::text, daemon_state, status_lamp, spot, net_delta from {schema}.status_current"
)
"""The same for PostgreSQL."""

BEATS = 5
SLACK_S = 1.0
_AT_ONCE_S = 1.5
_NEWEST = 100
_QUERY_PROCESS = """
import json, sqlite3, sys
with sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True) as database:
    print(json.dumps(database.execute(sys.argv[2]).fetchall()))
"""
_QUERY_SERVER = """
import json, psycopg, sys
with psycopg.connect(sys.argv[1]) as database:
    print(json.dumps(database.execute(sys.argv[2]).fetchall()))
"""


def written_in_time(ctx: Context) -> Result:
    """TC-1-R-M1a-1."""
    seen = []
    for name in ctx.strategies:
        ctx.awaited(name)
        gap_s, snapshots = _longest_gap(ctx, name)
        limit_s = 2 * ctx.settings.status.heartbeat_interval_s + SLACK_S
        require(snapshots > 1 and gap_s <= limit_s, f"{name}: {gap_s:.1f} s without a snapshot, {snapshots} seen")
        lag_ms = _after_evaluation(ctx, name)
        parts = [f"{name}: {snapshots} snapshots in {BEATS} heartbeats, longest gap {gap_s:.2f} s",
                 f"the newest evaluation's {lag_ms:.1f} ms after it"]  # fmt: skip
        if ctx.file_sink is None:
            parts.append(_minimal(ctx, name))
            if not ctx.skip_ib:
                parts.append(_on_running(ctx, name))
        seen.append("; ".join(parts))
    return holds("; ".join(seen))


def _longest_gap(ctx: Context, name: str) -> tuple[float, int]:
    """Wall seconds between two snapshots at most, watched over some heartbeats, and how many were seen."""
    ctx.tell(f"watching {BEATS} heartbeats of {name}")
    end = time.monotonic() + BEATS * ctx.settings.status.heartbeat_interval_s + SLACK_S
    stamps = {int(ctx.current(name)["ts"])}
    while time.monotonic() < end:
        time.sleep(POLL_S)
        stamps.add(int(ctx.current(name)["ts"]))
    ordered = [*sorted(stamps), wall_now()]
    return max((b - a) / NS_PER_S for a, b in pairwise(ordered)), len(stamps)


def _after_evaluation(ctx: Context, name: str) -> float:
    """Milliseconds from the newest evaluation's record to a snapshot at or after it."""
    newest = ctx.until(lambda: read_decisions(ctx.store, name, limit=1), SLACK_S, f"{name} has no decision record")[0]
    wall_ns = int(newest["wall_ns"])
    snapshot = ctx.until(
        lambda: (found := ctx.current(name))["ts"] >= wall_ns and found, SLACK_S,
        f"{name}: no snapshot after evaluation {newest['sequence']}",
    )  # fmt: skip
    assert isinstance(snapshot, dict)
    return (int(snapshot["ts"]) - wall_ns) / 1e6


def _minimal(ctx: Context, name: str) -> str:
    """The snapshots without a spot: whole, with null where nothing is known."""
    run_id = ctx.current(name)["run_id"]
    rows = read_rows(
        ctx.store, f"strategy-{name}", "status_history", where=lambda t: [t.c.spot.is_(None)],
        order=lambda t: [t.c.id.desc()], limit=_NEWEST,
    )  # fmt: skip
    blind = [snapshot for row in rows if (snapshot := document(row["snapshot"]))["run_id"] == run_id]
    require(blind, f"{name}: the run's start left no snapshot without a spot")
    for snapshot in blind:
        check_snapshot(snapshot)
        require(snapshot["bid"] is None or snapshot["ask"] is None, f"{name}: a spot is missing though both sides are")
    return f"{len(blind)} minimal snapshots without a spot"


def _on_running(ctx: Context, name: str) -> str:
    """The newest change to RUNNING in the log, and the history row it left at once."""
    entered = [at for at, state in transitions(ctx.state, name) if state == "RUNNING"]
    require(entered, f"{name}: its log tells of no change to RUNNING")
    for at in entered[-3:]:
        rows = ctx.history(name, since_ns=at - NS_PER_S // 10, until_ns=at + 10 * NS_PER_S)
        after = [row["ts"] for row in rows if row["daemon_state"] == "RUNNING"]
        late_s = (min(after) - at) / NS_PER_S if after else float("inf")
        require(late_s <= _AT_ONCE_S, f"{name}: no snapshot within {_AT_ONCE_S:.0f} s of entering RUNNING ({late_s})")
    return "one at once on entering RUNNING"


def readable_without_console(ctx: Context) -> Result:
    """TC-1-R-M1a-2."""
    seen = []
    for name in ctx.strategies:
        ctx.awaited(name)
        if ctx.file_sink is not None:
            printed = other_process("-c", "import sys; print(open(sys.argv[1]).read())", str(ctx.file_sink))
            snapshot = json.loads(printed)
            state, stamp = snapshot["daemon_state"], snapshot["ts"]
        else:
            rows = _with_plain_sql(status_location_of(ctx.state, ctx.settings), f"strategy-{name}")
            require(len(rows) == 1, f"{name}: status_current has {len(rows)} rows")
            stamp, state = rows[0][0], rows[0][1]
        require(stamp and state, f"{name}: state {state!r} at {stamp!r}")
        seen.append(f"{name} {state} at {stamp}")
    how = f'sqlite3 STORE/strategy-NAME.db "{STATE_QUERY}"'
    if ctx.store.folder is None:
        schema = ctx.store.schema(f"strategy-{ctx.strategies[0]}")
        how = f'psql {ctx.store.url} -c "{SERVER_STATE_QUERY.format(schema=schema)}"'
    return holds(f"{'; '.join(seen)}; {how}")


def _with_plain_sql(place: StoreLocation, owner: str) -> list[Any]:
    """State and its time, asked for by a process that loads nothing of ours."""
    if place.folder is not None:
        printed = other_process("-c", _QUERY_PROCESS, str(place.folder / f"{owner}.db"), STATE_QUERY)
    else:
        printed = other_process("-c", _QUERY_SERVER, place.url, SERVER_STATE_QUERY.format(schema=place.schema(owner)))
    return list(json.loads(printed))


def holds_every_key(ctx: Context) -> Result:
    """TC-1-R-M1a-3."""
    known = 0
    for name in ctx.strategies:
        snapshots = [ctx.awaited(name), *(row["snapshot"] for row in ctx.history(name, limit=100))]
        for snapshot in snapshots:
            missing = [key for key in SNAPSHOT_KEYS if key not in snapshot]
            require(not missing, f"{name}: a snapshot lacks {', '.join(missing)}")
        known += sum(snapshots[0][key] is not None for key in SNAPSHOT_KEYS)
        if not ctx.skip_ib:
            _known_when_running(ctx, name)
    return holds(f"{len(SNAPSHOT_KEYS)} keys in the current view and in the history, {known} of them known now")


def _known_when_running(ctx: Context, name: str) -> None:
    """With a broker only what has not happened yet may be unknown, or what a fault beside the lamp explains."""

    def unknown() -> list[str]:
        snapshot = ctx.current(name)
        if snapshot["status_lamp"] == "red" and snapshot["block_reasons"]:
            return []
        return [key for key in SNAPSHOT_KEYS if snapshot[key] is None and key != "last_ack_ts"]

    ctx.until(lambda: not unknown(), 30.0, lambda: f"{name}: unknown though it runs: {', '.join(unknown())}")

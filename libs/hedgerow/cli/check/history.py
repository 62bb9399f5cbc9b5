"""TC-1-R-H1: current view and history, statistics from them, and the sink as configuration."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

from hedgerow.cli.check.context import NS_PER_S, Context, document, other_process
from hedgerow.cli.check.probes import STRATEGY as PROBES
from hedgerow.cli.check.probes import probes
from hedgerow.cli.check.result import Result, holds, require, skipped
from hedgerow.clock import wall_now
from hedgerow.domain.errors import InvalidValue
from hedgerow.store.engine import open_store
from hedgerow.store.location import Place, status_location_of
from hedgerow.store.read import owners, read_rows
from hedgerow.store.statistics import hedge_statistics
from hedgerow.store.status_sink import SNAPSHOT_KEYS, open_status_sink
from hedgerow.store.writer import AsyncWriter

_NEWEST = 500
REFUSED_SINKS = ("redis://localhost/0", "file://status.json", "http://example.com/status")


def history_grows(ctx: Context) -> Result:
    """TC-1-R-H1-1."""
    if ctx.file_sink is not None:
        return skipped("this sink is a file: it keeps the current view only")
    seen = [_grows(ctx, name) for name in ctx.strategies]
    _interval_is_configuration()
    return holds("; ".join(seen))


def _grows(ctx: Context, name: str) -> str:
    """Watches one strategy's history until it has grown; what was there before must stay as it was."""
    interval_s = ctx.settings.status.history_interval_s
    before = ctx.until(lambda: _rows(ctx, name), interval_s + 5, f"{name} has no history")
    ctx.tell(f"waiting for the next history row of {name}, one every {interval_s:g} s")
    last = before[-1][0]
    ctx.until(lambda: _rows(ctx, name)[-1][0] > last, interval_s + 5, f"{name}: its history stands still")
    after = _rows(ctx, name)
    kept = [row for row in after if row[0] <= last]
    require(kept == before[-len(kept) :], f"{name}: a history row was changed or removed")
    ids = [row[0] for row in after]
    require(ids == sorted(set(ids)), f"{name}: history rows are not numbered upwards")
    gap_s = _longest_gap_s(after)
    require(gap_s <= 2 * interval_s + 5, f"{name}: {gap_s:.1f} s without a history row, interval {interval_s:g} s")
    require(ctx.current(name)["ts"] >= after[-1][1], f"{name}: the current view is older than the history")
    return f"{name}: {len(after)} rows, the first {len(kept)} unchanged, one every {interval_s:g} s or sooner"


def _rows(ctx: Context, name: str) -> list[tuple[Any, ...]]:
    """(id, ts, snapshot) of the history, oldest first."""
    place = status_location_of(ctx.state, ctx.settings)
    newest = read_rows(place, f"strategy-{name}", "status_history", order=lambda t: [t.c.id.desc()], limit=_NEWEST)
    return [(row["id"], row["ts"], document(row["snapshot"])) for row in reversed(newest)]


def _longest_gap_s(rows: list[tuple[Any, ...]]) -> float:
    """Between the rows of the newest run, and from the last one until now."""
    run_id = rows[-1][2]["run_id"]
    stamps = [row[1] for row in rows if row[2]["run_id"] == run_id] + [wall_now()]
    return float(max(b - a for a, b in pairwise(stamps)) / NS_PER_S)


def _interval_is_configuration() -> None:
    key = "status.history_interval_s"
    other_process("-m", "hedgerow.cli", "config", "validate", "--set", f"{key}=2.5")
    said = other_process("-m", "hedgerow.cli", "config", "validate", "--set", f"{key}=-1", expected=(2,))
    require(key in said, f"a refused interval does not name its key: {said.strip()}")


def statistics_apart(ctx: Context) -> Result:
    """TC-1-R-H1-2."""
    if not ctx.skip_ib:
        probes(ctx)
    with tempfile.TemporaryDirectory(prefix="hedgerow-check-") as folder:
        place, source = copy_of(ctx, Path(folder))
        rows = hedge_statistics(place)
    hedges = {row["strategy"]: int(row["hedges"]) for row in rows}
    if not ctx.skip_ib:
        require(hedges.get(PROBES, 0) >= 2, f"statistics do not count the probe fills: {hedges}")
    other_process("-m", "hedgerow.cli", "stats", str(ctx.state.root), "--json")
    counted = ", ".join(f"{name} {count} hedges" for name, count in hedges.items()) or "no hedge yet"
    return holds(f"{source}: {counted}")


def copy_of(ctx: Context, folder: Path) -> tuple[Place, str]:
    """A copy of the store in `folder` no process has open, or the store itself, where a server keeps it; in words."""
    if ctx.store.folder is None:
        return ctx.store, "read-only, from the database"
    for owner in owners(ctx.store):
        _copy(ctx.store.folder / f"{owner}.db", folder / f"{owner}.db")
    return folder, "from a copy of the store no process has open"


def _copy(source: Path, target: Path) -> None:
    """A consistent copy, taken while its writer writes."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def sink_is_configuration(ctx: Context) -> Result:
    """TC-1-R-H1-3."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-check-") as folder:
        asyncio.run(_try_sinks(Path(folder)))
        accepted = ("", "sqlite", "postgresql://ann@db/hedgerow", f"file://{folder}/status.json")
        for url in accepted:
            other_process("-m", "hedgerow.cli", "config", "validate", "--set", f"status.sink={json.dumps(url)}")
    for url in REFUSED_SINKS:
        said = other_process(
            "-m", "hedgerow.cli", "config", "validate", "--set", f"status.sink={json.dumps(url)}", expected=(2,)
        )
        require("status.sink" in said, f"a refused sink does not name its key: {said.strip()}")
    return holds(
        f"SQLite and file:///path.json each take a snapshot, {len(REFUSED_SINKS)} others are refused by name; "
        f"in force: {ctx.settings.status.sink or ctx.store}"
    )


async def _try_sinks(folder: Path) -> None:
    """Writes a snapshot through each kind of sink and reads it back; every other kind is refused."""
    snapshot: dict[str, Any] = dict.fromkeys(SNAPSHOT_KEYS) | {"ts": wall_now(), "daemon_state": "IDLE"}
    with open_store(folder, "strategy-check") as store:
        writer = AsyncWriter(store)
        try:
            await open_status_sink("", "check", writer).write(snapshot, history=True)
            with store.read() as connection:
                state = connection.exec_driver_sql("select daemon_state from status_current").scalar()
                rows = connection.exec_driver_sql("select count(*) from status_history").scalar()
            require((state, rows) == ("IDLE", 1), f"the SQLite sink kept {state!r} and {rows} history rows")
            path = folder / "status.json"
            sink = open_status_sink(f"file://{path}", "check", writer)
            await sink.write(snapshot, history=True)
            await sink.close()
            require(json.loads(path.read_text())["ts"] == snapshot["ts"], "the file sink kept another snapshot")
            for url in REFUSED_SINKS:
                try:
                    open_status_sink(url, "check", writer)
                except InvalidValue as error:
                    require(error.key == "status.sink", f"{url} is refused by {error.key}, not status.sink")
                else:
                    require(False, f"the sink {url} is taken")
        finally:
            await writer.close()

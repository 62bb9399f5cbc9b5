"""TC-1-R-M4a: everything that touched, or tried to touch, a position leaves one whole record."""

from __future__ import annotations

import json
from collections import Counter

from hedgerow.cli.check.context import NS_PER_S, Context, other_process
from hedgerow.cli.check.probes import REASON, Probe, probes
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.clock import wall_now
from hedgerow.domain.command import CommandKind
from hedgerow.domain.order import OrderStatus, Side
from hedgerow.store.operations import OperationType
from hedgerow.store.read import Row, read_fills, read_operations, read_rows
from hedgerow.strategy.codes import DeltaState

OF_ORDERS = tuple(
    getattr(OperationType, name).value for name in ("HEDGE_INTENT", "ORDER_SENT", "FILL", "CANCEL", "REJECT", "DENIED")
)
"""Operation types that tell of an order."""

_HEDGE_S = 90.0
_SETTLE_S = 2.0
_SNAPSHOT_BEFORE_S = 0.25
_SNAPSHOT_AFTER_S = 2.0
_NEWEST = 200


def of_orders(ctx: Context, strategy: str | None = None) -> list[Row]:
    """Operation records of orders, newest first."""
    rows = read_operations(ctx.store, strategy=strategy, limit=1000).rows
    return [row for row in rows if row["type"] in OF_ORDERS]


def one_record_each(ctx: Context) -> Result:
    """TC-1-R-M4a-1."""
    done = probes(ctx)
    for probe in done:
        _its_records(ctx, probe)
    own = [_own_orders(ctx, name) for name in ctx.strategies]
    return holds("; ".join([f"{len(done)} probe orders, each with its records", *own]))


def _its_records(ctx: Context, probe: Probe) -> None:
    """Waits until every record a probe must leave is there; raises Failed when one is missing or too many."""

    def told() -> str:
        return f"{probe.purpose} probe: records {dict(_records_of(ctx, probe.client_order_id))}"

    wanted = f"not {dict(probe.expected)}"
    ctx.until(
        lambda: _records_of(ctx, probe.client_order_id) >= probe.expected, _SETTLE_S, lambda: f"{told()}, {wanted}"
    )
    require(_records_of(ctx, probe.client_order_id) == probe.expected, f"{told()}, {wanted}")


def _records_of(ctx: Context, client_order_id: str) -> Counter[str]:
    rows = read_rows(ctx.store, "execution", "operations", where=lambda t: [t.c.client_order_id == client_order_id])
    return Counter(row["type"] for row in rows)


def _own_orders(ctx: Context, name: str) -> str:
    """The daemon's own orders: as many records as orders and fills, and a history snapshot beside each."""
    ctx.tell(f"waiting for a hedge of {name}")
    ctx.until(
        lambda: read_fills(ctx.store, name, limit=1), _HEDGE_S,
        f"{name} has not hedged yet: its records cannot be shown; run again when it has",
    )  # fmt: skip
    settled = wall_now() - int(_SETTLE_S * NS_PER_S)
    orders = {
        row["client_order_id"]: row
        for row in read_rows(
            ctx.store, "execution", "orders",
            where=lambda t: [t.c.strategy == name, t.c.updated_ns < settled],
        )
    }  # fmt: skip
    fills = Counter(row["client_order_id"] for row in read_fills(ctx.store, name))
    records: dict[str, Counter[str]] = {key: Counter() for key in orders}
    for row in read_rows(ctx.store, "execution", "operations", where=lambda t: [t.c.strategy == name]):
        if row["client_order_id"] in records:
            records[row["client_order_id"]][row["type"]] += 1
    for key, order in orders.items():
        expected = Counter({"HEDGE_INTENT": 1, "FILL": fills[key]}) + Counter(_END.get(order["order_status"], ()))
        sent = records[key]["ORDER_SENT"]
        require(sent == (order["order_status"] != OrderStatus.DENIED), f"order {key}: {sent} records of its sending")
        found = Counter({kind: count for kind, count in records[key].items() if kind not in ("ORDER_SENT", "STATE")})
        told = f"order {key} ({order['order_status']}): records {dict(found)}, not {dict(expected)}"
        require(found == +expected, told)
    beside = _snapshots_beside(ctx, name, settled)
    return f"{name}: {len(orders)} orders with one record per event, {beside} records with a history snapshot beside"


_END: dict[str, list[str]] = {"CANCELED": ["CANCEL"], "REJECTED": ["REJECT"], "DENIED": ["DENIED"]}


def _snapshots_beside(ctx: Context, name: str, settled: int) -> int:
    """How many records of the daemon's present run have their history snapshot; raises Failed for one without."""
    if ctx.file_sink is not None:
        return 0
    records = [row for row in of_orders(ctx, name) if row["wall_ns"] < settled][:_NEWEST]
    run_id = ctx.current(name)["run_id"]
    rows = ctx.history(name, since_ns=min((row["wall_ns"] for row in records), default=settled) - NS_PER_S)
    stamps = [row["ts"] for row in rows if row["snapshot"]["run_id"] == run_id]
    begun = min(stamps, default=settled)
    checked = 0
    for row in records:
        at = row["wall_ns"]
        if at <= begun:
            continue  # an earlier run's
        near = (at - int(_SNAPSHOT_BEFORE_S * NS_PER_S), at + int(_SNAPSHOT_AFTER_S * NS_PER_S))
        require(
            any(near[0] <= stamp <= near[1] for stamp in stamps),
            f"{name}: no history snapshot beside the {row['type']} of {row['client_order_id']}",
        )
        checked += 1
    return checked


def whole_records(ctx: Context) -> Result:
    """TC-1-R-M4a-2."""
    probes(ctx)
    rows = of_orders(ctx)
    kinds: Counter[str] = Counter()
    for row in rows:
        require(not (gap := _gap(row)), f"{row['operation_id']} ({row['type']}): {gap}")
        kinds[row["type"]] += 1
    missing = [kind for kind in OF_ORDERS if not kinds[kind]]
    require(not missing, f"no record of type {', '.join(missing)}")
    return holds(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))


_REASONS = {state.name for state in DeltaState} | {REASON, CommandKind.FLATTEN.value}
"""What an order is sent for: a D value, our own probes, a flatten."""


def _gap(row: Row) -> str:
    """What a record of an order lacks, in words; empty when it is whole."""
    if row["wall_ns"] <= 0 or row["market_ns"] <= 0:
        return "no time"
    if row["side"] not in {side.value for side in Side}:
        return f"side {row['side']!r}"
    if row["quantity"] is None or row["quantity"] <= 0:
        return f"quantity {row['quantity']}"
    if (row["type"] == OperationType.FILL) != (row["price"] is not None):
        return f"price {row['price']}"
    if not row["state"] or not row["reason"]:
        return f"state {row['state']!r}, reason {row['reason']!r}"
    wants_delta = row["type"] in (OperationType.HEDGE_INTENT, OperationType.ORDER_SENT)
    if wants_delta and row["reason"] not in _REASONS:
        return f"reason {row['reason']!r} is no D value"
    if not row["instrument"] or not row["client_order_id"] or not row["strategy"]:
        return "no instrument, order or strategy"
    return ""


def readable_elsewhere(ctx: Context) -> Result:
    """TC-1-R-M4a-3."""
    done = probes(ctx)
    printed = other_process("-m", "hedgerow.cli", "operations", str(ctx.state.root), "--json", "--limit", "1000")
    rows = json.loads(printed)
    seen = {row["client_order_id"] for row in rows}
    absent = [probe.purpose for probe in done if probe.client_order_id not in seen]
    require(not absent, f"another process does not see the records of: {', '.join(absent)}")
    return holds(f"`hedgerow operations` in a process of its own read {len(rows)} records")

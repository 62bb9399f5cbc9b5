"""One order's whole life, put together from what each process left behind: nothing needs to run."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from hedgerow.cli.output import print_pairs, print_table, wall_text
from hedgerow.domain.errors import NotFound
from hedgerow.guard.ledger import FRAME
from hedgerow.ibsim.messages.ids import Reply, Request
from hedgerow.ibsim.wirelog import Direction, WireRecord, orders, read_wire_log
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import open_store
from hedgerow.store.journal import read_journal
from hedgerow.store.location import Place, location_of
from hedgerow.store.read import Row, read_rows

_NS_PER_MS = 1_000_000
_NAMING = (Reply.OPEN_ORDER, Reply.EXECUTION, Reply.COMPLETED_ORDER)
"""Answers that carry an order's reference, or one of its executions."""


def find(state: StateDir, order: str) -> dict[str, Any]:
    """The order of that client_order_id or intent_id; raises NotFound.

    {client_order_id, intent_id, strategy, order, quote, decision, verdict, reports, fills, guarded, frames, steps}:
    `decision` and `verdict` are None where their process kept none, `guarded` are the frames the egress guard logged
    before it forwarded them, `frames` are those of the simulated gateway's byte tap.
    A step is {wall_ns, since_ms, source, what, detail}, oldest first; `since_ms` counts from the step before.
    """
    place = location_of(state)
    rows = read_rows(
        place, "execution", "orders", where=lambda t: [(t.c.client_order_id == order) | (t.c.intent_id == order)]
    )
    if not rows:
        raise NotFound(f"{order} is no client_order_id or intent_id of {state.root}")
    row = rows[0]
    name, intent_id, strategy = row["client_order_id"], row["intent_id"], row["strategy"]
    fills = read_rows(
        place, "execution", "fills", where=lambda t: [t.c.client_order_id == name],
        order=lambda t: [t.c.event_ns, t.c.execution_id],
    )  # fmt: skip
    life: dict[str, Any] = {
        "client_order_id": name,
        "intent_id": intent_id,
        "strategy": strategy,
        "order": {key: value for key, value in row.items() if key not in ("intent", "verdict")},
        "quote": {key: row["intent"].get(key) for key in ("bid", "ask", "quote_time", "quote_age_ms", "quote_delayed")},
        "decision": _decision(place, strategy, row["decision_sequence"], intent_id),
        "verdict": _verdict(place, row),
        "reports": _reports(place, name),
        "fills": fills,
        "guarded": _guarded(state.root / "guard" / "frames.log", name),
        "frames": _frames(state.wire_log, name, {fill["execution_id"] for fill in fills}),
    }
    return {**life, "steps": _steps(life)}


def _decision(place: Place, strategy: str, sequence: int, intent_id: str) -> Row | None:
    rows = read_rows(place, f"strategy-{strategy}", "decisions", where=lambda t: [t.c.sequence == sequence])
    return next((row for row in rows if row["intent_id"] in ("", intent_id)), None)


def _verdict(place: Place, order: Row) -> dict[str, Any] | None:
    """Risk's own record where it has one, else the copy the journal keeps."""
    rows = read_rows(place, "risk", "verdicts", where=lambda t: [t.c.intent_id == order["intent_id"]])
    return rows[0] if rows else order["verdict"] or None


def _reports(place: Place, name: str) -> list[dict[str, Any]]:
    with open_store(place, "execution", read_only=True) as store:
        return [
            {
                "sequence": row.sequence, "epoch": row.epoch, "kind": row.kind, "wall_ns": row.wall_ns,
                "market_ns": row.market_ns, "hash": row.hash,
                **{key: value for key, value in row.payload.items() if key not in ("client_order_id", "admission")},
            }
            for row in read_journal(store)
            if row.payload.get("client_order_id") == name
        ]  # fmt: skip


def _guarded(frame_log: Path, name: str) -> list[dict[str, Any]]:
    """The order's frames by the egress guard's log, read beside a guard that may be writing it; none without one."""
    if not frame_log.is_file():
        return []
    whole = [line for line in frame_log.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    records = [json.loads(line) for line in whole]
    return [
        {"sequence": each["n"], "wall_ns": each["wall_ns"], **each["body"]}
        for each in records
        if each["body"].get("kind") == FRAME and each["body"].get("ref") == name
    ]


def _frames(wire_log: Path, name: str, executions: Collection[str]) -> list[dict[str, Any]]:
    """What crossed the simulated gateway's socket about the order, in order; none with a real broker."""
    if not wire_log.is_file():
        return []
    placed = [frame for frame in orders(wire_log) if frame.fields["orderRef"] == name]
    ours = {(frame.record.client_id, str(frame.order_id)) for frame in placed}
    return [
        {
            "wall_ns": record.wall_ns, "monotonic_ns": record.monotonic_ns, "direction": record.direction.name,
            "client_id": record.client_id, "connection_id": record.connection_id, "message": _message(record),
            "bytes": len(record.payload), "fields": record.fields,
        }
        for record in read_wire_log(wire_log)
        if _concerns(record, name, ours, executions)
    ]  # fmt: skip


def _concerns(record: WireRecord, name: str, ours: set[tuple[int, str]], executions: Collection[str]) -> bool:
    fields, message = record.fields, record.message_id
    if record.direction is Direction.IN:
        if message == Request.PLACE_ORDER:
            return name in fields
        return message == Request.CANCEL_ORDER and (record.client_id, fields[2]) in ours
    if message == Reply.ORDER_STATUS:
        return (record.client_id, fields[1]) in ours
    if message == Reply.ERROR:
        return (record.client_id, fields[2]) in ours
    if message == Reply.COMMISSION:
        return any(execution in fields for execution in executions)
    return message in _NAMING and name in fields


def _message(record: WireRecord) -> str:
    kinds: type[Request] | type[Reply] = Request if record.direction is Direction.IN else Reply
    return kinds(record.message_id).name


def _steps(life: dict[str, Any]) -> list[dict[str, Any]]:
    steps: list[tuple[int, str, str, str]] = []
    decision, verdict = life["decision"], life["verdict"]
    if decision is not None:
        words = f"{decision['trading_fsm_state']}, net delta {decision['net_delta']}, spot {decision['spot']}"
        steps.append((decision["wall_ns"], "strategy", "DECISION", words))
    if verdict is not None and verdict.get("wall_ns"):
        words = "allowed" if verdict["allowed"] else f"denied {verdict['reason']}"
        steps.append((verdict["wall_ns"], "risk", "VERDICT", f"{words}, rule set {verdict['rule_set_version']}"))
    for report in life["reports"]:
        facts = [report.get("reason", ""), report.get("text", "")]
        if "fill" in report:
            facts.append(f"{report['fill'][1]} at {report['fill'][2]} ({report['fill'][0]})")
        if "commission" in report:
            facts.append(f"{report['commission'][1]} for {report['commission'][0]}")
        words = " ".join(part for part in facts if part)
        steps.append((report["wall_ns"], "journal", report["kind"], f"#{report['sequence']} {words}".rstrip()))
    for frame in life["guarded"]:
        words = f"epoch {frame['epoch']}, order id {frame['order_id']}"
        steps.append((frame["wall_ns"], "guard", str(frame["frame"]), words))
    for frame, again in _first_told(life["frames"]):
        way = "to the gateway" if frame["direction"] == Direction.IN.name else "from the gateway"
        words = f"{way}, {frame['bytes']} bytes" + (f", and {again} times again" if again else "")
        steps.append((frame["wall_ns"], "wire", frame["message"], words))
    steps.sort(key=lambda step: step[0])
    before = [steps[0][0], *(step[0] for step in steps)] if steps else []
    return [
        {"wall_ns": at, "since_ms": (at - last) / _NS_PER_MS, "source": source, "what": what, "detail": detail}
        for last, (at, source, what, detail) in zip(before, steps, strict=False)
    ]


def _first_told(frames: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """Each frame once, with how often the gateway told the same again: whenever it was asked."""
    told: dict[tuple[str, ...], int] = {}
    firsts = []
    for frame in frames:
        facts = (frame["message"], *frame["fields"][2:])  # the second field may be the number of a question
        if frame["direction"] == Direction.IN.name or facts not in told:
            firsts.append((frame, facts))
            told[facts] = 0
        else:
            told[facts] += 1
    return [(frame, told[facts]) for frame, facts in firsts]


def show(life: dict[str, Any]) -> None:
    """The order for people."""
    order, quote, decision, verdict = life["order"], life["quote"], life["decision"], life["verdict"]
    limit = "market" if order["limit_price"] is None else f"limit {order['limit_price']}"
    print_pairs(
        life["client_order_id"],
        {
            "intent": life["intent_id"],
            "order": f"{order['side']} {order['quantity']} {order['instrument']} {limit}, {order['account']}",
            "state": f"{order['order_status']} {order['reason']} {order['text']}".strip(),
            "filled": f"{order['cum_qty']} at {order['average_price']}",
            "broker": f"order id {order['broker_order_id']}, permanent id {order['perm_id']}",
            "quote": f"{quote['bid']} / {quote['ask']}, {quote['quote_age_ms']} ms old",
            "decision": "not kept" if decision is None else f"#{decision['sequence']} {decision['cause']}",
        },
    )
    if decision is not None:
        gates = decision["record"].get("gates", {})
        print_pairs("gates", gates)
    if verdict is not None:
        rules = [[name, "allowed" if ok else why, detail] for name, ok, why, detail in verdict["rules"]]
        print_table("verdict per rule", ["rule", "verdict", "values"], rules)
    if life["fills"]:
        columns = ["execution_id", "quantity", "price", "commission", "realized_pnl"]
        print_table("fills", columns, [[fill[name] for name in columns] for fill in life["fills"]])
    steps = [
        [wall_text(step["wall_ns"]), f"{step['since_ms']:+.3f}", step["source"], step["what"], step["detail"]]
        for step in life["steps"]
    ]
    print_table("steps", ["wall time", "ms", "where", "what", ""], steps)

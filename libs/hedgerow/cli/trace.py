"""`hedgerow trace ORDER`: one hedge's spans as a tree, from the store alone."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from hedgerow import state_dir
from hedgerow.cli.output import JsonFlag, SessionArgument, console, print_json, wall_text
from hedgerow.domain.errors import NotFound
from hedgerow.domain.trace_context import parse
from hedgerow.store.location import Place, location_of
from hedgerow.store.read import Row, read_rows
from hedgerow.store.spans import read_spans

_TRACE_ID = re.compile("[0-9a-f]{32}")
_NS_PER_MS = 1_000_000


def trace(
    order: Annotated[str, typer.Argument(help="client_order_id, intent_id or trace id.")],
    session: SessionArgument = "latest",
    json_: JsonFlag = False,
) -> None:
    """Shows what every process did for one hedge: tick, decision, verdict, order, fills, with times in ms."""
    state = state_dir.resolve(session)
    found = find(location_of(state), order)
    if not found["spans"]:
        raise NotFound(
            f"no spans of {order} in {state.root}: not sampled, or older than telemetry.trace_retention_days"
        )
    if json_:
        print_json(found)
        return
    console.print(tree(found), soft_wrap=False)


def find(place: Place, order: str) -> dict[str, Any]:
    """One hedge: {trace_id, intent_id, client_order_id, start_ns, duration_ms, spans}, parents before children.

    A span is {name, process, span_id, parent_id, depth, start_ns, offset_ms, duration_ms, error, attributes}; offsets
    are from the first span's start. Raises NotFound when no such order, intent or trace is known.
    """
    trace_id, intent_id, client_order_id = _resolve(place, order)
    if not trace_id and intent_id:
        trace_id = next((row["trace_id"] for row in read_spans(place, intent_id=intent_id)), "")
    spans = read_spans(place, trace_id=trace_id) if trace_id else []
    if intent_id:
        spans = _of_intent(spans, intent_id)
    if not spans and not client_order_id:
        raise NotFound(f"{order} is no client_order_id, intent_id or trace id of this session")
    begun = min((row["start_ns"] for row in spans), default=0)
    ended = max((row["end_ns"] for row in spans), default=0)
    return {
        "trace_id": trace_id,
        "intent_id": intent_id or ", ".join(dict.fromkeys(row["intent_id"] for row in spans)),
        "client_order_id": client_order_id,
        "start_ns": begun,
        "duration_ms": (ended - begun) / _NS_PER_MS,
        "spans": [_span(row, depth, begun) for row, depth in _nested(spans)],
    }


def _resolve(place: Place, order: str) -> tuple[str, str, str]:
    """Trace id, intent id and client_order_id, as far as execution's orders tell; a trace id is taken at its word."""
    if _TRACE_ID.fullmatch(order):
        return order, "", ""
    rows = read_rows(
        place, "execution", "orders", where=lambda t: [(t.c.client_order_id == order) | (t.c.intent_id == order)]
    )
    if not rows:
        return "", order, ""  # an intent that never was an order left spans all the same
    row = rows[0]
    context = parse(str(row["intent"].get("traceparent", "")))
    return f"{context.trace_id:032x}" if context is not None else "", row["intent_id"], row["client_order_id"]


def _of_intent(spans: list[Row], intent_id: str) -> list[Row]:
    """The intent's spans and what is above them: a tick may have caused another hedge as well."""
    known = {row["span_id"]: row for row in spans}
    wanted: set[str] = set()
    for row in spans:
        above: Row | None = row if row["intent_id"] == intent_id else None
        while above is not None and above["span_id"] not in wanted:
            wanted.add(above["span_id"])
            above = known.get(above["parent_id"])
    return [row for row in spans if row["span_id"] in wanted]


def _nested(spans: list[Row]) -> list[tuple[Row, int]]:
    """Spans with their depth, each below its parent, siblings by their start; a parent not kept leaves a root."""
    known = {row["span_id"] for row in spans}
    children: dict[str, list[Row]] = defaultdict(list)
    for row in spans:
        children[row["parent_id"] if row["parent_id"] in known else ""].append(row)
    ordered: list[tuple[Row, int]] = []
    waiting = [(row, 0) for row in reversed(children[""])]
    while waiting:
        row, depth = waiting.pop()
        ordered.append((row, depth))
        waiting += [(child, depth + 1) for child in reversed(children[row["span_id"]])]
    return ordered


def _span(row: Row, depth: int, begun: int) -> dict[str, Any]:
    return {
        "name": row["name"],
        "process": row["process"],
        "span_id": row["span_id"],
        "parent_id": row["parent_id"],
        "depth": depth,
        "start_ns": row["start_ns"],
        "offset_ms": (row["start_ns"] - begun) / _NS_PER_MS,
        "duration_ms": (row["end_ns"] - row["start_ns"]) / _NS_PER_MS,
        "error": row["error"],
        "attributes": row["attributes"],
    }


def tree(found: dict[str, Any]) -> Tree:
    """The hedge for people."""
    title = f"[bold]{escape(found['client_order_id'] or found['intent_id'])}[/bold]  {found['duration_ms']:.1f} ms"
    ids = f"[dim]trace {found['trace_id']}  intent {escape(found['intent_id'])}[/dim]"
    root = Tree(f"{title}  {wall_text(found['start_ns'])}\n{ids}")
    branches = [root]
    for span in found["spans"]:
        del branches[span["depth"] + 1 :]
        branches.append(branches[-1].add(_line(span)))
    return root


def _line(span: dict[str, Any]) -> str:
    words = (
        f"[bold]{escape(span['name'])}[/bold] [cyan]{escape(span['process'])}[/cyan]  "
        f"+{span['offset_ms']:.3f} ms  {span['duration_ms']:.3f} ms"
    )
    if span["error"]:
        words += f"  [red]{escape(span['error'])}[/red]"
    flat = {key: value for key, value in span["attributes"].items() if not isinstance(value, dict)}
    if flat:
        words += f"\n[dim]{escape('  '.join(f'{key}={_value(key, value)}' for key, value in flat.items()))}[/dim]"
    for key, value in span["attributes"].items():
        if isinstance(value, dict):
            words += (
                f"\n[dim]{escape(key)}: {escape(', '.join(f'{name} {each}' for name, each in value.items()))}[/dim]"
            )
    return words


def _value(key: str, value: object) -> str:
    if key.endswith("_ns") and isinstance(value, int):
        return wall_text(value)
    return f"{value:g}" if isinstance(value, float) else str(value)

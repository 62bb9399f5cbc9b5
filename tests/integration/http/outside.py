"""What a request did, seen from outside: rows of every store that acts, and frames on the way to the broker."""

from __future__ import annotations

from typing import Any

from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.wirelog import Direction, read_wire_log
from tests.system import System

ACTING = ("control", "execution", "risk", "portfolio")
BY_ITSELF = ("marks", "spans")
"""Tables that fill whatever is asked: prices, and measurements of what was done before."""
_ORDERS = {Request.PLACE_ORDER, Request.CANCEL_ORDER, Request.GLOBAL_CANCEL}


def deeds(system: System) -> dict[str, Any]:
    """Rows by store and table, and the number of order frames the broker was sent."""
    found: dict[str, Any] = {}
    for owner in ACTING:
        tables = [row["name"] for row in system.query(owner, "select name from sqlite_master where type = 'table'")]
        counts = [f"(select count(*) from {name}) as {name}" for name in tables if name not in BY_ITSELF]
        (rows,) = system.query(owner, f"select {', '.join(counts)}")
        found |= {f"{owner}.{name}": count for name, count in rows.items()}
    frames = read_wire_log(system.state.wire_log)
    found["order frames"] = sum(f.direction is Direction.IN and f.message_id in _ORDERS for f in frames)
    return found

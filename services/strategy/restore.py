"""What a restarted daemon takes over from the run before: hedge count, last hedge, latches."""

from __future__ import annotations

import json
import math
from typing import Any

import sqlalchemy as sa

from hedgerow.store.engine import Store
from hedgerow.store.read import Row, read_fills
from hedgerow.strategy.observation import NOT_RESTORED, RestoredView


def restore(store: Store, strategy: str, symbol: str) -> tuple[RestoredView, int]:
    """(kernel's view, newest decision sequence) from the strategy's store and execution's beside it.

    A run that was killed had no time to write down its last hedges: those execution has and the snapshot lacks count.
    """
    current = store.table("status_current")
    decisions = store.table("decisions")
    with store.read() as connection:
        row = connection.execute(sa.select(current.c.snapshot).where(current.c.strategy == strategy)).first()
        newest = connection.execute(sa.select(sa.func.max(decisions.c.sequence))).scalar() or 0
    if row is None:
        return NOT_RESTORED, int(newest)
    snapshot = json.loads(row.snapshot) if isinstance(row.snapshot, str) else dict(row.snapshot)
    saved: dict[str, Any] = snapshot.get("restore", {})
    if not saved:
        return NOT_RESTORED, int(newest)
    view = RestoredView(
        valid=True,
        last_hedge_time=int(saved["last_hedge_time"]),
        last_hedge_price=_number(saved["last_hedge_price"]),
        daily_hedge_count=int(saved["daily_hedge_count"]),
        session_open=int(saved["session_open"]),
        pnl_baseline=_number(saved["pnl_baseline"]),
        circuit_breaker_latched=bool(saved["circuit_breaker_latched"]),
        last_intent_number=0,
    )
    fills = [
        row for row in read_fills(store.location, strategy, since_ns=view.session_open) if row["instrument"] == symbol
    ]
    return _with_fills(view, fills), int(newest)


def _with_fills(view: RestoredView, fills: list[Row]) -> RestoredView:
    """The view after the fills that are newer than its last hedge; each order among them is one hedge."""
    known = {row["client_order_id"] for row in fills if row["event_ns"] <= view.last_hedge_time}
    missed = [row for row in fills if row["event_ns"] > view.last_hedge_time]
    if not missed:
        return view
    last = max(missed, key=lambda row: (row["event_ns"], row["sequence"]))
    return view._replace(
        last_hedge_time=int(last["event_ns"]),
        last_hedge_price=float(last["price"]),
        daily_hedge_count=view.daily_hedge_count + len({row["client_order_id"] for row in missed} - known),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)

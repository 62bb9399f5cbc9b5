"""What a new run starts from: the last snapshot, and the hedges that filled after it was written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from hedgerow.store.engine import open_store
from services.strategy.restore import restore

SAVED = {
    "last_hedge_time": 200, "last_hedge_price": 99.0, "daily_hedge_count": 3, "session_open": 100,
    "pnl_baseline": 0.0, "circuit_breaker_latched": False,
}  # fmt: skip


def _fill(number: int, order: str, event_ns: int, **changes: Any) -> dict[str, Any]:
    row = {
        "execution_id": f"e.{number}.01", "client_order_id": order, "intent_id": order, "strategy": "s",
        "account": "SIM1", "instrument": "SIMX", "multiplier": 1, "side": "BUY", "quantity": Decimal(10),
        "price": Decimal(101), "event_ns": event_ns, "receive_ns": 10**18, "sequence": number,
    }  # fmt: skip
    return row | changes


def test_hedges_that_filled_after_the_last_snapshot_count(tmp_path: Path) -> None:
    rows = [
        _fill(1, "seen", 200),
        _fill(2, "seen", 210),  # the rest of a hedge that counts already
        _fill(3, "missed", 220),
        _fill(4, "missed", 230, price=Decimal("102.5")),
        _fill(5, "other", 240, strategy="t"),
        _fill(6, "option", 250, instrument="SIMX 20240209 100 C"),
    ]
    with open_store(tmp_path, "execution") as store, store.begin() as connection:
        connection.execute(store.table("fills").insert(), rows)
    with open_store(tmp_path, "strategy-s") as store:
        with store.begin() as connection:
            current = {"strategy": "s", "ts": 1, "market_ns": 1, "status_lamp": "green", "daemon_state": "RUNNING"}
            connection.execute(store.table("status_current").insert().values(**current, snapshot={"restore": SAVED}))
        view, _ = restore(store, "s", "SIMX")
    assert (view.daily_hedge_count, view.last_hedge_time, view.last_hedge_price) == (4, 230, 102.5)


def test_without_executions_the_snapshot_stands(tmp_path: Path) -> None:
    with open_store(tmp_path, "strategy-s") as store:
        with store.begin() as connection:
            current = {"strategy": "s", "ts": 1, "market_ns": 1, "status_lamp": "green", "daemon_state": "RUNNING"}
            connection.execute(store.table("status_current").insert().values(**current, snapshot={"restore": SAVED}))
        view, _ = restore(store, "s", "SIMX")
    assert (view.daily_hedge_count, view.last_hedge_time, view.last_hedge_price) == (3, 200, 99.0)

"""Folds the journal anew, offline, and compares what comes out with the rows committed beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from hedgerow.domain.errors import FailedPrecondition, HedgerowError
from hedgerow.state_dir import StateDir
from hedgerow.store.engine import Store, open_store
from hedgerow.store.journal import check_chain, journal_head
from hedgerow.store.location import location_of
from services.execution.domain.book import Book
from services.execution.domain.ledger import Ledger
from services.execution.order_log import rebuild

Key = tuple[str, ...]
Rows = dict[Key, dict[str, Any]]

ATTEMPTS = 5
KEYS = {"orders": ("client_order_id",), "fills": ("execution_id",), "positions": ("account", "strategy", "instrument")}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that fold and table do not agree on; a whole row only one of them has goes by the column `*`."""

    table: str
    key: str
    column: str
    journal: str
    row: str


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What the fold came to: how much of what, and every difference."""

    events: int
    counts: Mapping[str, int]
    differences: tuple[Difference, ...]


def replay(store: Store) -> ReplayReport:
    """Rebuilds orders, fills and positions and compares them; a journal whose chain does not hold is not folded.

    Raises FailedPrecondition (JOURNAL_MOVES) when its writer is at work and leaves no pause for it.
    """
    for _ in range(ATTEMPTS):
        before = check_chain(store)
        if before.fault is not None:
            at, problem = before.fault
            return ReplayReport(before.events, {}, (Difference("journal", str(at), "*", "a chain", problem),))
        report = _compare(store)
        if journal_head(store) == before.head:
            return report
    raise FailedPrecondition("the journal moves on while it is compared: wait for a pause", "JOURNAL_MOVES")


def _compare(store: Store) -> ReplayReport:
    ledger = Ledger()
    events = rebuild(store, ledger)
    folded = {"orders": _orders(ledger.book), "fills": _fills(ledger.book), "positions": _positions(ledger.book)}
    found: list[Difference] = []
    with store.read() as connection:
        for name, rows in folded.items():
            table = store.table(name)
            present = {
                tuple(row[key] for key in KEYS[name]): dict(row)
                for row in connection.execute(sa.select(table)).mappings()
            }
            found += _differences(name, rows, present)
    return ReplayReport(events, {name: len(rows) for name, rows in folded.items()}, tuple(found))


def _orders(book: Book) -> Rows:
    return {
        (name,): {
            "intent_id": order.intent.intent_id, "payload_hash": order.payload_hash, "epoch": order.epoch,
            "strategy": order.intent.strategy, "account": order.intent.account,
            "instrument": order.intent.instrument.instrument_id, "multiplier": order.intent.instrument.multiplier,
            "side": order.intent.side, "order_type": order.intent.order_type,
            "time_in_force": order.intent.time_in_force, "reduce_only": order.intent.reduce_only,
            "quantity": order.intent.quantity, "limit_price": order.intent.limit_price,
            "decision_sequence": order.intent.decision_sequence, "bid": order.intent.bid, "ask": order.intent.ask,
            "broker_order_id": order.broker_order_id, "perm_id": order.perm_id, "order_status": order.status,
            "cum_qty": order.cum_qty, "leaves_qty": order.leaves_qty, "average_price": order.average_price,
            "reason": order.reason, "text": order.text, "sequence": order.sequence, "created_ns": order.created_at,
            "updated_ns": order.updated_at,
        }
        for name, order in book.orders.items()
    }  # fmt: skip


def _fills(book: Book) -> Rows:
    return {
        (fill.execution_id,): {
            "client_order_id": name, "intent_id": order.intent.intent_id, "strategy": order.intent.strategy,
            "account": order.intent.account, "instrument": order.intent.instrument.instrument_id,
            "multiplier": order.intent.instrument.multiplier, "side": order.intent.side, "quantity": fill.quantity,
            "price": fill.price, "commission": fill.commission, "realized_pnl": fill.realized_pnl,
            "event_ns": fill.event_time,
        }
        for name, order in book.orders.items()
        for fill in order.fills
    }  # fmt: skip


def _positions(book: Book) -> Rows:
    return {
        (key.account, key.strategy, key.instrument_id): {
            "multiplier": held.multiplier, "quantity": held.position.quantity,
            "average_price": held.position.average_price, "realized_pnl": held.position.realized_pnl,
            "commissions": held.commissions, "fills": held.fills, "last_fill_price": held.last_fill_price,
            "last_fill_ns": held.last_fill_time,
        }
        for key, held in book.positions.items()
    }  # fmt: skip


def _differences(table: str, folded: Rows, present: Rows) -> Iterator[Difference]:
    for key in sorted(folded.keys() | present.keys()):
        name = " ".join(key)
        if key not in present:
            yield Difference(table, name, "*", "there", "missing")
        elif key not in folded:
            yield Difference(table, name, "*", "missing", "there")
        else:
            for column, value in folded[key].items():
                stored = present[key].get(column)
                wanted = value.value if isinstance(value, Enum) else value
                if stored != wanted:
                    yield Difference(table, name, column, str(wanted), str(stored))


def main(argv: list[str] | None = None) -> int:
    """Prints the report of the session folder named as one JSON document; 1 when anything differs, 2 on an error."""
    [folder] = sys.argv[1:] if argv is None else argv
    try:
        with open_store(location_of(StateDir(Path(folder))), "execution", read_only=True) as store:
            report = replay(store)
    except HedgerowError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps({**asdict(report), "ok": not report.differences}))
    return 1 if report.differences else 0


if __name__ == "__main__":
    sys.exit(main())

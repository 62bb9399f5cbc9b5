"""The durable order book: orders, executions, positions, cash and ids in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from decimal import Decimal
from pathlib import Path

from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.instrument import Instrument, parse_instrument_id
from hedgerow.domain.order import Side
from hedgerow.domain.position import Position
from hedgerow.ibsim.orders import Execution, OrderFields, SimOrder, Status

_VERSION = 2
_FIRST_PERM_ID = 600_745_656
_FROM_1 = "ALTER TABLE orders ADD COLUMN triggered INTEGER NOT NULL DEFAULT 0;"
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE clients (client_id INTEGER PRIMARY KEY, next_order_id INTEGER NOT NULL);
CREATE TABLE instruments (instrument_id TEXT PRIMARY KEY, multiplier INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (
  perm_id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL, order_id INTEGER NOT NULL, instrument_id TEXT NOT NULL,
  fields TEXT NOT NULL, status TEXT NOT NULL, filled TEXT NOT NULL, value TEXT NOT NULL, last_price TEXT NOT NULL,
  commission TEXT NOT NULL, placed_at INTEGER NOT NULL, good_until INTEGER NOT NULL, completed_at INTEGER NOT NULL,
  completed_text TEXT NOT NULL, rested INTEGER NOT NULL, triggered INTEGER NOT NULL DEFAULT 0);
CREATE TABLE executions (
  execution_id TEXT PRIMARY KEY, client_id INTEGER NOT NULL, order_id INTEGER NOT NULL, perm_id INTEGER NOT NULL,
  instrument_id TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, cum_qty TEXT NOT NULL,
  average_price TEXT NOT NULL, order_ref TEXT NOT NULL, commission TEXT NOT NULL, realized_pnl TEXT,
  time INTEGER NOT NULL);
CREATE TABLE positions (
  instrument_id TEXT PRIMARY KEY, quantity TEXT NOT NULL, average_price TEXT NOT NULL, realized_pnl TEXT NOT NULL,
  mark REAL) WITHOUT ROWID;
"""


class Book:
    """Everything the gateway must still know after a restart: kept in memory, written through.

    One `commit` is one transaction, on disk for a killed process though not for a power cut.
    """

    def __init__(self, path: Path | None, account: str, cash: Decimal) -> None:
        self.account = account
        self.cash = cash
        self.orders: dict[tuple[int, int], SimOrder] = {}
        self.by_perm_id: dict[int, SimOrder] = {}
        self.executions: list[Execution] = []
        self.positions: dict[str, Position] = {}
        self.instruments: dict[str, Instrument] = {}
        self.marks: dict[str, float] = {}
        self.market_time = 0
        self.day_number = 0
        self.day_spot: float | None = None
        self._next_order_ids: dict[int, int] = {}
        self._next_perm_id = _FIRST_PERM_ID
        self._stored_instruments: set[str] = set()
        self._stored_next_ids: dict[int, int] = {}
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except (OSError, sqlite3.Error) as error:
            raise InvalidValue("book_file", str(path), f"a writable SQLite file ({error})") from error
        self.is_new = version == 0
        if self.is_new:
            self._db.executescript(f"BEGIN;{_TABLES}PRAGMA user_version={_VERSION};COMMIT;")
            self._set_meta({"account": account, "cash": str(cash)})
        elif version == 1:
            self._db.executescript(f"BEGIN;{_FROM_1}PRAGMA user_version={_VERSION};COMMIT;")
            self._load(path)
        elif version != _VERSION:
            raise InvalidValue("book_file", str(path), f"version {_VERSION}, found {version}", "start a new session")
        else:
            self._load(path)

    def next_order_id(self, client_id: int) -> int:
        """The lowest order id this client may still use."""
        return self._next_order_ids.get(client_id, 1)

    def take_perm_id(self) -> int:
        """A permanent order id never given before; durable with the next commit."""
        perm_id, self._next_perm_id = self._next_perm_id, self._next_perm_id + 1
        return perm_id

    def new_execution_id(self) -> str:
        """An execution id never given before."""
        return f"0000e0d5.{len(self.executions) + 1:08x}.01.01"

    def add(self, order: SimOrder) -> None:
        """Take a new order in; durable with the next commit."""
        self.orders[order.client_id, order.order_id] = order
        self.by_perm_id[order.perm_id] = order
        used = max(self.next_order_id(order.client_id), order.order_id + 1)
        self._next_order_ids[order.client_id] = used

    def clients(self) -> list[int]:
        """Every client id that has placed an order."""
        return list(self._next_order_ids)

    def roll_back_ids(self, client_id: int, *, by: int | None = None, to: int | None = None) -> None:
        """Let a client's next order id fall by so much, or to that; durably."""
        before = self.next_order_id(client_id)
        after = max(1, before - by) if by is not None else min(before, to or before)
        self._next_order_ids[client_id] = self._stored_next_ids[client_id] = after
        self._db.execute("INSERT OR REPLACE INTO clients VALUES (?,?)", (client_id, after))

    def remove(self, orders: Sequence[SimOrder]) -> None:
        """Forget these orders as if they had never been placed, durably; their ids, permanent ones too, stay used."""
        for order in orders:
            self.by_perm_id.pop(order.perm_id, None)
            if self.orders.get((order.client_id, order.order_id)) is order:
                del self.orders[order.client_id, order.order_id]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("DELETE FROM orders WHERE perm_id = ?", [(order.perm_id,) for order in orders])
        self._set_meta({"next_perm_id": str(self._next_perm_id)})
        self._db.execute("COMMIT")

    def set_position(self, instrument: Instrument, position: Position) -> None:
        """Replace one position, durably; a flat one is kept for its realized profit."""
        self.instruments[instrument.instrument_id] = instrument
        self.positions[instrument.instrument_id] = position
        self.commit(positions=(instrument.instrument_id,))

    def commit(
        self,
        orders: Sequence[SimOrder] = (),
        execution: Execution | None = None,
        instrument: Instrument | None = None,
        positions: Sequence[str] = (),
        executions: Sequence[Execution] = (),
    ) -> None:
        """Write what changed, in one transaction; cash and ids go along."""
        run = self._db.execute
        if instrument is not None:
            self.instruments[instrument.instrument_id] = instrument
        named = set(positions) | ({instrument.instrument_id} if instrument is not None else set())
        new_names = named - self._stored_instruments
        clients = {order.client_id: self.next_order_id(order.client_id) for order in orders}
        run("BEGIN IMMEDIATE")
        try:
            for name in new_names:
                run("INSERT OR IGNORE INTO instruments VALUES (?,?)", (name, self.instruments[name].multiplier))
            for client_id, next_id in clients.items():
                if self._stored_next_ids.get(client_id) != next_id:
                    run("INSERT OR REPLACE INTO clients VALUES (?,?)", (client_id, next_id))
            for order in orders:
                run(f"INSERT OR REPLACE INTO orders VALUES ({','.join('?' * 16)})", _order_row(order))
            for done in (*((execution,) if execution is not None else ()), *executions):
                run(f"INSERT INTO executions VALUES ({','.join('?' * 14)})", _execution_row(done))
            for name in positions:
                held = self.positions[name]
                row = (name, str(held.quantity), str(held.average_price), str(held.realized_pnl), self.marks.get(name))
                run("INSERT OR REPLACE INTO positions VALUES (?,?,?,?,?)", row)
            if execution is not None or executions:
                run("INSERT OR REPLACE INTO meta VALUES ('cash', ?)", (str(self.cash),))
            run("COMMIT")
        except sqlite3.Error:
            run("ROLLBACK")
            raise
        self._stored_instruments |= new_names
        self._stored_next_ids.update(clients)

    def save_time(self, market_time: int, day_number: int, day_spot: float | None) -> None:
        """Remember where the market stood and what its day began with, and the marks of what is held."""
        self.market_time, self.day_number, self.day_spot = market_time, day_number, day_spot
        values = {"market_time": str(market_time), "day_number": str(day_number), "day_spot": repr(day_spot)}
        self._set_meta(values)
        self.commit(positions=[name for name, held in self.positions.items() if held.quantity])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _set_meta(self, values: dict[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", values.items())

    def _load(self, path: Path | None) -> None:
        meta = dict(self._db.execute("SELECT key, value FROM meta").fetchall())
        if meta["account"] != self.account:
            raise InvalidValue(
                "account", self.account, f"{path} is the book of account {meta['account']}", "use another book_file"
            )
        self.cash = Decimal(meta["cash"])
        self.market_time = int(meta.get("market_time", 0))
        self.day_number = int(meta.get("day_number", 0))
        spot = meta.get("day_spot", "None")
        self.day_spot = None if spot == "None" else float(spot)
        for name, multiplier in self._db.execute("SELECT instrument_id, multiplier FROM instruments"):
            self.instruments[name] = parse_instrument_id(name, multiplier)
        for row in self._db.execute("SELECT * FROM orders ORDER BY perm_id"):
            self.add(_order(row))
            self._next_perm_id = row[0] + 1
        self._next_perm_id = max(self._next_perm_id, int(meta.get("next_perm_id", 0)))
        self._next_order_ids.update(self._db.execute("SELECT client_id, next_order_id FROM clients").fetchall())
        for row in self._db.execute("SELECT * FROM executions ORDER BY rowid"):
            self.executions.append(_execution(row))
        for name, quantity, average, realized, mark in self._db.execute("SELECT * FROM positions"):
            self.positions[name] = Position(Decimal(quantity), Decimal(average), Decimal(realized))
            if mark is not None:
                self.marks[name] = mark


def _order_row(order: SimOrder) -> tuple[object, ...]:
    return (
        order.perm_id, order.client_id, order.order_id, order.instrument_id, json.dumps(order.fields),
        order.status.value, str(order.filled), str(order.value), str(order.last_price), str(order.commission),
        order.placed_at, order.good_until, order.completed_at, order.completed_text, int(order.rested),
        int(order.triggered),
    )  # fmt: skip


def _order(row: tuple[object, ...]) -> SimOrder:
    perm_id, client_id, order_id, name, fields, status, filled, value, last, commission, *times = row
    placed_at, good_until, completed_at, completed_text, rested, triggered = times
    return SimOrder(
        _int(client_id), _int(order_id), _int(perm_id), str(name), OrderFields(json.loads(str(fields))),
        Status(str(status)), Decimal(str(filled)), Decimal(str(value)), Decimal(str(last)), Decimal(str(commission)),
        _int(placed_at), _int(good_until), _int(completed_at), str(completed_text), bool(rested), bool(triggered),
    )  # fmt: skip


def _execution_row(execution: Execution) -> tuple[object, ...]:
    return tuple(str(value) if isinstance(value, Decimal) else value for value in astuple(execution))


def _execution(row: tuple[object, ...]) -> Execution:
    execution_id, client_id, order_id, perm_id, name, side, *rest = row
    quantity, price, cum_qty, average, order_ref, commission, realized, time = rest
    return Execution(
        str(execution_id), _int(client_id), _int(order_id), _int(perm_id), str(name), Side(str(side)),
        Decimal(str(quantity)), Decimal(str(price)), Decimal(str(cum_qty)), Decimal(str(average)), str(order_ref),
        Decimal(str(commission)), None if realized is None else Decimal(str(realized)), _int(time),
    )  # fmt: skip


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value

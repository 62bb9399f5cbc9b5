"""The journal folded anew: what it comes to is what the tables hold, and any difference is named."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.domain.execution_report import Fill
from hedgerow.domain.order import OrderStatus, Side
from hedgerow.store.engine import Store, acquire_epoch, open_store
from hedgerow.store.journal import JournalWriter
from hedgerow.store.location import StoreLocation
from services.execution.domain import commands as c
from services.execution.domain.events import Resolution
from services.execution.domain.flatten import FlattenEvent, FlattenKind
from services.execution.domain.intents import client_order_id_of
from services.execution.domain.latches import LatchEvent, LatchFact, LatchKind
from services.execution.domain.ledger import Ledger
from services.execution.order_log import OrderLog
from services.execution.replay import main, replay
from tests.store_places import fresh_location, location, postgres, store_database
from tests.unit.services.execution.samples import allow, intent

EVENTS = 18

__all__ = ["fresh_location", "location", "postgres", "store_database"]


async def live(store: Store) -> None:
    """Some orders' lives: filled in parts, corrected, paid, canceled, denied, unknown; a flatten between."""
    writer = JournalWriter(store, acquire_epoch(store, "execution"))
    log = OrderLog(writer, Ledger(), lambda _: None, lambda: None)
    names = []
    for number, side in enumerate((Side.BUY, Side.SELL, Side.BUY), start=1):
        wanted = intent(number, 10, side)
        log.record(c.Admit(wanted, allow(wanted), number, 1, number, number))
        names.append(client_order_id_of(wanted))
    first, second, third = names
    log.record(c.Deny(intent(4), None, "REDUCE_ONLY", "no", 1, 1, 1))
    log.record_later(c.MarkSent(first, 2, 2))
    for name, execution, quantity, price in (
        (first, "e.1.01", 4, "100.10"), (first, "e.2.01", 6, "100.20"), (second, "e.3.01", 3, "101"),
        (first, "e.1.02", 4, "100.15"),
    ):  # fmt: skip
        log.record(c.RecordFill(name, Fill(execution, Decimal(quantity), Decimal(price), None, None, 5), 7, 5, 6))
    log.record(c.RecordCommission("e.1.02", Decimal("1.25"), Decimal("0.5"), 7, 7))
    log.record_flatten(FlattenEvent(FlattenKind.BEGUN, "r-1", 8, 8, strategy="s"))
    log.record(c.RequestCancel(second, "WANTED", 8, 8), c.RecordCancel(second, "", "gone", 9, 9))
    log.record(c.Reopen(second, 8, 12, "live there", 10, 10))
    log.record_latch(LatchEvent(LatchFact.SET, "p-1", 10, 10, LatchKind.PAUSE, "s"))
    word = Resolution("r-2", "operator", "seen on the statement")
    log.record(c.MarkUnknown(second, "NOT_FOUND_AT_BROKER", "nowhere", 11, 11))
    log.record(c.Resolve(second, OrderStatus.CANCELED, word, 11, 11))
    done = log.record(c.MarkUnknown(third, "NOT_FOUND_AT_BROKER", "nowhere", 12, 12))
    assert done is not None
    await done
    assert not log.failed
    await writer.close()


async def test_the_fold_is_what_the_tables_hold(location: StoreLocation) -> None:
    with open_store(location, "execution") as store:
        await live(store)
        report = replay(store)
    assert (report.differences, report.counts) == ((), {"orders": 4, "fills": 3, "positions": 1})
    assert report.events == EVENTS


EDITS = {
    "UPDATE orders SET cum_qty = '9' WHERE intent_id = 'i-1'": ("orders", "cum_qty", "10", "9"),
    "UPDATE orders SET order_status = 'CANCELED' WHERE intent_id = 'i-3'": (
        "orders", "order_status", "UNKNOWN", "CANCELED",
    ),
    "DELETE FROM orders WHERE intent_id = 'i-4'": ("orders", "*", "there", "missing"),
    "UPDATE fills SET price = '100.10' WHERE execution_id = 'e.1.02'": ("fills", "price", "100.15", "100.10"),
    "INSERT INTO fills (execution_id) VALUES ('e.9.01')": ("fills", "*", "missing", "there"),
    "UPDATE positions SET quantity = '8'": ("positions", "quantity", "7", "8"),
    "UPDATE positions SET commissions = '0'": ("positions", "commissions", "1.25", "0"),
}  # fmt: skip


@pytest.mark.parametrize("statement", EDITS)
async def test_every_difference_is_named(location: StoreLocation, statement: str) -> None:
    with open_store(location, "execution") as store:
        await live(store)
        with store.begin() as connection:
            connection.exec_driver_sql(statement)
        [found] = replay(store).differences
    assert (found.table, found.column, found.journal, found.row) == EDITS[statement]


async def test_a_cut_off_end_shows_in_the_rows_it_left(location: StoreLocation) -> None:
    with open_store(location, "execution") as store:
        await live(store)
        with store.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM journal WHERE sequence >= {EVENTS}")
        assert {found.column for found in replay(store).differences} >= {"order_status", "sequence"}


async def test_a_broken_chain_is_not_folded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(tmp_path / "store", "execution") as store:
        await live(store)
        with store.begin() as connection:
            connection.exec_driver_sql("UPDATE journal SET payload = '{}' WHERE sequence = 6")
    assert main([str(tmp_path)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["events"]) == (False, 5)
    assert found["differences"][0]["table"] == "journal"


def test_no_journal_is_an_error_and_not_agreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().out == ""

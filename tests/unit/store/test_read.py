"""Cold reads: merged, paged, and at ease with what is not there yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.read import (
    owners,
    read_decisions,
    read_fills,
    read_history,
    read_operations,
    read_orders,
    read_rows,
    read_status,
)
from hedgerow.store.writes import Write

Fill = Callable[[Path, str, list[Write]], None]


def operation(wall_ns: int, type: OperationType, strategy: str = "goog") -> Write:
    return operation_row(type, wall_ns=wall_ns, market_ns=wall_ns * 10, strategy=strategy)


@pytest.fixture
def session(tmp_path: Path, fill: Fill) -> Path:
    """Three owners' operations, some at the very same time."""
    fill(tmp_path, "execution", [operation(t, OperationType.FILL) for t in (1, 3, 5, 5, 7)])
    fill(tmp_path, "control", [operation(t, OperationType.COMMAND) for t in (2, 5, 5)])
    fill(tmp_path, "strategy-twx", [operation(t, OperationType.STATE, "twx") for t in (4, 5)])
    fill(tmp_path, "stats", [])
    return tmp_path


def test_a_folder_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    nowhere = tmp_path / "store"
    assert read_status(nowhere) == []
    assert read_operations(nowhere).rows == []
    assert read_fills(nowhere) == read_orders(nowhere) == read_decisions(nowhere, "goog") == []
    assert read_history(nowhere, "goog") == []
    assert not nowhere.exists()


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "execution.db").touch()
    assert read_fills(tmp_path) == []
    assert read_operations(tmp_path).rows == []


def test_a_damaged_file_is_an_error_not_a_silence(tmp_path: Path) -> None:
    (tmp_path / "execution.db").write_bytes(b"noise " * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        read_fills(tmp_path)


def test_columns_an_older_file_lacks_hold_their_defaults(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "execution.db")
    connection.execute(
        "CREATE TABLE fills (execution_id TEXT, strategy TEXT, quantity TEXT, sequence INT, event_ns INT)"
    )
    connection.execute("INSERT INTO fills VALUES ('e1', 'goog', '5', 1, 2)")
    connection.commit()
    connection.close()
    (row,) = read_fills(tmp_path)
    assert (row["execution_id"], row["quantity"], row["price"]) == ("e1", Decimal(5), Decimal(0))
    assert (row["commission"], row["side"], row["multiplier"]) == (None, "", 0)
    assert read_orders(tmp_path) == []


def test_foreign_files_in_the_folder_are_left_alone(session: Path) -> None:
    (session / "notes.db").touch()
    assert owners(session) == ["control", "execution", "stats", "strategy-twx"]
    assert owners(session, "strategy") == ["strategy-twx"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9, 10, 100])
def test_pages_join_to_the_whole_without_gap_or_repeat(session: Path, limit: int) -> None:
    pages, token = [], ""
    while True:
        page = read_operations(session, limit=limit, page_token=token)
        pages.append(page.rows)
        token = page.next_page_token
        if not token:
            break
        assert len(page.rows) == limit
    rows = [row for page in pages for row in page]
    assert len({row["operation_id"] for row in rows}) == len(rows) == 10
    assert [row["wall_ns"] for row in rows] == [7, 5, 5, 5, 5, 5, 4, 3, 2, 1]


def test_a_page_stays_put_while_operations_are_added(session: Path, fill: Fill) -> None:
    first = read_operations(session, limit=4)
    fill(session, "execution", [operation(9, OperationType.FILL)])
    second = read_operations(session, limit=100, page_token=first.next_page_token)
    assert [row["wall_ns"] for row in first.rows + second.rows] == [7, 5, 5, 5, 5, 5, 4, 3, 2, 1]


def ids(session: Path, **filters: Any) -> list[str]:
    return [row["operation_id"] for row in read_operations(session, **filters).rows]


def test_filters(session: Path) -> None:
    assert ids(session, strategy="twx") == ["strategy-twx:2", "strategy-twx:1"]
    assert ids(session, type="COMMAND", until_ns=5) == ["control:1"]
    assert ids(session, since_ns=7) == ["execution:5"]
    assert ids(session, since_ns=8) == []


@pytest.mark.parametrize(
    ("key", "value"), [("limit", 0), ("limit", 1001), ("page_token", "?!"), ("page_token", "YQ==")]
)
def test_a_bad_page_is_refused(session: Path, key: str, value: Any) -> None:
    with pytest.raises(InvalidValue, match=key):
        read_operations(session, **{key: value})


def test_orders_fills_and_decisions(tmp_path: Path, fill: Fill) -> None:
    def order(number: int, status: str, strategy: str = "goog") -> Write:
        values = {"client_order_id": f"c{number}", "intent_id": f"i{number}", "strategy": strategy}
        return Write("orders", values | {"order_status": status, "created_ns": number})

    def one_fill(number: int) -> Write:
        return Write("fills", {"execution_id": f"e{number}", "strategy": "goog", "sequence": number, "event_ns": number,
                               "quantity": Decimal("10"), "price": Decimal("7.5")})  # fmt: skip

    fill(
        tmp_path,
        "execution",
        [order(1, "FILLED"), order(2, "WORKING"), order(3, "UNKNOWN", "twx"), one_fill(1), one_fill(2)],
    )
    fill(
        tmp_path,
        "strategy-goog",
        [
            Write(
                "decisions",
                {"sequence": n, "wall_ns": n, "block_reason": reason, "intent_id": intent, "record": {"n": n}},
            )
            for n, (reason, intent) in enumerate([("COOLDOWN", ""), ("", "i1"), ("COOLDOWN", "")])
        ],
    )
    assert [row["client_order_id"] for row in read_orders(tmp_path)] == ["c3", "c2", "c1"]
    assert [row["client_order_id"] for row in read_orders(tmp_path, open_only=True)] == ["c3", "c2"]
    assert [row["client_order_id"] for row in read_orders(tmp_path, "goog", limit=1)] == ["c2"]
    assert [row["execution_id"] for row in read_fills(tmp_path, since_ns=2)] == ["e2"]
    assert read_fills(tmp_path, "twx") == []
    assert [row["record"]["n"] for row in read_decisions(tmp_path, "goog")] == [2, 1, 0]
    assert [row["record"]["n"] for row in read_decisions(tmp_path, "goog", block_reason="COOLDOWN", limit=1)] == [2]
    assert [row["record"]["n"] for row in read_decisions(tmp_path, "goog", intents_only=True)] == [1]
    assert [row["record"]["n"] for row in read_decisions(tmp_path, "goog", since_ns=1, until_ns=2)] == [1]


def test_any_table_can_be_read(session: Path) -> None:
    assert read_rows(session, "risk", "verdicts") == []
    assert len(read_rows(session, "control", "operations", where=lambda t: [t.c.wall_ns == 5], limit=1)) == 1

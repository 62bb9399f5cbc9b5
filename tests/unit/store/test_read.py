"""Cold reads: merged, paged, and at ease with what is not there yet."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue, Unavailable
from hedgerow.store.engine import open_store
from hedgerow.store.location import Place, StoreLocation
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
from hedgerow.store.tables import METADATA
from hedgerow.store.writes import Write
from tests.store_places import file_of, on_postgresql, on_sqlite, server_side

Fill = Callable[[Place, str, list[Write]], None]


def operation(wall_ns: int, type: OperationType, strategy: str = "goog") -> Write:
    return operation_row(type, wall_ns=wall_ns, market_ns=wall_ns * 10, strategy=strategy)


@pytest.fixture
def session(location: StoreLocation, fill: Fill) -> StoreLocation:
    """Three owners' operations, some at the very same time."""
    fill(location, "execution", [operation(t, OperationType.FILL) for t in (1, 3, 5, 5, 7)])
    fill(location, "control", [operation(t, OperationType.COMMAND) for t in (2, 5, 5)])
    fill(location, "strategy-twx", [operation(t, OperationType.STATE, "twx") for t in (4, 5)])
    fill(location, "stats", [])
    return location


def test_a_place_nobody_has_written_holds_nothing(location: StoreLocation) -> None:
    nowhere = location
    assert read_status(nowhere) == []
    assert read_operations(nowhere).rows == []
    assert read_fills(nowhere) == read_orders(nowhere) == read_decisions(nowhere, "goog") == []
    assert read_history(nowhere, "goog") == []
    assert owners(nowhere) == []
    assert nowhere.folder is None or not nowhere.folder.exists()


@on_sqlite
def test_an_empty_file_holds_nothing(location: StoreLocation) -> None:
    file_of(location, "execution").parent.mkdir()
    file_of(location, "execution").touch()
    assert read_fills(location) == []
    assert read_operations(location).rows == []


@on_postgresql
def test_an_empty_schema_holds_nothing(location: StoreLocation) -> None:
    server_side(location, f"CREATE SCHEMA {location.schema('execution')}")
    assert read_fills(location) == []
    assert read_operations(location).rows == []


@on_sqlite
def test_a_damaged_file_is_an_error_not_a_silence(location: StoreLocation) -> None:
    file_of(location, "execution").parent.mkdir()
    file_of(location, "execution").write_bytes(b"noise " * 1000)
    with pytest.raises(Unavailable, match="not a database"):
        read_fills(location)


def test_columns_an_older_database_lacks_hold_their_defaults(location: StoreLocation) -> None:
    with open_store(location, "execution") as store, store.begin() as connection:
        for table in METADATA["execution"].tables:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql(
            "CREATE TABLE fills (execution_id TEXT, strategy TEXT, quantity TEXT, sequence INT, event_ns INT)"
        )
        connection.exec_driver_sql("INSERT INTO fills VALUES ('e1', 'goog', '5', 1, 2)")
    (row,) = read_fills(location)
    assert (row["execution_id"], row["quantity"], row["price"]) == ("e1", Decimal(5), Decimal(0))
    assert (row["commission"], row["side"], row["multiplier"]) == (None, "", 0)
    assert read_orders(location) == []


def test_what_is_not_ours_at_the_place_is_left_alone(session: StoreLocation) -> None:
    if session.folder is None:
        server_side(session, f"CREATE SCHEMA {session.prefix}notes")
        server_side(session, f"CREATE SCHEMA {session.prefix}more_risk")
        server_side(session, f"COMMENT ON SCHEMA {session.prefix}more_risk IS 'hedgerow risk'")
    else:
        (session.folder / "notes.db").touch()
    assert owners(session) == ["control", "execution", "stats", "strategy-twx"]
    assert owners(session, "strategy") == ["strategy-twx"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9, 10, 100])
def test_pages_join_to_the_whole_without_gap_or_repeat(session: StoreLocation, limit: int) -> None:
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


def test_a_page_stays_put_while_operations_are_added(session: StoreLocation, fill: Fill) -> None:
    first = read_operations(session, limit=4)
    fill(session, "execution", [operation(9, OperationType.FILL)])
    second = read_operations(session, limit=100, page_token=first.next_page_token)
    assert [row["wall_ns"] for row in first.rows + second.rows] == [7, 5, 5, 5, 5, 5, 4, 3, 2, 1]


def ids(session: StoreLocation, **filters: Any) -> list[str]:
    return [row["operation_id"] for row in read_operations(session, **filters).rows]


def test_filters(session: StoreLocation) -> None:
    assert ids(session, strategy="twx") == ["strategy-twx:2", "strategy-twx:1"]
    assert ids(session, type="COMMAND", until_ns=5) == ["control:1"]
    assert ids(session, since_ns=7) == ["execution:5"]
    assert ids(session, since_ns=8) == []


@pytest.mark.parametrize(
    ("key", "value"), [("limit", 0), ("limit", 1001), ("page_token", "?!"), ("page_token", "YQ==")]
)
def test_a_bad_page_is_refused(session: StoreLocation, key: str, value: Any) -> None:
    with pytest.raises(InvalidValue, match=key):
        read_operations(session, **{key: value})


def test_orders_fills_and_decisions(location: StoreLocation, fill: Fill) -> None:
    def order(number: int, status: str, strategy: str = "goog") -> Write:
        values = {"client_order_id": f"c{number}", "intent_id": f"i{number}", "strategy": strategy}
        return Write("orders", values | {"order_status": status, "created_ns": number})

    def one_fill(number: int) -> Write:
        return Write("fills", {"execution_id": f"e{number}", "strategy": "goog", "sequence": number, "event_ns": number,
                               "quantity": Decimal("10"), "price": Decimal("7.5")})  # fmt: skip

    fill(
        location,
        "execution",
        [order(1, "FILLED"), order(2, "WORKING"), order(3, "UNKNOWN", "twx"), one_fill(1), one_fill(2)],
    )
    fill(
        location,
        "strategy-goog",
        [
            Write(
                "decisions",
                {"sequence": n, "wall_ns": n, "block_reason": reason, "intent_id": intent, "record": {"n": n}},
            )
            for n, (reason, intent) in enumerate([("COOLDOWN", ""), ("", "i1"), ("COOLDOWN", "")])
        ],
    )
    assert [row["client_order_id"] for row in read_orders(location)] == ["c3", "c2", "c1"]
    assert [row["client_order_id"] for row in read_orders(location, open_only=True)] == ["c3", "c2"]
    assert [row["client_order_id"] for row in read_orders(location, "goog", limit=1)] == ["c2"]
    assert [row["execution_id"] for row in read_fills(location, since_ns=2)] == ["e2"]
    assert read_fills(location, "twx") == []
    assert [row["record"]["n"] for row in read_decisions(location, "goog")] == [2, 1, 0]
    assert [row["record"]["n"] for row in read_decisions(location, "goog", block_reason="COOLDOWN", limit=1)] == [2]
    assert [row["record"]["n"] for row in read_decisions(location, "goog", intents_only=True)] == [1]
    assert [row["record"]["n"] for row in read_decisions(location, "goog", since_ns=1, until_ns=2)] == [1]


def test_any_table_can_be_read(session: StoreLocation) -> None:
    assert read_rows(session, "risk", "verdicts") == []
    assert len(read_rows(session, "control", "operations", where=lambda t: [t.c.wall_ns == 5], limit=1)) == 1

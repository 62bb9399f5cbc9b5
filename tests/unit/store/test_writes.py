"""Row writes: every mode, exact Decimals, and refusals before anything is queued."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa

from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.domain.order import OrderStatus, Side
from hedgerow.store.backend import Cursor, Session
from hedgerow.store.engine import Store
from hedgerow.store.operations import OperationType, operation_row
from hedgerow.store.writes import EventSequence, Write, WriteCompiler, WriteMode, canonical_json


@pytest.fixture
def session(execution: Store) -> Iterator[Session]:
    """A connection outside a transaction: every statement commits by itself."""
    session = execution.session()
    yield session
    session.close()


@pytest.fixture
def cursor(session: Session) -> Cursor:
    return session.cursor


def order(mode: WriteMode = WriteMode.INSERT, **values: object) -> Write:
    return Write("orders", {"client_order_id": "c1", "intent_id": "i1", **values}, mode)


def test_values_come_back_as_they_were(execution: Store, cursor: Cursor) -> None:
    quantity = Decimal("12345678901234567890.123456789")
    row = order(quantity=quantity, order_status=OrderStatus.SENT, intent={"a": [1, Decimal("2.50")]}, reduce_only=True)
    WriteCompiler(execution).prepare(row).execute(cursor)
    orders = execution.table("orders")
    with execution.read() as connection:
        found = connection.execute(sa.select(orders)).one()
    assert found.quantity == quantity
    assert found.order_status == OrderStatus.SENT
    assert found.intent == {"a": [1, "2.50"]}
    assert found.reduce_only is True
    assert found.limit_price is None
    assert found.cum_qty == 0


def test_modes(execution: Store, cursor: Cursor) -> None:
    compiler = WriteCompiler(execution)

    def apply(mode: WriteMode, reason: str) -> str | None:
        compiler.prepare(order(mode, reason=reason)).execute(cursor)
        row = cursor.execute("SELECT reason FROM orders").fetchone()
        return None if row is None else str(row[0])

    with pytest.raises(NotFound, match="orders: no row to update"):
        apply(WriteMode.UPDATE, "a")
    assert apply(WriteMode.UPSERT, "b") == "b"
    assert apply(WriteMode.IGNORE, "c") == "b"
    assert apply(WriteMode.UPDATE, "d") == "d"
    assert apply(WriteMode.UPSERT, "e") == "e"
    with pytest.raises(execution.backend.job_errors):
        apply(WriteMode.INSERT, "f")
    assert apply(WriteMode.DELETE, "g") is None
    assert apply(WriteMode.DELETE, "h") is None


def test_an_upsert_keeps_columns_it_does_not_name(execution: Store, cursor: Cursor) -> None:
    compiler = WriteCompiler(execution)
    compiler.prepare(order(reason="first", text="kept")).execute(cursor)
    compiler.prepare(order(WriteMode.UPSERT, reason="second")).execute(cursor)
    assert cursor.execute("SELECT reason, text FROM orders").fetchone() == ("second", "kept")


def test_an_ignored_insert_does_not_hide_another_order_of_the_same_intent(execution: Store, cursor: Cursor) -> None:
    compiler = WriteCompiler(execution)
    compiler.prepare(order()).execute(cursor)
    second = Write("orders", {"client_order_id": "c2", "intent_id": "i1"}, WriteMode.IGNORE)
    with pytest.raises(execution.backend.job_errors, match="intent_id"):
        compiler.prepare(second).execute(cursor)


def test_a_row_can_name_the_sequence_of_its_event(execution: Store, cursor: Cursor) -> None:
    prepared = WriteCompiler(execution).prepare(order(sequence=EventSequence(1)))
    prepared.execute(cursor, (41, 42))
    assert cursor.execute("SELECT sequence FROM orders").fetchone() == (42,)


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (Write("nowhere", {"a": 1}), NotFound),
        (order(colour="red"), InvalidValue),
        (Write("orders", {"reason": "x"}, WriteMode.UPDATE), InvalidValue),
        (Write("orders", {"client_order_id": "c1"}, WriteMode.UPDATE), InvalidValue),
        (order(intent={"spot": float("nan")}), InvalidValue),
    ],
)
def test_a_wrong_shape_is_refused_at_once(execution: Store, write: Write, error: type[Exception]) -> None:
    with pytest.raises(error):
        WriteCompiler(execution).prepare(write)


def test_an_operation_record_holds_what_was_asked_for(execution: Store, cursor: Cursor) -> None:
    """TC-1-R-M4a-2: time, type, side, quantity, price if filled, state and reason."""
    write = operation_row(
        OperationType.FILL, wall_ns=2, market_ns=1, strategy="goog", instrument="GOOG", side=Side.SELL,
        quantity=Decimal(120), price=Decimal("748.40"), state="FILLED", reason="HEDGE_NEEDED", client_order_id="c1",
        text="sold",
    )  # fmt: skip
    WriteCompiler(execution).prepare(write).execute(cursor)
    row = cursor.execute(
        "SELECT wall_ns, market_ns, type, side, quantity, price, state, reason, client_order_id FROM operations"
    ).fetchone()
    assert row == (2, 1, "FILL", "SELL", "120", "748.40", "FILLED", "HEDGE_NEEDED", "c1")


def test_equal_payloads_have_equal_text() -> None:
    assert canonical_json({"b": Decimal("1.0"), "a": (1, None)}) == canonical_json({"a": [1, None], "b": "1.0"})
    with pytest.raises(InvalidValue, match="object"):
        canonical_json({"a": object()})

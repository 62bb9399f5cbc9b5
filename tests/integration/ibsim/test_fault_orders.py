"""Scripted faults of the order book, over a real socket."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.book import Book
from tests.integration.ibsim.faults import Open, Start, arm, connect, errors, has, kinds, state, statuses

RESTING = {"orderType": "LMT", "lmtPrice": "50", "tif": "GTC"}


async def asked(client: Any, kind: str, end: str, *request: Any) -> list[list[str]]:
    """Frames of one kind in the answer to a list request."""
    client.frames.clear()
    client.send(*request)
    await has(client, end)
    return [fields for fields in client.frames if fields[0] == kind]


async def executions(client: Any) -> list[list[str]]:
    return await asked(client, "11", "55", 7, 3, 9, 0, "", "", "", "", "", "")


async def test_an_execution_is_corrected_in_its_next_revision(
    start_server: Start, open_raw: Open, tmp_path: Any
) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.send(61, 1)
    client.place(1, orderRef="mine")
    first = await has(client, "11")
    price = server.simulation.book.executions[0].price
    client.frames.clear()
    await arm(server, "correct_execution", order_ref="mine", quantity=90, price=float(price) + 1)
    again = await has(client, "11")
    assert (first[14][-3:], again[14]) == (".01", first[14][:-2] + "02")
    shares, at = again[19], again[20]
    assert (shares, Decimal(at)) == ("90", price + 1)
    assert (await has(client, "59"))[2] == again[14]
    assert (await has(client, "61"))[14] == "90"
    client.frames.clear()
    await arm(server, "correct_execution", execution_id=first[14], quantity=0)
    assert (await has(client, "11"))[14] == first[14][:-2] + "03"
    assert (await has(client, "61"))[14] == "0"
    assert len(await executions(client)) == 3
    with pytest.raises(InvalidValue, match="an execution of the chosen order"):
        await arm(server, "correct_execution", order_id=7, price=3)
    book = Book(tmp_path / "book.db", "SIM0000001", Decimal(0))
    assert book.positions["SIMX"].quantity == 0
    assert book.cash == server.simulation.book.cash == 10_000_000 - 1
    assert [done.quantity for done in book.executions] == [100, 90, 0]
    book.close()


async def test_a_correction_right_after_a_fill(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "correct_execution", price=1, on={"sent": "commissionReport", "when": "after"})
    client.place(1)
    assert await client.alive()
    first, corrected = [fields for fields in client.frames if fields[0] == "11"]
    assert (first[14][-3:], corrected[14][-3:], corrected[20]) == (".01", ".02", "1")


async def test_a_live_orders_id_in_an_error_that_ends_nothing(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "order_error", on={"message": "placeOrder", "when": "after"})
    client.place(5, **RESTING)
    assert (await has(client, "4"))[2:4] == ["5", "10349"]
    await arm(server, "order_error", code=10148, order_id=5)
    text = (await has(client, "4", "2", "5", "10148"))[4]
    assert text == "OrderId 5 that needs to be cancelled cannot be cancelled, state: Submitted."
    assert [order.order_id for order in server.simulation.desk.working()] == [5]
    with pytest.raises(InvalidValue, match="an open order"):
        await arm(server, "order_error", order_id=6)


async def test_the_exchange_ends_an_order(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.place(1, orderRef="a", **RESTING)
    client.place(2, orderRef="b", **RESTING)
    await has(client, "3", "2")
    await arm(server, "end_order", order_ref="b", state="inactive", text="no shares to borrow")
    assert (await has(client, "4"))[2:5] == ["2", "201", "Order rejected - reason:no shares to borrow"]
    await arm(server, "end_order", order_ref="a")
    await has(client, "4", "2", "1", "202")
    assert (statuses(client, 1)[-1], statuses(client, 2)[-1]) == ("Cancelled", "Inactive")


async def test_a_modify_makes_a_second_order_and_cancels_reach_both(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "double_perm_id", client=10)
    client.place(1, **RESTING)
    await has(client, "3", "1")
    client.place(1, **RESTING | {"lmtPrice": "51"})
    assert await client.alive()
    shown = await asked(client, "3", "53", 5, 1)
    assert [fields[1] for fields in shown] == ["1", "1"]
    assert len({fields[6] for fields in shown}) == 2
    assert await state(server) == ("fired", 1)
    client.place(1, **RESTING | {"lmtPrice": "52"})  # an ordinary modify, of the newer one
    assert await client.alive()
    limits = [fields[16] for fields in await asked(client, "5", "53", 5, 1)]
    assert limits == ["50", "52"]
    client.frames.clear()
    client.send(4, 1, 1, "")
    client.send(4, 1, 1, "")
    client.send(4, 1, 1, "")
    await has(client, "4", "2", "1", "10148")
    assert statuses(client) == ["Cancelled", "Cancelled"]
    assert not server.simulation.desk.working()


async def test_an_order_is_not_found_twice_then_live(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "hide_order", on={"message": "placeOrder", "nth": 2}, times=2)
    client.place(1, **RESTING)
    client.place(2, **RESTING)
    await has(client, "3", "2")
    other = await connect(open_raw, server, 11)
    assert [fields[1] for fields in await asked(other, "5", "53", 16, 1)] == ["1"]  # counted for each that asks
    found = [[fields[1] for fields in await asked(client, "5", "53", 5, 1)] for _ in range(3)]
    assert found == [["1"], ["1"], ["1", "2"]]
    client.send(4, 1, 2, "")
    done = [len(await asked(client, "101", "102", 99, 0)) for _ in range(3)]
    assert done == [0, 0, 1]
    await arm(server, "hide_order", order_id=3, lists=["executions"], times=None)
    client.place(3)
    await has(client, "3", "3", "Filled")
    assert await executions(client) == await executions(client) == []
    assert len(await asked(client, "101", "102", 99, 0)) == 2


@pytest.mark.parametrize("quantity", [None, 40])
async def test_a_fill_comes_just_before_the_cancel(start_server: Start, open_raw: Open, quantity: int | None) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "race_fill", quantity=quantity)
    client.place(1, **RESTING)
    client.send(4, 1, 1, "")
    await has(client, "4", "2", "1")
    if quantity is None:
        assert statuses(client) == ["Submitted", "Filled"]
        assert errors(client) == [("1", 10148)]
    else:
        assert statuses(client) == ["Submitted", "Submitted", "Cancelled"]
        assert errors(client) == [("1", 202)]
        assert server.simulation.book.positions["SIMX"].quantity == 40


async def test_a_fill_comes_after_the_cancel_was_confirmed(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "race_fill", winner="fill_last", quantity=30, delay_ms=20)
    client.place(1, **RESTING)
    client.send(4, 1, 1, "")
    await has(client, "11")
    assert await client.alive()
    assert statuses(client) == ["Submitted", "Cancelled", "Cancelled"]
    assert kinds(client)[-4:] == ["11", "5", "3", "59"]
    assert server.simulation.book.positions["SIMX"].quantity == 30


async def test_a_fill_comes_just_before_the_modify(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "race_fill", against="modify")
    client.place(1, **RESTING)
    client.place(1, **RESTING | {"lmtPrice": "51"})
    assert (await has(client, "4"))[2:4] == ["1", "104"]
    assert statuses(client) == ["Submitted", "Filled"]


async def test_a_cancel_is_pending_for_a_while(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "late_cancel", ms=30)
    client.place(1, **RESTING)
    client.send(4, 1, 1, "")
    await has(client, "3", "1", "Cancelled")
    assert statuses(client) == ["Submitted", "PendingCancel", "Cancelled"]
    assert errors(client) == [] or errors(client) == [("1", 202)]

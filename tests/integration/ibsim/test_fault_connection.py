"""Scripted faults of connections: resets, restarts, the gateway's own link to the broker, market data."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.admin import admin_call_async
from tests.integration.ibsim.faults import Open, Start, arm, connect, errors, has, kinds, listed, state, statuses, until

RESTING = {"orderType": "LMT", "lmtPrice": "50", "tif": "GTC"}


async def quote(server: Any, bid: float, ask: float) -> None:
    await admin_call_async(server.admin_port, "emit_tick", instrument_id="SIMX", bid=bid, ask=ask)


async def open_ids(client: Any) -> list[str]:
    """Order ids this client's open-order list names."""
    client.frames.clear()
    client.send(5, 1)
    await has(client, "53")
    return [fields[1] for fields in client.frames if fields[0] == "5"]


async def test_rst_after_an_order_was_taken_loses_its_acknowledgement(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client, other = await connect(open_raw, server, 10), await connect(open_raw, server, 11)
    on = {"message": "placeOrder", "client": 10}
    await arm(server, "swallow_ack", on=on)
    await arm(server, "reset", on=on | {"when": "after"})
    client.place(1, **RESTING)
    with pytest.raises(ConnectionResetError):
        await client.until(lambda _: False)
    assert kinds(client) == []
    assert await other.alive()
    again = await connect(open_raw, server, 10)
    assert await open_ids(again) == ["1"]


async def test_rst_before_an_order_is_handled_loses_the_order(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "reset", on={"message": "placeOrder"})
    client.place(1, **RESTING)
    assert await client.hung_up()
    await until(lambda: not server.simulation.connections)
    assert not server.simulation.book.orders


async def test_drop_closes_in_order(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client, other = await connect(open_raw, server, 10), await connect(open_raw, server, 11)
    await arm(server, "drop", client=10)
    with pytest.raises(EOFError):
        await client.until(lambda _: False)
    assert await other.alive()


@pytest.mark.parametrize("abrupt", [False, True])
async def test_a_restart_shuts_the_port_and_comes_back_with_its_book(
    start_server: Start, open_raw: Open, abrupt: bool
) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    for order_id in (1, 2, 3):
        client.place(order_id, **RESTING)
    await has(client, "3", "3")
    await arm(server, "restart", down_ms=150, lose_last=1, roll_back_ids=1, abrupt=abrupt)
    assert await client.hung_up()
    with pytest.raises(ConnectionRefusedError):
        await open_raw(server.port)
    async with asyncio.timeout(5):
        while True:
            try:
                again = await connect_seeing(open_raw, server)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
    assert (await has(again, "9"))[2] == "3"  # the lost order's id is given out again
    assert await open_ids(again) == ["1", "2"]
    again.place(3, **RESTING)
    await has(again, "3", "3", "Submitted")
    assert await open_ids(again) == ["1", "2", "3"]


async def connect_seeing(open_raw: Open, server: Any, client_id: int = 10) -> Any:
    """A client after its handshake, what it was told then kept."""
    client = await open_raw(server.port)
    await client.shake_hands(client_id=client_id)
    return client


async def test_lost_orders_stay_lost_on_disk(start_server: Start, open_raw: Open, tmp_path: Any) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.place(1, **RESTING)
    client.place(2, **RESTING)
    await has(client, "3", "2")
    with pytest.raises(InvalidValue, match="one of them above zero"):
        await arm(server, "lose_orders")
    await arm(server, "lose_orders", lose_ms=60_000, client=11)
    assert await open_ids(client) == ["1", "2"]
    await arm(server, "lose_orders", lose_last=1)
    assert await open_ids(client) == ["1"]
    client.send(4, 1, 2, "")
    assert (await has(client, "4"))[3] == "10147"
    await server.stop()
    second = await start_server(book_file=tmp_path / "book.db")
    again = await connect(open_raw, second)
    assert await open_ids(again) == ["1"]
    await arm(second, "lose_orders", lose_ms=60_000)
    assert await open_ids(again) == ["1"]  # of before the restart: nobody knows how long ago


async def test_ids_roll_back_and_a_finished_orders_id_is_reissued(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.place(1)
    client.place(2, **RESTING)
    await has(client, "3", "2")
    await arm(server, "roll_back_ids", client=10, to=1)
    client.send(8, 1, 1)
    assert (await has(client, "9"))[2] == "1"
    client.frames.clear()
    client.place(1, **RESTING)
    await has(client, "3", "1", "Submitted")
    perm_ids = {order.perm_id for order in server.simulation.book.by_perm_id.values() if order.order_id == 1}
    assert len(perm_ids) == 2
    assert await open_ids(client) == ["2", "1"]


async def test_1100_holds_reports_data_and_requests_until_1102(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.subscribe(1)
    client.place(1, **RESTING)
    await has(client, "3", "1")
    client.frames.clear()
    await arm(server, "lose_link")
    await quote(server, 49.0, 49.5)  # the order fills at the exchange
    assert len(server.simulation.book.executions) == 1
    client.place(2, **RESTING)
    client.send(61, 1)
    assert await client.alive()
    assert kinds(client) == ["4"]
    assert errors(client) == [("-1", 1100)]
    late = await connect_seeing(open_raw, server, 11)  # who comes now is greeted
    await has(late, "4", "2", "-1", "1100")
    await arm(server, "restore_link")
    await has(client, "62")
    assert errors(client) == [("-1", 1100), ("-1", 1102)]
    assert statuses(client, 1) == ["Filled"]
    assert statuses(client, 2)[-1] == "Filled"
    client.frames.clear()
    await quote(server, 60.0, 60.5)
    assert (await has(client, "1"))[4] == "60.0"
    assert [fault["state"] for fault in await listed(server)] == ["fired", "fired"]


async def test_1101_drops_subscriptions_and_reports_can_be_lost(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.subscribe(1)
    client.place(1, **RESTING)
    await has(client, "3", "1")
    client.frames.clear()
    await arm(server, "lose_link")
    await quote(server, 49.0, 49.5)
    client.place(2, **RESTING)
    assert await client.alive()
    await arm(server, "restore_link", data="lost", reports="lost", requests="lost")
    await quote(server, 60.0, 60.5)
    assert await client.alive()
    assert errors(client) == [("-1", 1100), ("-1", 1101)]
    assert kinds(client) == ["4", "4"]
    client.send(7, 3, 9, 0, "", "", "", "", "", "")
    await has(client, "55")
    assert kinds(client).count("11") == 1
    assert list(server.simulation.book.orders) == [(10, 1)]
    client.subscribe(1)  # its id is free again
    await has(client, "1")
    with pytest.raises(InvalidValue, match="an active lose_link"):
        await arm(server, "restore_link")


async def test_an_outage_ends_by_itself(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "lose_link", for_ms=50, data="lost")
    await has(client, "4", "2", "-1", "1101")
    assert await state(server) == ("fired", 1)


@pytest.mark.parametrize(
    ("action", "told"), [("break_farm", [("-1", 2103), ("-1", 2104)]), ("competing_session", [("1", 10197)])]
)
@pytest.mark.parametrize("data", ["kept", "lost"])
async def test_market_data_stops_and_goes_on(
    start_server: Start, open_raw: Open, action: str, told: list[tuple[str, int]], data: str
) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.subscribe(1)
    await has(client, "46")
    client.frames.clear()
    await arm(server, action, data=data)
    await quote(server, 101.0, 101.5)
    client.place(1, **RESTING)  # orders go on
    await has(client, "3", "1", "Submitted")
    assert not {"1", "2", "46"} & set(kinds(client))
    await admin_call_async(server.admin_port, "clear_faults")
    await quote(server, 102.0, 102.5)
    assert await client.alive()
    assert errors(client) == told
    bids = [fields[4] for fields in client.frames if fields[0] == "1" and fields[3] == "1"]
    assert bids == (["101.0", "102.0"] if data == "kept" else [])


async def test_market_data_that_is_not_subscribed(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.subscribe(1)
    await has(client, "46")
    client.frames.clear()
    await arm(server, "no_market_data", name="none")
    client.subscribe(2)
    assert await client.alive()
    assert errors(client) == [("1", 354), ("2", 354)]
    await quote(server, 101.0, 101.5)
    assert await client.alive()
    assert kinds(client) == ["4", "4"]
    await admin_call_async(server.admin_port, "clear_faults", fault="none")
    client.subscribe(3)
    await has(client, "46")


async def test_data_becomes_delayed_and_real_time_again(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    client.subscribe(1)
    await has(client, "46")
    client.frames.clear()
    await arm(server, "delayed_data")
    assert (await has(client, "4"))[2:4] == ["1", "10167"]
    assert (await has(client, "58"))[3] == "3"
    await quote(server, 101.0, 101.5)
    await has(client, "1", "6", "1", "66", "101.0")
    client.subscribe(2)
    assert (await has(client, "4", "2", "2"))[3] == "10167"
    await admin_call_async(server.admin_port, "clear_faults")
    await has(client, "58", "1", "1", "1")
    await quote(server, 102.0, 102.5)
    await has(client, "1", "6", "1", "1", "102.0")


async def test_any_frame_can_be_sent(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client, other = await connect(open_raw, server, 10), await connect(open_raw, server, 11)
    await arm(server, "send_frame", fields=[1, 6, 1, 1, "nan", 0, 0], client=10)
    await has(client, "1", "6", "1", "1", "nan")
    assert await other.alive()
    assert kinds(other) == []


async def test_a_notice_of_any_code_at_a_market_time_or_after_a_while(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "notice", code=2110, text="broken", at="10:00:01")
    await arm(server, "notice", code=2107, text="inactive", after_ms=20, client=10)
    await has(client, "4", "2", "-1", "2107")
    assert await state(server) == ("armed", 0)
    await admin_call_async(server.admin_port, "resume", speed=1000)
    await has(client, "4", "2", "-1", "2110")

"""Scripted faults of what a client sends, over a real socket."""

from __future__ import annotations

import asyncio
import time

from hedgerow.ibsim.codec import PREFIX, raw_frame
from hedgerow.ibsim.wirelog import Direction, orders, read_wire_log
from tests.integration.ibsim.faults import Open, Start, arm, connect, errors, has, kinds, state, statuses, until

RESTING = {"orderType": "LMT", "lmtPrice": "50", "tif": "GTC"}


async def test_a_swallowed_order_never_arrived_and_the_next_one_does(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "swallow_frame", on={"message": "placeOrder", "client": 10, "nth": 2})
    for order_id in (1, 2, 3):
        client.place(order_id, **RESTING)
    await has(client, "3", "3")
    assert not statuses(client, 2)
    assert [order.order_id for order in server.simulation.desk.working()] == [1, 3]
    assert await state(server) == ("fired", 1)
    # The tap is beside the socket: it has the frame all the same.
    assert [frame.order_id for frame in orders(server.config.wire_log)] == [1, 2, 3]
    client.frames.clear()
    client.place(2, **RESTING)
    assert (await has(client, "4", "2", "2"))[3] == "103"  # its id is below one that did arrive


async def test_other_clients_and_other_kinds_are_left_alone(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    first, second = await connect(open_raw, server, 10), await connect(open_raw, server, 11)
    await arm(server, "swallow_frame", client=10, times=None, messages=["placeOrder", "cancelOrder"])
    second.place(1, **RESTING)
    await has(second, "3", "1", "Submitted")
    first.place(1, **RESTING)
    first.send(4, 1, 1, "")
    assert await first.alive()
    assert kinds(first) == []
    assert await state(server) == ("active", 2)


async def test_an_acknowledgement_is_swallowed_and_the_order_works(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "swallow_ack", client=10)
    client.place(1, **RESTING)
    assert await client.alive()
    assert kinds(client) == []
    assert [order.order_id for order in server.simulation.desk.working()] == [1]
    client.send(5, 1)  # asked for, it is told
    await has(client, "3", "1", "Submitted")
    client.send(4, 1, 1, "")  # and later reports come
    await has(client, "3", "1", "Cancelled")
    client.place(2, **RESTING)
    await has(client, "3", "2", "Submitted")


async def test_a_lasting_swallow_hides_the_fill_too(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "swallow_ack", on={"message": "placeOrder", "order_ref": "mine"}, lasting=True)
    client.place(1, orderRef="other")
    await has(client, "3", "1", "Filled")
    client.frames.clear()
    client.place(2, orderRef="mine")
    assert await client.alive()
    assert kinds(client) == []
    assert len(server.simulation.book.executions) == 2
    client.send(7, 3, 9, 0, "", "", "", "", "", "")
    await has(client, "55")
    assert kinds(client).count("11") == 2


async def test_a_delayed_request_is_overtaken_and_obeyed_though_its_client_left(
    start_server: Start, open_raw: Open
) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "delay_requests", ms=250, on={"message": "placeOrder"})
    client.place(1, **RESTING)
    assert await client.alive()
    assert not server.simulation.book.orders
    client.writer.close()
    await until(lambda: not server.simulation.connections)
    await until(lambda: len(server.simulation.desk.working()) == 1)


async def test_a_request_is_refused_with_any_code(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "refuse", code=201, text="Order rejected - reason:scripted")
    client.place(7, **RESTING)
    assert (await has(client, "4"))[2:4] == ["7", "201"]
    await arm(server, "refuse", code=162, text="pacing", messages=["reqHistoricalData"])
    client.send(20, 5, 0)
    assert (await has(client, "4", "2", "5"))[3] == "162"


async def test_a_free_client_id_is_refused_with_326_once(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    await arm(server, "refuse_client_id", client=10)
    other = await connect(open_raw, server, 11)
    client = await open_raw(server.port)
    try:
        await client.shake_hands(client_id=10)
    except EOFError:
        assert errors(client) == [("-1", 326)]
    await connect(open_raw, server, 10)
    assert await other.alive()


async def test_a_half_open_socket_takes_everything_and_says_nothing(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    mute, other = await connect(open_raw, server, 10), await connect(open_raw, server, 11)
    await arm(server, "half_open", client=10, name="mute")
    mute.place(1, **RESTING)
    mute.send(49, 1)
    await until(lambda: sum(r.direction is Direction.IN for r in read_wire_log(server.config.wire_log)) == 6)
    assert not server.simulation.book.orders
    assert await other.alive()
    await asyncio.sleep(0)
    assert not mute.frames
    await arm(server, "clear", fault="mute")
    assert await mute.alive()


async def test_a_mute_gateway_can_still_obey(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "half_open", deliver=True, new_connections=True)
    client.place(1, **RESTING)
    await until(lambda: len(server.simulation.desk.working()) == 1)
    late = await open_raw(server.port)
    late.writer.write(PREFIX + raw_frame(b"v157..178") + raw_frame(b"71\x002\x0012\x00\x00"))
    await until(lambda: 12 in server.simulation.hub.sessions)
    assert {record.direction for record in read_wire_log(server.config.wire_log) if record.connection_id == 2} == {
        Direction.IN
    }
    assert not client.frames


async def test_latency_keeps_the_order_of_frames_and_outlives_the_client(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "latency", ms=60, client=10)
    began = time.monotonic()
    client.place(1, orderType="MKT")
    await has(client, "59")
    assert time.monotonic() - began >= 0.119
    assert kinds(client) == ["5", "3", "11", "5", "3", "59"]
    client.place(2, **RESTING)
    await client.writer.drain()
    client.writer.close()
    await until(lambda: len(server.simulation.desk.working()) == 1)
    await until(lambda: not server.simulation.hub.sessions)


async def test_more_messages_than_the_limit_are_answered_with_error_100(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "pacing_limit", limit=5, window_ms=60_000, disconnect_after=3)
    for order_id in range(1, 8):
        client.place(order_id, **RESTING)
    await has(client, "3", "5")
    await until(lambda: len(server.simulation.desk.working()) == 5)
    client.send(49, 1)
    assert await client.hung_up()
    assert errors(client) == [("-1", 100)] * 3


async def test_error_420_names_the_request(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "pacing_limit", limit=1, window_ms=60_000, code=420, messages=["reqMktData"])
    client.subscribe(1)
    client.subscribe(2)
    assert (await has(client, "4"))[2:4] == ["2", "420"]
    assert await client.alive()

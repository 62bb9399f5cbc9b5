"""What crosses the socket, byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.ibsim.admin import admin_call_async
from hedgerow.ibsim.codec import PREFIX, raw_frame
from hedgerow.ibsim.server import IbsimServer
from hedgerow.ibsim.wirelog import Direction, orders, read_wire_log

Start = Callable[..., Awaitable[IbsimServer]]
Open = Callable[[int], Awaitable[Any]]


async def settled(client: Any) -> list[list[str]]:
    """Everything received, after the gateway has answered something asked last."""
    assert await client.alive()
    return list(client.frames)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until the condition holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("version", [157, 176, 178])
async def test_a_fill_is_reported_in_the_order_a_gateway_reports_it(
    start_server: Start, open_raw: Open, version: int
) -> None:
    server = await start_server()
    client = await open_raw(server.port)
    await client.shake_hands(hello=f"v157..{version}")
    assert client.version == version
    client.frames.clear()
    client.place(1)
    frames = [fields for fields in await settled(client) if fields[0] != "49"]
    assert [fields[0] for fields in frames] == ["5", "3", "11", "5", "3", "59"]
    status = [fields[2] for fields in frames if fields[0] == "3"]
    assert status == ["Submitted", "Filled"]
    assert frames[2][1] == "-1"  # a live execution answers no request
    assert frames[5][2] == frames[2][14]  # the commission names the execution


async def test_a_cancel_is_confirmed_by_status_then_notice(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await open_raw(server.port)
    await client.shake_hands()
    client.place(1, orderType="LMT", lmtPrice="50")
    await client.until(lambda fields: fields[:3] == ["3", "1", "Submitted"])
    client.frames.clear()
    client.send(4, 1, 1, "")
    frames = await settled(client)
    assert [fields[0] for fields in frames] == ["3", "4", "49"]
    assert frames[0][2] == "Cancelled"
    assert frames[1][2:4] == ["1", "202"]


async def test_frames_may_arrive_one_byte_at_a_time(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await open_raw(server.port)
    for byte in PREFIX + raw_frame(b"v157..178") + raw_frame(b"71\x002\x0010\x00\x00") + raw_frame(b"49\x001\x00"):
        client.writer.write(bytes([byte]))
        await client.writer.drain()
        await asyncio.sleep(0)
    await client.until(lambda fields: fields[0] == "49")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 64,
        PREFIX + b"\xff\xff\xff\xff",
        PREFIX + raw_frame(b"v1..2"),
        PREFIX + raw_frame(b"\xff\xfe"),
        PREFIX + raw_frame(b"v157..178") + raw_frame(b"71\x002\x001\x00\x00") + raw_frame(b"9\0\xff\xff"),
        PREFIX + raw_frame(b"v157..178") + b"\x7f\0\0\0",
    ],
)
async def test_nonsense_ends_its_own_connection_and_no_other(start_server: Start, open_raw: Open, data: bytes) -> None:
    server = await start_server()
    good, bad = await open_raw(server.port), await open_raw(server.port)
    await good.shake_hands(client_id=2)
    bad.writer.write(data)
    assert await bad.hung_up()
    assert await good.alive()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ((12345,), "505"), (("x",), "505"), ((10, 1), "505"), ((9, 8), "320"), ((3, 7, "x"), "320"),
        ((62, 1, "nine", "All", ""), "320"), ((62, 1, 2**40, "All", ""), "320"), ((4, 1, "x", ""), "320"),
        ((6, 2, 1, "DU1"), "321"), ((2, 2, 99), "300"), ((78, 1, "SIMX", "", "STK", 1), "200"),
    ],
)  # fmt: skip
async def test_a_bad_request_is_answered_with_its_code(
    start_server: Start, open_raw: Open, fields: tuple[Any, ...], code: str
) -> None:
    server = await start_server()
    client = await open_raw(server.port)
    await client.shake_hands()
    client.frames.clear()
    client.send(*fields)
    frames = await settled(client)
    assert [f[3] for f in frames if f[0] == "4"] == [code]


async def test_nothing_is_served_before_the_client_has_named_itself(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await open_raw(server.port)
    client.writer.write(PREFIX + raw_frame(b"v157..178"))
    await client.until(lambda fields: len(fields) == 2)
    client.version = 178
    client.place(1)
    answer = await client.until(lambda fields: fields[0] == "4")
    assert answer[3] == "504"
    assert not server.simulation.book.orders


async def test_a_reader_that_does_not_read_is_dropped_and_others_go_on(start_server: Start, open_raw: Open) -> None:
    server = await start_server(write_buffer_bytes=1 << 16)
    slow, quick = await open_raw(server.port), await open_raw(server.port)
    await slow.shake_hands(client_id=1)
    await quick.shake_hands(client_id=2)
    for req_id in range(200):
        slow.subscribe(req_id)
    quick.subscribe(1)
    await slow.writer.drain()
    listing = server.simulation.universe.by_id["SIMX"]
    async with asyncio.timeout(30):
        while 1 in server.simulation.hub.sessions:  # the kernel's own buffers fill first
            server.simulation.emit(listing, 100.0, 100.02, 1, 1)
            await quick.until(lambda fields: fields[0] == "46")
    assert await quick.alive()
    assert not [s for s in listing.subscriptions if s.session.client_id == 1]


async def test_a_reset_connection_leaves_its_orders(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await open_raw(server.port)
    await client.shake_hands(client_id=10)
    client.place(1, orderType="LMT", lmtPrice="50", tif="GTC")
    await client.until(lambda fields: fields[:3] == ["3", "1", "Submitted"])
    client.reset()
    await until(lambda: not server.simulation.hub.sessions)
    again = await open_raw(server.port)
    await again.shake_hands(client_id=10)
    again.send(5, 1)
    answer = await again.until(lambda fields: fields[0] == "5")
    assert answer[1] == "1"


async def test_the_wire_log_holds_every_frame_of_both_directions(
    start_server: Start, open_raw: Open, tmp_path: Path
) -> None:
    server = await start_server()
    client = await open_raw(server.port)
    await client.shake_hands(client_id=10)
    client.place(1, orderRef="mine", orderType="LMT", lmtPrice="99")
    client.place(1, orderRef="mine", orderType="LMT", lmtPrice="98")
    client.place(2, orderRef="other")
    frames = await settled(client)
    records = list(read_wire_log(tmp_path / "wire.log"))
    assert [record.fields for record in records if record.direction is Direction.OUT] == frames
    assert sum(record.direction is Direction.IN for record in records) == 6
    assert {record.client_id for record in records[3:]} == {10}
    found = [
        (o.order_id, o.is_modify, o.fields["orderRef"], o.fields["lmtPrice"]) for o in orders(tmp_path / "wire.log")
    ]
    assert found == [(1, False, "mine", "99"), (1, True, "mine", "98"), (2, False, "other", "")]


async def test_admin_faults(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    port = server.admin_port
    client = await open_raw(server.port)
    await client.shake_hands(client_id=10)
    client.subscribe(1)
    await client.until(lambda fields: fields[0] == "46")
    await admin_call_async(port, "freeze")
    client.frames.clear()
    await admin_call_async(port, "emit_tick", instrument_id="SIMX", bid=101, ask=102)
    assert [fields[0] for fields in await settled(client)] == ["49"]
    await admin_call_async(port, "freeze", on=False)
    await admin_call_async(port, "emit_tick", instrument_id="SIMX", bid=101.5, ask=102)
    tick = await client.until(lambda fields: fields[0] == "1")
    assert tick[4] == "101.5"
    await admin_call_async(port, "error", client_id=10, code=1100, message="Connectivity has been lost.")
    assert (await client.until(lambda fields: fields[0] == "4"))[2:4] == ["-1", "1100"]
    assert (await admin_call_async(port, "mute", ids=[49]))["muted"] == [49]
    client.send(49, 1)
    client.send(8, 1, 1)
    client.frames.clear()
    await client.until(lambda fields: fields[0] == "9")
    assert all(fields[0] != "49" for fields in client.frames)
    await admin_call_async(port, "mute", ids=[])
    assert await client.alive()
    assert (await admin_call_async(port, "drop", client_id=10))["dropped"] == [10]
    assert await client.hung_up()

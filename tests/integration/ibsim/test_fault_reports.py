"""Scripted faults of what a client is told, over a real socket."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hedgerow.ibsim.admin import admin_call_async
from tests.integration.ibsim.faults import Open, Start, arm, connect, has, kinds, listed, state, statuses

WHOLE = ["5", "3", "11", "5", "3", "59"]


async def filled(client: Any, order_id: int = 1, **given: str) -> list[str]:
    """Message ids a market order brings, up to what a probe sent after it is answered with."""
    client.frames.clear()
    client.place(order_id, **given)
    assert await client.alive()
    return kinds(client)


async def test_muted_kinds_are_never_sent_until_cleared(start_server: Start, open_raw: Open) -> None:
    server = await start_server(positions=[{"instrument_id": "SIMX", "quantity": 5, "average_price": 90}])
    client = await connect(open_raw, server)
    await arm(server, "mute", messages=["orderStatus", "execDetails", "positionEnd", 59])
    assert await filled(client) == ["5", "5"]
    client.frames.clear()
    client.send(61, 1)
    client.send(7, 3, 9, 0, "", "", "", "", "", "")
    await has(client, "55")
    assert kinds(client) == ["61", "55"]
    assert (await admin_call_async(server.admin_port, "clear_faults"))["cleared"] == ["mute-1"]
    assert await filled(client, 2) == [*WHOLE, "61"]


async def test_a_report_is_omitted_live_but_told_when_asked(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "omit_reports", reports=["execDetails", "commissionReport"], times=2, order_ref="a")
    assert await filled(client, 1, orderRef="b") == WHOLE
    assert await filled(client, 2, orderRef="a") == ["5", "3", "5", "3"]
    assert await state(server) == ("fired", 2)
    client.frames.clear()
    client.send(7, 3, 9, 0, "", "", "", "", "", "")
    await has(client, "55")
    assert kinds(client).count("11") == 2


async def test_answers_are_left_alone_while_reports_are_omitted(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "omit_reports", reports=["execDetails"], times=None)
    assert await filled(client) == [each for each in WHOLE if each != "11"]
    client.frames.clear()
    client.send(7, 3, 9, 0, "", "", "", "", "", "")
    await has(client, "55")
    assert kinds(client) == ["11", "59", "55"]


async def test_a_client_is_who_is_told_not_whose_order_it_is(start_server: Start, open_raw: Open) -> None:
    server = await start_server(master_client_id=12)
    owner, master = await connect(open_raw, server, 10), await connect(open_raw, server, 12)
    await arm(server, "omit_reports", times=None, client=12)
    assert await filled(owner) == WHOLE
    assert await master.alive()
    assert kinds(master) == []


async def test_the_nth_report_of_a_kind_can_be_chosen(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "omit_reports", reports=["orderStatus"], on={"sent": "orderStatus", "client": 10, "nth": 2})
    assert await filled(client) == ["5", "3", "11", "5", "59"]
    assert statuses(client) == ["Submitted"]


async def test_a_delayed_report_is_overtaken(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "delay_reports", reports=["execDetails"], ms=40, order_id=1)
    client.place(1)
    await has(client, "11")
    assert kinds(client) == ["5", "3", "5", "3", "59", "11"]


async def test_reports_are_doubled(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "duplicate_reports", reports=["execDetails"], copies=2)
    assert await filled(client) == ["5", "3", "11", "11", "11", "5", "3", "59"]
    first, *copies = [fields for fields in client.frames if fields[0] == "11"]
    assert all(copy == first for copy in copies)


async def test_reports_are_sent_in_the_opposite_order(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "reorder_reports", window=6)
    assert await filled(client) == WHOLE[::-1]
    await arm(server, "reorder_reports", window=99, wait_ms=250)
    assert await filled(client, 2) == []
    await has(client, "5")
    assert kinds(client)[:6] == WHOLE[::-1]


async def test_a_commission_comes_late(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "late_commission", ms=250, times=2)
    assert await filled(client) == WHOLE[:5]
    client.send(7, 3, 9, 0, "", "", "", "", "", "")
    await has(client, "55")
    assert kinds(client).count("59") == 0
    await has(client, "59")


@pytest.mark.parametrize("size", [1, 7])
async def test_frames_arrive_in_pieces(start_server: Start, open_raw: Open, size: int) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "fragment", bytes=size, client=10)
    client.frames.clear()
    client.place(1)
    data = await client.reader.read(1 << 16)
    assert 0 < len(data) < 100  # not the six frames at once
    client._buffer.feed(data)
    await client.until(lambda fields: fields[0] == "59")


async def test_a_fault_lasts_as_long_as_it_is_told(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    await arm(server, "mute", messages=["currentTime"], for_ms=50)
    client.send(49, 1)
    began = time.monotonic()
    while (await state(server))[0] == "active":
        assert time.monotonic() - began < 5
    assert await client.alive()
    assert kinds(client) == []


async def test_nothing_stands_in_the_way_once_every_fault_is_over(start_server: Start, open_raw: Open) -> None:
    server = await start_server()
    client = await connect(open_raw, server)
    [session] = server.simulation.connections.values()
    assert session.outlet is None
    assert not server.simulation.faults.listening
    await arm(server, "latency", ms=1)
    assert session.outlet is not None
    assert server.simulation.faults.listening
    assert await client.alive()
    await admin_call_async(server.admin_port, "clear_faults")
    assert await client.alive()
    assert session.outlet is None
    assert not server.simulation.faults.listening
    assert [(fault["id"], fault["state"], fault["ms"]) for fault in await listed(server)] == [(1, "cleared", 1.0)]

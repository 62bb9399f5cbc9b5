"""`GET /status` from what control and portfolio push, and one upstream for every reader of the status stream."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from hedgerow.api.portfolio.v1 import portfolio_pb2
from hedgerow.settings import Settings
from tests.integration.gateway.scripted import ScriptedSystem, position, scripted_system, status
from tests.integration.service_process import until

READERS = 200
MB = 1 << 20


@pytest.fixture
async def system(tmp_path: Any) -> AsyncIterator[ScriptedSystem]:
    async with scripted_system(tmp_path) as system:
        yield system


async def shows(system: ScriptedSystem, **wanted: Any) -> dict[str, Any]:
    async def found() -> dict[str, Any] | None:
        tree = await system.gateway.status()
        return tree if all(tree[key] == value for key, value in wanted.items()) else None

    tree: dict[str, Any] = await until(found, f"/status shows {wanted}")
    return tree


async def test_the_status_is_flat_and_in_plain_numbers(system: ScriptedSystem) -> None:
    await until(lambda: system.control.watchers == 1, "control is watched")
    tree = await shows(system, status_lamp="green", accounts_fetched_at=7)
    assert tree["self_check"] == "ok"
    assert tree["stale"] is False
    assert tree["broker_mode"] == "sim"
    (strategy,) = tree["strategies"]
    assert strategy["strategy"] == "goog"
    assert strategy["run_id"] == "run-1", "what control says is newer than the snapshot"
    assert strategy["ts"] == 2**60 + 1, "ns survive"
    assert strategy["heartbeat_ts"] == 2**60
    assert strategy["daily_hedge_count"] == 3
    assert strategy["net_delta"] == -1.5
    assert tree["services"] == [{"service": "risk", "serving": True, "detail": "", "last_seen_ts": 9}]
    assert tree["accounts"][0]["account"] == "SIM0000001"
    (held,) = tree["positions"]
    assert (held["instrument"], held["quantity"], held["mark_price"], held["owner"]) == ("GOOG", -100, 700.25, "goog")


async def test_a_push_is_seen_by_the_next_request(system: ScriptedSystem) -> None:
    await shows(system, status_lamp="green")
    system.control.publish(status("RED"))
    tree = await shows(system, status_lamp="red")
    assert tree["block_reasons"] == ["DATA_STALE", "NO_MEANING"]
    assert tree["reasons"][0].startswith("DATA_STALE: ")
    system.portfolio.events.publish(portfolio_pb2.StreamPositionsResponse(position=position("GOOG", -50, "701.5")))
    await until(lambda: positions(system, -50), "the new position is shown")


async def positions(system: ScriptedSystem, quantity: int) -> bool:
    return [each["quantity"] for each in (await system.gateway.status())["positions"]] == [quantity]


async def test_one_strategy_can_be_asked_for(system: ScriptedSystem) -> None:
    await shows(system, status_lamp="green")
    client = system.gateway.client
    assert [each["strategy"] for each in (await client.get("/status?strategy=goog")).json()["strategies"]] == ["goog"]
    refused = await client.get("/status?strategy=aapl")
    assert refused.status_code == 400
    assert "goog" in refused.json()["message"]
    assert (await client.get("/status?strategi=goog")).status_code == 400


async def test_a_quiet_control_is_not_a_lost_one(system: ScriptedSystem) -> None:
    first = await shows(system, stale=False)
    await until(lambda: newer(system, first["ts"]), "the time goes on by heartbeats alone")
    assert (await system.gateway.client.get("/readyz")).status_code == 200


async def newer(system: ScriptedSystem, ts: int) -> bool:
    return int((await system.gateway.status())["ts"]) > ts


async def test_a_control_that_falls_silent_turns_the_lamp_red(system: ScriptedSystem) -> None:
    await shows(system, status_lamp="green")
    system.control.silent = True
    tree = await shows(system, stale=True, status_lamp="red", self_check="blocked")
    assert tree["block_reasons"] == ["CONTROL_UNREACHABLE"]
    assert tree["strategies"], "what it said last is still there"
    assert (await system.gateway.client.get("/readyz")).status_code == 503
    assert (await system.gateway.client.get("/v1/status:watch")).status_code == 503
    assert (await system.gateway.client.get("/healthz")).status_code == 200
    system.control.silent = False
    system.control.publish(status())
    await shows(system, stale=False, status_lamp="green")


async def test_a_control_that_dies_is_followed_again(system: ScriptedSystem) -> None:
    await shows(system, stale=False)
    url = f"{system.gateway.websocket_url}/v1/status:watch"
    async with connect(url, proxy=None) as reader:
        await reader.recv()
        await system.servers["control"].stop(None)
        while "error" not in (message := json.loads(await reader.recv())):
            assert "result" in message
        assert message["error"]["details"][0]["reason"] == "CONTROL_UNREACHABLE"
        with pytest.raises(ConnectionClosedError):
            await reader.recv()
        assert reader.close_code == 1011
    await shows(system, stale=True)
    await system.serve("control", Settings.read(system.gateway.state.settings_file))
    await shows(system, stale=False)


async def test_all_readers_share_one_watch(system: ScriptedSystem) -> None:
    await shows(system, stale=False)
    url = f"{system.gateway.websocket_url}/v1/status:watch"
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(connect(url, proxy=None)) for _ in range(10)]
        for reader in readers:
            assert json.loads(await reader.recv())["result"]["status"]["statusLamp"] == "STATUS_LAMP_GREEN"
        system.control.publish(status("RED"))
        for reader in readers:
            while "RED" not in (message := str(await reader.recv())):
                assert set(json.loads(message)["result"]) == {"heartbeat"}
    assert system.control.watched == 1


def stalled_reader(system: ScriptedSystem) -> socket.socket:
    """A WebSocket opened by hand that never reads: what the kernel holds for it is all it takes."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 10)
    reader.connect(("127.0.0.1", system.gateway.port))
    reader.sendall(
        b"GET /v1/status:watch HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    return reader


async def push(system: ScriptedSystem, count: int) -> float:
    """Publishes changes as fast as control ever does, each seen by a request; the gateway's processor time, s."""
    used = system.gateway.cpu_s()
    for number in range(count):
        system.control.publish(status(size=20_000, spot=float(number)))
        await until(lambda wanted=float(number): spot(system, wanted), "the change is shown")
    return system.gateway.cpu_s() - used


async def spot(system: ScriptedSystem, wanted: float) -> bool:
    return bool((await system.gateway.status())["strategies"][0]["spot"] == wanted)


async def open_streams(system: ScriptedSystem) -> float:
    text = (await system.gateway.client.get("/metrics")).text
    line = next(line for line in text.splitlines() if line.startswith("hedgerow_gateway_open_streams{"))
    return float(line.rpartition(" ")[2])


async def test_stalled_readers_cost_bounded_memory_and_no_time(system: ScriptedSystem) -> None:
    await shows(system, stale=False)
    alone = await push(system, 100)
    before = system.gateway.memory()
    readers = [stalled_reader(system) for _ in range(READERS)]
    try:
        await until(lambda: has_open(system, READERS), "all are open")
        await push(system, 60)  # until nothing more fits between the gateway and any of them
        stalled = await push(system, 100)
        grown = system.gateway.memory() - before
        print(f"{grown / MB:.1f} MB, {stalled:.2f} s against {alone:.2f} s")
        assert grown < READERS * MB / 4
        assert stalled < alone + 0.5
        await until(lambda: has_open(system, 0), "all are given up", 40.0)
    finally:
        for reader in readers:
            reader.close()
    assert system.control.watched == 1


async def has_open(system: ScriptedSystem, count: int) -> bool:
    return await open_streams(system) == count

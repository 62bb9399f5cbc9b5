"""The gateway's process: how it starts, refuses, answers a hostile network, and ends."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gateway.main import NICER
from hedgerow.cli.supervisor import is_serving
from hedgerow.settings import GatewaySettings, Settings
from tests.integration.gateway.gateway_process import GatewayProcess
from tests.integration.gateway.scripted import TWO, gateway_state
from tests.integration.service_process import until

KEY = "a-key-of-16-chars-and-more"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    """A gateway alone: nobody it could ask is there."""
    process = GatewayProcess(gateway_state(tmp_path_factory.mktemp("alone") / "state", TWO))
    yield await process.start()
    await process.close()


@pytest.fixture(scope="module")
async def locked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    """One that asks for a key, listens on every address and is called by a name."""
    section = GatewaySettings(allowed_hosts=("trading.lan",))
    state = gateway_state(tmp_path_factory.mktemp("locked") / "state", gateway=section)
    listen(state.settings_file, "0.0.0.0")
    process = GatewayProcess(state, HEDGEROW_API_KEY=KEY)
    yield await process.start()
    await process.close()


def listen(settings_file: Path, host: str) -> None:
    tree = json.loads(settings_file.read_text())
    tree["endpoints"]["gateway"]["host"] = host
    settings_file.write_text(json.dumps(tree))


async def raw(process: GatewayProcess, data: bytes) -> bytes:
    """What comes back for bytes as they are."""
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(4096), 10)
    finally:
        writer.close()


async def test_alone_it_is_alive_and_not_ready(gateway: GatewayProcess) -> None:
    assert (await gateway.client.get("/healthz")).json() == {"status": "alive"}
    assert (await gateway.client.get("/readyz")).status_code == 503
    assert is_serving("127.0.0.1", gateway.port, "gateway")
    status = await gateway.status()
    assert (status["status_lamp"], status["block_reasons"]) == ("red", ["CONTROL_UNREACHABLE"])
    assert status["stale"] is True


async def test_it_ranks_below_the_order_path(gateway: GatewayProcess) -> None:
    assert gateway.process is not None
    assert os.getpriority(os.PRIO_PROCESS, gateway.process.pid) == os.getpriority(os.PRIO_PROCESS, 0) + NICER


async def test_what_asks_a_service_is_503_while_it_is_away(gateway: GatewayProcess) -> None:
    for path in (
        "/v1/status",
        "/v1/portfolio",
        "/operations",
        "/v1/strategy?strategy=goog",
        "/v1/quotes:stream?instrument_ids=GOOG",
    ):
        answer = await gateway.client.get(path)
        assert answer.status_code == 503, path
        assert answer.json()["code"] == 14
        assert "cannot be reached" in answer.json()["message"]
    assert (await gateway.client.post("/control/pause", json={"strategy": "goog"})).status_code == 503


async def test_several_strategies_want_a_name(gateway: GatewayProcess) -> None:
    for answer in (await gateway.client.get("/v1/decisions"), await gateway.client.post("/control/pause")):
        assert answer.status_code == 400
        assert "goog, aapl" in answer.json()["message"]


async def test_answers_carry_security_headers(gateway: GatewayProcess) -> None:
    for path in ("/status", "/healthz", "/", "/nothing"):
        headers = (await gateway.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
        assert headers["cache-control"] in ("no-store", "no-cache")


async def test_a_page_elsewhere_steers_nothing(gateway: GatewayProcess) -> None:
    attempts: list[dict[str, str]] = [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {**JSON, "Origin": "https://evil.example"},
        {**JSON, "Origin": "null"},
        {**JSON, "Origin": f"http://127.0.0.1:{gateway.port + 1}"},
        {**JSON, "Host": "evil.example"},
        {**JSON, "Host": f"evil.example:{gateway.port}", "Origin": f"http://evil.example:{gateway.port}"},
        {**JSON, "Sec-Fetch-Site": "cross-site"},
    ]
    for headers in attempts:
        answer = await gateway.client.post("/control/stop", content=b"{}", headers=headers)
        assert answer.status_code == 403, headers
        assert answer.json()["code"] == 7
    assert not (gateway.state.store_dir / "control.db").exists(), "no stop was written"


async def test_rebinding_reads_nothing(gateway: GatewayProcess) -> None:
    for path in ("/", "/status", "/v1/status", "/metrics", "/healthz", "/assets/page.js"):
        assert (await gateway.client.get(path, headers={"Host": "evil.example"})).status_code == 403
    answer = await raw(gateway, b"GET /status HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403")
    assert (await raw(gateway, b"GET /status HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 403")


async def test_a_page_elsewhere_opens_no_websocket(gateway: GatewayProcess) -> None:
    url = f"{gateway.websocket_url}/v1/status:watch"
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}):
        with pytest.raises(InvalidStatus) as caught:
            await connect(url, additional_headers=headers, proxy=None)
        assert caught.value.response.status_code == 403
    with pytest.raises(InvalidStatus) as caught:
        await connect(
            f"ws://evil.example:{gateway.port}/v1/status:watch", host="127.0.0.1", port=gateway.port, proxy=None
        )
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /status HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"BREW /status HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
    ],
)  # fmt: skip
async def test_what_is_no_request_is_refused_and_nothing_more(gateway: GatewayProcess, data: bytes) -> None:
    answer = await raw(gateway, data)
    assert answer.startswith(b"HTTP/1.1 4"), answer
    assert (await gateway.client.get("/healthz")).status_code == 200


async def write_for_ever(writer: asyncio.StreamWriter) -> None:
    for _ in range(2000):
        writer.write(b"a" * 4096)
        await writer.drain()
        await asyncio.sleep(0)


async def test_an_endless_head_is_cut(gateway: GatewayProcess) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"GET /status HTTP/1.1\r\nHost: localhost\r\nX-Endless: ")
    with pytest.raises(ConnectionError):
        await write_for_ever(writer)
    writer.close()
    del reader
    assert gateway.memory() < 300 << 20


async def test_metrics_count_by_route_and_never_by_what_a_stranger_asks(gateway: GatewayProcess) -> None:
    for number in range(3):
        await gateway.client.get(f"/v1/orders/{number}")
        await gateway.client.get(f"/scan/{number}.php")
        await gateway.client.request(f"SCAN{'N' * number}", "/status")
    text = (await gateway.client.get("/metrics")).text
    assert 'hedgerow_gateway_requests_total{code="503",method="GET",route="/v1/orders/{client_order_id}"} 3.0' in text
    assert 'hedgerow_gateway_requests_total{code="404",method="GET",route="unmatched"}' in text
    assert "scan" not in text.lower()
    assert "hedgerow_gateway_request_duration_seconds_bucket" in text


async def test_the_document_of_the_api_is_served(gateway: GatewayProcess) -> None:
    document = (await gateway.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert "/v1/status" in document["paths"]


async def test_an_open_address_without_a_key_is_refused(tmp_path: Path) -> None:
    state = gateway_state(tmp_path / "state")
    listen(state.settings_file, "0.0.0.0")
    process = GatewayProcess(state)
    code, said = await process.refused()
    await process.close()
    assert code == 2
    assert "endpoints.gateway.host" in said
    assert "gateway.api_key_file" in said
    assert "Traceback" not in said


async def test_a_taken_port_is_named(gateway: GatewayProcess) -> None:
    process = GatewayProcess(gateway.state)
    code, said = await process.refused()
    await process.close()
    assert code == 2
    assert "endpoints.gateway.port" in said
    assert str(gateway.port) in said


async def test_a_strategy_nobody_can_find_is_refused(tmp_path: Path) -> None:
    state = gateway_state(tmp_path / "state", TWO)
    tree = json.loads(state.settings_file.read_text())
    del tree["endpoints"]["strategy-aapl"]
    state.settings_file.write_text(json.dumps(tree))
    process = GatewayProcess(state)
    code, said = await process.refused()
    await process.close()
    assert code == 2
    assert "endpoints.strategy-aapl" in said


async def test_with_a_key_nothing_but_page_and_health_is_open(locked: GatewayProcess) -> None:
    assert (await locked.client.get("/healthz")).status_code == 200
    assert (await locked.client.get("/readyz")).status_code == 503
    assert (await locked.client.get("/")).status_code in (200, 404)
    for path in ("/status", "/v1/status", "/metrics", "/openapi.json", "/operations", "/nothing"):
        answer = await locked.client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (await locked.client.post("/control/stop")).status_code == 401
    for headers in ({"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}):
        assert (await locked.client.get("/status", headers=headers)).status_code == 200


async def test_names_allowed_are_answered(locked: GatewayProcess) -> None:
    headers = {"X-API-Key": KEY, "Host": f"trading.lan:{locked.port}"}
    assert (await locked.client.get("/status", headers=headers)).status_code == 200
    assert (await locked.client.get("/status", headers={**headers, "Host": "other.lan"})).status_code == 403


async def test_a_browser_brings_the_key_in_the_subprotocol(locked: GatewayProcess) -> None:
    url = f"{locked.websocket_url}/v1/status:watch"
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, proxy=None)
    assert caught.value.response.status_code == 401
    encoded = base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("=")
    protocols = ["hedgerow", f"key.{encoded}"]
    async with connect(url, subprotocols=protocols, origin=f"http://127.0.0.1:{locked.port}", proxy=None) as reader:  # type: ignore[arg-type]
        assert reader.subprotocol == "hedgerow"
        assert "error" in json.loads(await reader.recv()), "control is away, and that is said"


async def test_the_key_is_in_no_log(locked: GatewayProcess) -> None:
    await locked.client.get("/status", headers={"X-API-Key": KEY})
    assert KEY not in (locked.state.logs_dir / "gateway.log").read_text()


async def test_sigterm_ends_it_with_its_readers(tmp_path: Path) -> None:
    process = await GatewayProcess(gateway_state(tmp_path / "state")).start()
    run_file = process.state.run_dir / "gateway.json"
    assert process.process is not None
    assert json.loads(run_file.read_text())["pid"] == process.process.pid
    with socket.create_connection(("127.0.0.1", process.port)) as idle:
        idle.sendall(b"POST /control/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n")
        assert await process.stop() == 0
    assert not run_file.exists()
    await process.close()


async def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys; sys.stdin.read()", stdin=asyncio.subprocess.PIPE
    )
    process = GatewayProcess(gateway_state(tmp_path / "state"))
    child = await process.spawn("--parent", str(parent.pid))
    await until(lambda: (process.state.run_dir / "gateway.json").exists(), "it serves")
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    assert await asyncio.wait_for(child.wait(), 10) == 0
    await process.close()


async def test_the_page_is_served_as_it_is_built(gateway: GatewayProcess) -> None:
    answer = await gateway.client.get("/")
    dist = Path(__file__).parents[3] / "gateway" / "web" / "dist" / "index.html"
    if dist.is_file():
        assert answer.text == dist.read_text()
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    else:
        assert answer.status_code == 404
        assert answer.json()["details"][0]["reason"] == "PAGE_NOT_BUILT"
    assert (await gateway.client.post("/", content=b"")).status_code == 405
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{gateway.url}/assets/%2e%2e/index.html")).status_code == 404
    assert os.environ.get("HEDGEROW_API_KEY") is None
    assert Settings.read(gateway.state.settings_file).gateway.api_key_file is None

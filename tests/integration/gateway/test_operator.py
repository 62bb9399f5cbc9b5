"""The operator's commands and operations over HTTP, before a real control and after it is gone."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hedgerow.domain.command import CommandKind
from hedgerow.settings import StatusSettings, TimingSettings
from hedgerow.store.commands import list_commands
from tests.integration.gateway.gateway_process import GatewayProcess
from tests.integration.gateway.scripted import STRATEGIES, TWO, gateway_state
from tests.integration.service_process import ServiceProcess, until


class Operator:
    """A gateway and a control, both real."""

    def __init__(self, gateway: GatewayProcess, control: ServiceProcess) -> None:
        self.gateway, self.control = gateway, control

    async def send(self, name: str, **body: Any) -> httpx.Response:
        """POST /control/NAME."""
        return await self.gateway.client.post(f"/control/{name}", json=body)

    async def ready(self) -> bool:
        """Whether the gateway hears control."""
        return (await self.gateway.client.get("/readyz")).status_code == 200


async def started(root: Path, strategies: str) -> AsyncIterator[Operator]:
    timing = TimingSettings(stream_heartbeat_s=0.1, rpc_timeout_s=3.0)
    state = gateway_state(root, strategies, timing=timing, status=StatusSettings(heartbeat_interval_s=0.1))
    operator = Operator(GatewayProcess(state), ServiceProcess("control", state))
    try:
        await asyncio.gather(operator.gateway.start(), operator.control.start())
        await until(operator.ready, "the gateway hears control")
        yield operator
    finally:
        await operator.gateway.close()
        await operator.control.close()


@pytest.fixture(scope="module")
async def operator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operator]:
    async for each in started(tmp_path_factory.mktemp("one") / "state", STRATEGIES):
        yield each


@pytest.fixture(scope="module")
async def two(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operator]:
    async for each in started(tmp_path_factory.mktemp("two") / "state", TWO):
        yield each


@pytest.mark.parametrize("name", ["stop", "pause", "resume", "flatten"])
async def test_a_command_is_recorded(operator: Operator, name: str) -> None:
    before = time.time_ns()
    answer = await operator.gateway.client.post(f"/control/{name}")
    assert answer.status_code == 200, answer.text
    command = answer.json()
    assert set(command) == {
        "command_id", "sequence", "kind", "strategy", "run_id", "actor", "reason", "ts", "ack_ts", "outcome",
    }  # fmt: skip
    assert (command["kind"], command["strategy"], command["actor"]) == (name.upper(), "goog", "http 127.0.0.1")
    assert before <= command["ts"] <= time.time_ns()
    assert command["ack_ts"] is None
    (recorded,) = [
        each for each in list_commands(operator.gateway.state.store_dir) if each.command_id == command["command_id"]
    ]
    assert recorded.kind is CommandKind(name.upper())
    over_rpc = (await operator.gateway.client.get(f"/v1/commands/{command['command_id']}")).json()["command"]
    assert over_rpc["sequence"] == str(command["sequence"])


async def test_a_command_says_who_and_why_and_is_sent_once(operator: Operator) -> None:
    body = {"command_id": "mine", "actor": "ada", "reason": "lunch", "run_id": "", "strategy": "goog"}
    first = (await operator.send("pause", **body)).json()
    assert (first["actor"], first["reason"]) == ("ada", "lunch")
    assert (await operator.send("pause", **body)).json()["sequence"] == first["sequence"]
    other = await operator.send("resume", **body)
    assert other.status_code == 409
    assert other.json()["code"] == 6


async def test_flatten_carries_its_options(operator: Operator) -> None:
    sent = await operator.send("flatten", command_id="flat", to="zero", include_options=True)
    assert sent.status_code == 200
    flat = (await operator.gateway.client.get("/v1/commands/flat")).json()["command"]["flatten"]
    assert flat == {"target": "FLATTEN_TARGET_ZERO", "includeOptions": True}


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("pause", b'{"why": "x"}', "why"),
        ("pause", b'{"to": "zero"}', "to"),
        ("pause", b'{"reason": 5}', "reason"),
        ("pause", b'{"reason": "a\\nb"}', "reason"),
        ("pause", b'{"strategy": "aapl"}', "strategy"),
        ("pause", b"[]", "body"),
        ("pause", b"{", "body"),
        ("pause", b'{"actor": "' + b"a" * 65 + b'"}', "actor"),
        ("pause", b'{"command_id": "' + b"a" * 65 + b'"}', "command_id"),
        ("flatten", b'{"to": "up"}', "to"),
        ("kill", b'{"account": 1}', "account"),
        ("stop", b'{"account": "SIM1"}', "account"),
        ("flatten", b'{"to": 0}', "to"),
        ("flatten", b'{"include_options": "yes"}', "include_options"),
        ("flatten", b'{"to": "neutral", "include_options": true}', "flatten.include_options"),
    ],
)
async def test_a_wrong_command_names_the_field_and_records_nothing(
    operator: Operator, name: str, body: bytes, field: str
) -> None:
    before = len(list_commands(operator.gateway.state.store_dir))
    headers = {"Content-Type": "application/json"}
    answer = await operator.gateway.client.post(f"/control/{name}", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    violations = [each for each in answer.json()["details"] if "fieldViolations" in each]
    assert violations[0]["fieldViolations"][0]["field"] == field
    assert len(list_commands(operator.gateway.state.store_dir)) == before


async def test_commands_are_posted(operator: Operator) -> None:
    answer = await operator.gateway.client.get("/control/stop")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (await operator.gateway.client.post("/control/fly")).status_code == 404
    assert (await operator.gateway.client.post("/control/pause?strategy=goog")).status_code == 400


async def test_with_several_strategies_one_is_named(two: Operator) -> None:
    refused = await two.send("pause")
    assert refused.status_code == 400
    assert "goog, aapl" in refused.json()["message"]
    assert (await two.send("pause", strategy="aapl")).json()["strategy"] == "aapl"


async def test_operations_are_listed_and_filtered(operator: Operator) -> None:
    await operator.send("pause")
    await operator.send("resume", command_id="listed", actor="ada")
    client = operator.gateway.client
    found = (await client.get("/operations", params={"limit": 1})).json()
    (newest,) = found["operations"]
    assert set(newest) == {
        "operation_id", "ts", "market_ts", "type", "strategy", "instrument", "side", "quantity", "price", "reason",
        "state", "client_order_id", "text",
    }  # fmt: skip
    assert (newest["type"], newest["state"], newest["strategy"]) == ("COMMAND", "RESUME", "goog")
    assert "listed" in newest["text"]
    token = found["next_page_token"]
    assert token
    older = (await client.get("/operations", params={"limit": 1, "page_token": token})).json()["operations"]
    assert older[0]["operation_id"] != newest["operation_id"]
    seconds, rest = divmod(newest["ts"], 10**9)
    for since in (newest["ts"], f"{seconds}.{rest:09d}", newest["ts"] // 10**6):
        later = (await client.get("/operations", params={"since_ts": str(since)})).json()["operations"]
        assert newest["operation_id"] in [each["operation_id"] for each in later]
    assert (await client.get("/operations", params={"until_ts": "2026-01-01T00:00:00Z"})).json()["operations"] == []
    assert (await client.get("/operations", params={"type": "FILL"})).json()["operations"] == []
    assert (await client.get("/operations", params={"strategy": "aapl"})).json()["operations"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("since_ts=yesterday", "since_ts"),
        ("until_ts=-1", "until_ts"),
        ("since_ts=1&since_ts=2", "since_ts"),
        ("type=NOTHING", "type"),
        ("page_token=x", "page_token"),
        ("since=1", "since"),
    ],
)
async def test_a_wrong_filter_is_named(operator: Operator, query: str, field: str) -> None:
    answer = await operator.gateway.client.get(f"/operations?{query}")
    assert answer.status_code == 400, answer.text
    violations = [each for each in answer.json()["details"] if "fieldViolations" in each]
    assert violations[0]["fieldViolations"][0]["field"] == field


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_stop_and_flatten_need_no_control(tmp_path: Path, number: signal.Signals) -> None:
    async for operator in started(tmp_path / "state", STRATEGIES):
        process = operator.control._process
        assert process is not None
        process.send_signal(number)
        for name in ("stop", "flatten", "kill"):
            answer = await operator.send(name, command_id=f"{name}-1", reason="control is gone")
            assert answer.status_code == 200, answer.text
            assert answer.json()["kind"] == name.upper()
            again = await operator.send(name, command_id=f"{name}-1", reason="control is gone")
            assert again.json()["sequence"] == answer.json()["sequence"]
        kinds = [each.kind for each in list_commands(operator.gateway.state.store_dir)]
        assert kinds == [CommandKind.STOP, CommandKind.FLATTEN, CommandKind.KILL]
        pause = await operator.send("pause")
        assert pause.status_code in (503, 504)
        assert (await operator.send("flatten", to="neutral")).status_code in (503, 504)
        assert len(list_commands(operator.gateway.state.store_dir)) == 3
        if number is signal.SIGSTOP:
            process.send_signal(signal.SIGCONT)
    assert json.loads((tmp_path / "state" / "settings.json").read_text())["gateway"]["allowed_hosts"] == []

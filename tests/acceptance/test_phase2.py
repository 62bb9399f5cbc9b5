"""Phase 2 on a whole system: watched and stopped over HTTP; the tests follow each other, the last one stops it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any

import grpc
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2, control_pb2_grpc
from tests.acceptance.reports import checked, rows_of
from tests.system import ROOT, System, is_alive, until

pytestmark = pytest.mark.timeout(600)  # a whole system is started and checked inside the first test
SHOWN = [
    *("TC-2-R-M1b-1", "TC-2-R-M1b-2"),
    *("TC-2-R-M2-1", "TC-2-R-M2-2", "TC-2-R-M2-3"),
    *("TC-2-R-M3-1", "TC-2-R-M3-2", "TC-2-R-M3-3"),
    *("TC-2-R-M4b-1", "TC-2-R-M4b-2"),
    *("TC-2-R-C1b-1", "TC-2-R-C1b-2"),
]


@pytest.fixture(scope="module")
def report(simulated: System) -> dict[str, Any]:
    """One run of `hedgerow check phase2`."""
    return checked(simulated, "phase2", expected=0)


@pytest.mark.parametrize("name", SHOWN)
def test_check_shows(report: dict[str, Any], name: str) -> None:
    row = rows_of(report)[name]
    assert row["result"] == "holds", row["detail"]


def test_check_leaves_out_only_what_people_show(report: dict[str, Any]) -> None:
    skipped = [row["id"] for row in report["results"] if row["result"] != "holds"]
    assert skipped == ["TC-2-DOC"]
    assert report["passes"]


def asked(system: System, path: str) -> tuple[int, Any]:
    """Status code and JSON of a GET, by nothing of ours."""
    try:
        with urllib.request.urlopen(f"{system.http}{path}", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_TC_2_R_M1b_1_status_has_every_key_by_its_name(simulated: System) -> None:
    status = asked(simulated, "/status")[1]
    assert {"status_lamp", "self_check", "block_reasons", "reasons", "ts", "market_ts", "broker_mode", "strategies",
            "services", "positions", "accounts", "accounts_fetched_at", "next_retry_ts"} <= set(status)  # fmt: skip
    (one,) = status["strategies"]
    assert {"strategy", "run_id", "heartbeat_ts", "daemon_state", "trading_fsm_state", "hedge_fsm_state",
            "trading_state", "spot", "net_delta", "stock_position", "daily_pnl", "config",
            "config_hash"} <= set(one)  # fmt: skip
    assert one["config"]["name"] == simulated.strategy
    assert {row["service"]: row["serving"] for row in status["services"]} == dict.fromkeys(
        set(simulated.settings.endpoints) - {"gateway"}, True
    )


def test_TC_2_R_M1b_2_the_heartbeat_moves_on(simulated: System) -> None:
    first = asked(simulated, "/status")[1]["strategies"][0]["heartbeat_ts"]
    until(
        lambda: asked(simulated, "/status")[1]["strategies"][0]["heartbeat_ts"] > first + 2e9, "two seconds of it", 10
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [("TC-2-R-M2-1", "self_check"), ("TC-2-R-M2-3", "block_reasons"), ("TC-2-R-M3-1", "status_lamp")],
)
def test_status_and_sink_say_the_same(simulated: System, name: str, key: str) -> None:
    def same() -> bool:
        one = asked(simulated, "/status")[1]["strategies"][0]
        return bool(one[key] == simulated.snapshot()[key])

    until(same, f"{name}: {key} the same in both", 10)


def commanded(system: System, kind: str) -> None:
    """Sends a command over HTTP and waits until it is done."""
    request = urllib.request.Request(f"{system.http}/control/{kind}", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        command_id = json.load(answer)["command_id"]

    def done() -> bool:
        return str(asked(system, f"/v1/commands/{command_id}")[1]["command"].get("outcome", "")).startswith("done")

    until(done, f"{kind} done", 20)


def told(system: System) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Lamp and reasons of the strategy by every way there is to ask for them."""
    name, lamps = system.strategy, ("green", "yellow", "red")
    stub = control_pb2_grpc.ControlServiceStub(grpc.insecure_channel(f"127.0.0.1:{system.ports['control']}"))
    (rpc,) = stub.GetStatus(control_pb2.GetStatusRequest(), timeout=5).status.strategies
    with urllib.request.urlopen(f"{system.http}/v1/status:watch", timeout=10) as stream:
        (page,) = json.loads(stream.readline())["result"]["status"]["strategies"]
    (short,) = asked(system, "/status")[1]["strategies"]
    with urllib.request.urlopen(f"http://127.0.0.1:{system.metrics['control']}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    value = re.search(rf'^hedgerow_control_strategy_lamp{{strategy="{name}"}} (\S+)$', text, re.MULTILINE)
    assert value is not None
    reasons = re.findall(
        rf'^hedgerow_control_block_reason{{reason="(\w+)",strategy="{name}"}} 1.0$', text, re.MULTILINE
    )
    sink = system.snapshot()
    return {
        "gRPC": (common_pb2.StatusLamp.Name(rpc.status_lamp)[12:].lower(), tuple(sorted(rpc.block_reasons))),
        "page": (page["statusLamp"][12:].lower(), tuple(sorted(page.get("blockReasons", [])))),
        "HTTP": (short["status_lamp"], tuple(sorted(short["block_reasons"]))),
        "metrics": (lamps[int(float(value[1]))], tuple(sorted(reasons))),
        "sink": (sink["status_lamp"], tuple(sorted(sink["block_reasons"]))),
    }


@pytest.mark.parametrize(("kind", "paused"), [("pause", True), ("resume", False)])
def test_TC_2_R_M3_1_lamp_and_reasons_are_the_same_wherever_asked_for(
    simulated: System, kind: str, paused: bool
) -> None:
    commanded(simulated, kind)
    found: list[tuple[str, tuple[str, ...]]] = []

    def same() -> bool:
        found[:] = set(told(simulated).values())
        return len(found) == 1 and ("PAUSED" in found[0][1]) is paused

    until(same, f"one lamp and one set of reasons after {kind}", 20)
    assert found[0][0] == "yellow" or not paused


@pytest.mark.parametrize("query", ["limit=0", "type=NOPE", "since_ts=yesterday", "colour=red"])
def test_TC_2_R_M4b_1_a_wrong_query_is_refused_by_name(simulated: System, query: str) -> None:
    code, answer = asked(simulated, f"/operations?{query}")
    assert code == 400
    assert query.partition("=")[0] in answer["message"]


def test_TC_2_R_M4b_2_fills_are_those_of_execution(simulated: System) -> None:
    fills = simulated.query("execution", "select * from fills order by sequence limit 3")
    since, until_ = fills[0]["receive_ns"], fills[-1]["receive_ns"] + 1
    shown = asked(simulated, f"/operations?type=FILL&since_ts={since}&until_ts={until_}")[1]["operations"]
    assert [(one["client_order_id"], one["side"], float(one["quantity"])) for one in reversed(shown)] == [
        (fill["client_order_id"], fill["side"], float(fill["quantity"])) for fill in fills
    ]


def readme_line(path: str) -> str:
    """The README's first curl line that asks for that path."""
    found = [
        line.strip() for line in (ROOT / "README.md").read_text().splitlines() if re.match(r"    curl .*" + path, line)
    ]
    assert found, f"the README shows no curl for {path}"
    return found[0]


def test_TC_2_DOC_status_lamp_operations_and_stop_as_the_readme_says(simulated: System) -> None:
    if shutil.which("curl") is None:
        pytest.fail("the README's examples need curl: apt-get install curl")
    pids = {name: simulated.pid(name) for name in simulated.ports}
    answers = {}
    for path in ("/status", "/operations", "/control/stop"):
        words = shlex.split(readme_line(path).replace("http://127.0.0.1:8080", simulated.http))
        done = subprocess.run([words[0], "--fail-with-body", *words[1:]], capture_output=True, text=True, timeout=30,
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        answers[path] = json.loads(done.stdout)
    asked_at = time.monotonic()
    assert answers["/status"]["status_lamp"] in ("green", "yellow", "red")
    assert answers["/operations"]["operations"]
    assert answers["/control/stop"]["kind"] == "STOP"
    until(lambda: not is_alive(pids[simulated.daemon]), "the daemon ends", 5)
    assert time.monotonic() - asked_at <= 5
    # After it only the daemon is gone, and the lamp says so by itself.
    until(lambda: asked(simulated, "/status")[1]["status_lamp"] == "yellow", "a yellow lamp", 10)
    status = asked(simulated, "/status")[1]
    assert status["block_reasons"] == ["STOPPED_BY_OPERATOR"]
    assert [name for name, pid in pids.items() if not is_alive(pid)] == [simulated.daemon]

"""Status over real sockets: true with nothing alive, green only when all is well, and never out of date."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.control.v1 import control_pb2
from hedgerow.clock import ClockWriter
from hedgerow.settings import ReplaySettings, Settings, StatusSettings
from hedgerow.state_dir import StateDir
from hedgerow.store.alerts import Alert, lift_alert, raise_alert
from tests.integration.control.conftest import (
    HEARTBEAT_S,
    PROCESSES,
    Daemon,
    Healthy,
    state_of,
    status_of,
    stub_of,
)
from tests.integration.service_process import ServiceProcess, state_with, until
from tests.unit.rpc.test_server import buf_curl

GREEN, YELLOW, RED = common_pb2.STATUS_LAMP_GREEN, common_pb2.STATUS_LAMP_YELLOW, common_pb2.STATUS_LAMP_RED
OTHERS = tuple(name for name in PROCESSES if name not in ("control", "strategy-goog"))


async def lamp_turns(control: ServiceProcess, lamp: int, *reasons: str) -> control_pb2.Status:
    """Waits for that lamp with those block reasons of goog."""

    async def turned() -> control_pb2.Status | None:
        status = await status_of(control)
        found = status.status_lamp == lamp and tuple(status.strategies[0].block_reasons) == reasons
        return status if found else None

    status: control_pb2.Status = await until(turned, f"lamp {lamp} with {reasons}")
    return status


async def test_with_nothing_else_alive_it_says_so(control: ServiceProcess) -> None:
    status = await status_of(control)
    assert (status.status_lamp, status.self_check) == (RED, control_pb2.CHECK_RESULT_BLOCKED)
    assert list(status.strategies[0].block_reasons) == ["HEARTBEAT_MISSING"]
    assert not status.strategies[0].HasField("heartbeat_time")
    assert status.reasons[0] == "HEARTBEAT_MISSING: the daemon's heartbeat is missing or too old"
    assert {service.service: service.serving for service in status.services} == {
        name: name == "control" for name in PROCESSES
    }
    assert {s.detail for s in status.services if s.service != "control"} == {"cannot be reached"}
    assert status.broker_mode == "sim"


async def test_a_foreign_client_sees_that_nothing_is_configured(tmp_path: Path) -> None:
    state = state_with(tmp_path, *PROCESSES[:-1])
    control = await ServiceProcess("control", state).start()
    try:
        address = f"http://127.0.0.1:{control.port}"
        service = "hedgerow.api.control.v1.ControlService"
        assert service in (await buf_curl("--list-services", address)).split()
        status = json.loads(await buf_curl("-d", "{}", f"{address}/{service}/GetStatus"))["status"]
        assert status["statusLamp"] == "STATUS_LAMP_YELLOW"
        assert status["reasons"][0] == "NOT_CONFIGURED: no strategy is configured"
    finally:
        await control.close()


async def test_the_lamp_through_a_day(
    state: StateDir, control: ServiceProcess, daemon: Daemon, healthy: Healthy
) -> None:
    await healthy.start(*OTHERS)
    talking: list[str] = []
    speaking = asyncio.create_task(_beat(daemon, talking))
    try:
        status = await lamp_turns(control, GREEN)
        assert status.self_check == control_pb2.CHECK_RESULT_OK
        assert not status.reasons
        assert (status.strategies[0].run_id, status.strategies[0].snapshot["run_id"]) == ("r1", "r1")
        assert status.strategies[0].heartbeat_time.seconds > 1_600_000_000
        assert all(s.last_seen_time.seconds > 1_600_000_000 for s in status.services if s.service in OTHERS)
        talking.append("WAITING_IB")  # a gateway that is not there is no fault
        await lamp_turns(control, YELLOW, "WAITING_IB")
        talking.clear()
        await lamp_turns(control, GREEN)
        raise_alert(state.root, Alert("REPLAY_DIVERGED", "live/goog", "decision 12 came out otherwise", 1))
        (reason,) = (await lamp_turns(control, YELLOW)).reasons
        assert reason.startswith("REPLAY_DIVERGED live/goog: recorded decisions do not come out the same")
        assert lift_alert(state.root, "REPLAY_DIVERGED", "live/goog")
        await healthy.stop("stats")
        assert "SERVICE_DOWN stats" in (await lamp_turns(control, YELLOW)).reasons[0]
        await healthy.stop("execution")
        assert "ORDER_PATH_DOWN execution" in (await lamp_turns(control, RED)).reasons[0]
        await healthy.start("execution", "stats")
        await lamp_turns(control, GREEN)
    finally:
        speaking.cancel()
        await asyncio.wait([speaking])
    await lamp_turns(control, RED, "HEARTBEAT_MISSING")  # killed: nobody said goodbye
    await daemon.say("STOPPED_BY_OPERATOR", state="STOPPED", age_s=3600)
    await lamp_turns(control, YELLOW, "STOPPED_BY_OPERATOR")


async def _beat(daemon: Daemon, reasons: list[str]) -> None:
    while True:
        await daemon.say(*reasons)
        await asyncio.sleep(HEARTBEAT_S / 5)


async def test_watchers_get_every_turn_heartbeats_and_a_reason_at_the_end(
    control: ServiceProcess, daemon: Daemon
) -> None:
    call: Any = stub_of(control).WatchStatus(control_pb2.WatchStatusRequest())
    first = await call.read()
    assert list(first.status.strategies[0].block_reasons) == ["HEARTBEAT_MISSING"]
    assert (await call.read()).WhichOneof("event") == "heartbeat"

    async def next_status() -> control_pb2.Status:
        while True:
            message = await call.read()
            if message.WhichOneof("event") == "status":
                status: control_pb2.Status = message.status
                return status

    await daemon.say("PAUSED")
    status = await asyncio.wait_for(next_status(), 10)
    assert list(status.strategies[0].block_reasons) == ["PAUSED"]
    status = await asyncio.wait_for(next_status(), 10)  # silence is a change as well
    assert list(status.strategies[0].block_reasons) == ["HEARTBEAT_MISSING"]
    assert await control.stop() == 0
    while (message := await call.read()).WhichOneof("event") == "heartbeat":
        pass
    assert message.closing.reason == "DRAINING"


async def test_a_process_that_hangs_is_down_and_holds_nobody_up(state: StateDir, control: ServiceProcess) -> None:
    taken: list[asyncio.StreamWriter] = []
    port = Settings.read(state.settings_file).endpoints["risk"].port
    mute = await asyncio.start_server(lambda _, writer: taken.append(writer), "127.0.0.1", port)

    async def seen_hanging() -> bool:
        asked = asyncio.get_running_loop().time()
        (risk,) = [service for service in (await status_of(control)).services if service.service == "risk"]
        assert asyncio.get_running_loop().time() - asked < 0.9  # the answer does not wait for it
        return risk.detail in ("does not answer within 1 s", "cannot be reached") and bool(taken) and not risk.serving

    await until(seen_hanging, "a hanging risk is down")
    mute.close()
    for writer in taken:
        writer.close()


async def test_a_damaged_store_is_red_and_says_why(state: StateDir, control: ServiceProcess) -> None:
    (state.store_dir / "strategy-goog.db").write_bytes(b"not a database" * 1000)
    status = await status_of(control)
    assert status.strategies[0].block_reasons[0].startswith("STATUS_UNREADABLE ")
    assert "strategy-goog.db" in status.strategies[0].block_reasons[0]
    (state.store_dir / "strategy-goog.db").unlink()
    assert list((await status_of(control)).strategies[0].block_reasons) == ["HEARTBEAT_MISSING"]


async def test_the_file_sink_is_read_as_well(tmp_path: Path) -> None:
    sink = f"file://{tmp_path}/status.json"
    state = state_of(tmp_path / "state", status=StatusSettings(sink=sink, heartbeat_interval_s=60))
    daemon = Daemon(state, sink=sink)
    control = await ServiceProcess("control", state).start()
    try:
        assert list((await status_of(control)).strategies[0].block_reasons) == ["HEARTBEAT_MISSING"]
        await daemon.say("OUTSIDE_RTH")
        assert list((await status_of(control)).strategies[0].block_reasons) == ["OUTSIDE_RTH"]
        (tmp_path / "status.json").write_text("{")
        assert (await status_of(control)).strategies[0].block_reasons[0].startswith("STATUS_UNREADABLE")
    finally:
        await control.close()
        await daemon.close()


async def test_in_replay_market_time_is_shown_once_there_is_a_clock(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state_of(tmp_path, replay=ReplaySettings(clock_file=state.clock_file))
    control = await ServiceProcess("control", state).start()
    try:
        assert not (await status_of(control)).HasField("market_time")
        ClockWriter(state.clock_file, 1_450_967_400_000_000_000, 60_000_000_000)
        assert (await status_of(control)).market_time.seconds == 1_450_967_400
    finally:
        await control.close()


@pytest.mark.parametrize("module", ["services.control.main", "services.stats.main"])
def test_it_stays_light(module: str, repo_root: Path) -> None:
    script = f"import sys, {module}; print([m for m in ('numba', 'pandas', 'numpy', 'alembic') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True, cwd=repo_root,
        env={"PYTHONPATH": f"{repo_root}/libs:{repo_root}"},
    )  # fmt: skip
    assert found.stdout.strip() == "[]"


async def test_a_port_that_is_taken_is_named(state: StateDir, control: ServiceProcess, tmp_path: Path) -> None:
    other = StateDir(tmp_path / "other").create()
    Settings.read(state.settings_file).dump(other.settings_file)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.control.main", "--state", str(other.root),
        stderr=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )  # fmt: skip
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert b"endpoints.control.port" in err

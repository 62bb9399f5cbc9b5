"""Backtests asked of stats: run in a process of their own, within their folders and limits, gone with who asked."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.api.stats.v1 import stats_pb2, stats_pb2_grpc
from hedgerow.rpc.errors import error_info
from hedgerow.settings_parts import StatsSettings
from hedgerow.store.read import read_rows
from tests.integration.service_process import ServiceProcess, state_with, until

SPEC = """
scenario: {name: quiet, symbol: SIMX, interval_ms: 60000}
strategies:
  - {name: mover, kind: moving_average, account: SIM0000001, underlying: {symbol: SIMX}}
"""
LONG = SPEC.replace("interval_ms: 60000", "interval_ms: 500, days: 200")


@pytest.fixture
async def stats(tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    state = state_with(tmp_path, "stats", stats=StatsSettings(backtest_seconds=240, backtest_mode="plain"))
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "short.yaml").write_text(SPEC)
    (tmp_path / "specs" / "long.yaml").write_text(LONG)
    process = await ServiceProcess("stats", state).start()
    yield process
    await process.close()


def stub(stats: ServiceProcess) -> Any:
    return stats_pb2_grpc.StatsServiceStub(stats.channel)


async def runs(stats: ServiceProcess, **asked: Any) -> list[stats_pb2.Run]:
    return list((await stub(stats).ListRuns(stats_pb2.ListRunsRequest(**asked))).runs)


async def asked_for(stats: ServiceProcess, spec: str, run_id: str = "", *sets: str) -> stats_pb2.Run:
    """Runs it to its end."""
    request = stats_pb2.RunBacktestRequest(spec_path=spec, run_id=run_id, sets=sets)
    *steps, last = [step async for step in stub(stats).RunBacktest(request)]
    assert {step.WhichOneof("payload") for step in steps} <= {"progress", "heartbeat"}
    result: stats_pb2.Run = last.result
    return result


async def refused(stats: ServiceProcess, *asked: str) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await asked_for(stats, *asked)
    info = error_info(error.value)
    assert info is not None
    return error.value.code(), info.metadata.get("key", info.reason)


async def test_a_run_is_told_of_listed_and_compared(stats: ServiceProcess) -> None:
    assert await runs(stats) == []
    one = await asked_for(stats, "short.yaml", "one")
    assert (one.state, one.error, one.run_id) == (stats_pb2.RUN_STATE_DONE, "", "one")
    assert one.ticks > 300
    assert [each.kind for each in one.strategies] == ["moving_average"]
    parts = one.figures.pnl
    whole = parts.gamma + parts.theta + parts.vega + parts.hedging_cost + parts.slippage + parts.commissions
    assert parts.total == pytest.approx(whole, abs=1e-5)
    assert (stats.state.root / "backtests" / "one" / "report.json").is_file()
    two = await asked_for(stats, "short.yaml", "two", "seed=9", "commissions=none")
    assert (two.state, two.error) == (stats_pb2.RUN_STATE_DONE, "")
    assert [run.run_id for run in await runs(stats)] == ["two", "one"]
    assert {run.run_id for run in await runs(stats, order_by="pnl", page_size=2)} == {"one", "two"}
    compared = await stub(stats).CompareRuns(stats_pb2.CompareRunsRequest(run_a="one", run_b="two"))
    assert (compared.run_a, compared.run_b) == (one, two)
    config = {each.key: (each.value_a, each.value_b) for each in compared.differences
              if each.kind == stats_pb2.DIFFERENCE_KIND_CONFIG}  # fmt: skip
    assert config == {"commissions": ('"fixed"', '"none"'), "seed": ("1", "9")}
    assert stats_pb2.DIFFERENCE_KIND_RESULT in {each.kind for each in compared.differences}
    kept = {row["run_id"]: row for row in read_rows(stats.state.store_dir, "stats", "backtest_runs")}
    assert (kept["one"]["state"], kept["two"]["sets"]) == ("DONE", ["seed=9", "commissions=none"])
    assert kept["one"]["config_hash"] == one.config_hash
    assert await refused(stats, "short.yaml", "one") == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")


async def test_what_lies_outside_the_folders_is_refused(stats: ServiceProcess, tmp_path: Path) -> None:
    invalid = (grpc.StatusCode.INVALID_ARGUMENT, "spec_path")
    outside = tmp_path / "outside.yaml"
    outside.write_text(SPEC)
    (tmp_path / "specs" / "link.yaml").symlink_to(outside)
    for path in ("", str(outside), "../outside.yaml", "link.yaml", "/etc/passwd", "nothing.yaml"):
        assert await refused(stats, path) == invalid, path
    assert await refused(stats, "short.yaml", "../one") == (grpc.StatusCode.INVALID_ARGUMENT, "run_id")
    tape = tmp_path / "specs" / "tape.yaml"
    tape.write_text("tapes: [/etc/passwd]\n")
    own = tmp_path / "own.py"
    own.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()")
    named = (
        ("tape.yaml",), ("short.yaml", "tapes=['../x']"), ("short.yaml", f"kind={own}"), ("short.yaml", "kind=os.path"),
    )  # fmt: skip
    for spec, *sets in named:
        ended = await asked_for(stats, spec, "", *sets)
        assert (ended.state, "within" in ended.error) == (stats_pb2.RUN_STATE_FAILED, True), ended.error
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "backtests").exists()


def parent_of(folder: Path) -> int:
    """Of a process by its folder in /proc, 0 when it is gone."""
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def children(pid: int) -> list[Path]:
    """The processes whose parent that is."""
    return [folder for folder in Path("/proc").iterdir() if folder.name.isdigit() and parent_of(folder) == pid]


def lives(child: Path) -> bool:
    """Whether it is there and no zombie."""
    try:
        return (child / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def test_one_at_a_time_and_gone_with_who_asked(stats: ServiceProcess) -> None:
    call = stub(stats).RunBacktest(stats_pb2.RunBacktestRequest(spec_path="long.yaml", run_id="long"))
    assert (await call.read()).WhichOneof("payload") in ("progress", "heartbeat")
    assert [(run.run_id, run.state) for run in await runs(stats)] == [("long", stats_pb2.RUN_STATE_RUNNING)]
    assert await refused(stats, "short.yaml") == (grpc.StatusCode.FAILED_PRECONDITION, "BACKTEST_RUNNING")
    (child,) = children(stats.pid)
    call.cancel()

    async def canceled() -> bool:
        (run,) = await runs(stats)
        return run.state == stats_pb2.RUN_STATE_CANCELED

    await until(canceled, "the run is canceled")
    assert not lives(child)


async def test_who_kills_stats_kills_its_run(stats: ServiceProcess) -> None:
    call = stub(stats).RunBacktest(stats_pb2.RunBacktestRequest(spec_path="long.yaml", run_id="long"))
    await call.read()
    (child,) = children(stats.pid)
    os.kill(stats.pid, 9)
    await until(lambda: not lives(child), "the child ends")

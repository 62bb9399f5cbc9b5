"""A sweep by one process, by several, on a cluster and after a kill: the same rows."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest
import yaml

from hedgerow.backtest.sweep.ledger import NAME
from hedgerow.backtest.sweep.local import LocalSweep
from hedgerow.backtest.sweep.run import run_sweep
from hedgerow.cli.ports import free_ports
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, Unavailable
from tests import sweep_world

DEADLINE_S = 60.0
SIX = ("gates.state.delta.hedge_threshold=20:60:20", "gates.intent.hedge.cooldown_seconds=0,60")


@pytest.fixture(scope="module")
def plan():
    return sweep_world.plan(SIX)


@pytest.fixture(scope="module")
def alone(plan):
    """All combinations, one process."""
    return run_sweep(plan, jobs=1)


def until(true, what):
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:g} s: {what}"
        time.sleep(0.02)


def test_results_are_the_same_whatever_the_number_of_jobs(plan, alone):
    told = []
    two = run_sweep(plan, jobs=2, tell=lambda done, total: told.append((done, total)))
    assert two.rows == alone.rows
    assert len({row.pnl for row in two.rows}) > 1
    assert told == [(done, 6) for done in range(7)]


def test_a_killed_sweep_leaves_nobody_behind_and_goes_on_where_it_was(plan, alone, tmp_path):
    spec, kept = tmp_path / "spec.yaml", tmp_path / "kept"
    spec.write_text(yaml.safe_dump(sweep_world.TREE))
    params = [part for text in SIX for part in ("--param", text)]
    command = [sys.executable, "-m", "hedgerow.cli", "sweep", "--spec", spec, *params, "--plain", "--jobs", "2"]
    process = subprocess.Popen([*command, "--output", kept], stdout=subprocess.DEVNULL)
    ledger = kept / NAME
    until(lambda: ledger.exists() and ledger.read_bytes().count(b"\n") >= 3, "two finished combinations")
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert len(family) >= 2
    until(lambda: not any(each.is_running() and each.status() != "zombie" for each in family), "all have ended")
    before = ledger.read_text().splitlines()
    assert len(before) < 7, "killed before it was done"
    again = run_sweep(plan, output=kept)
    assert again.rows == alone.rows
    after = ledger.read_text().splitlines()
    assert after[: len(before)] == before
    assert sorted(json.loads(line)["number"] for line in after[1:]) == list(range(6))


def test_a_worker_that_dies_is_told(plan):
    with LocalSweep(plan, jobs=2) as local:
        local.header()
        rows = local.rows(list(range(6)))
        next(rows)
        (host,) = [each for each in psutil.Process().children() if "sweep.host" in " ".join(each.cmdline())]
        os.kill(host.children()[0].pid, signal.SIGKILL)
        with pytest.raises(FailedPrecondition, match="a worker process ended"):
            list(rows)


def test_what_the_data_refuse_is_told_by_the_process_that_holds_them(plan):
    other = sweep_world.plan(SIX, sweep_world.spec_of("underlying.symbol=SPY"))
    with pytest.raises(InvalidValue, match=r"underlying\.symbol.*SIMX"):
        run_sweep(other, jobs=1)


def test_the_process_that_forks_has_no_grpc():
    check = "import sys, hedgerow.backtest.sweep.host; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@contextmanager
def cluster():
    """A scheduler and two workers, processes of their own; the scheduler's address."""
    (port,) = free_ports(1)
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    processes = [subprocess.Popen([*dask, "--no-dashboard"], **quiet)]
    try:
        processes += [subprocess.Popen([*worker, "--no-nanny"], **quiet) for _ in range(2)]
        yield address
    finally:
        for process in reversed(processes):  # a worker says goodbye to its scheduler
            process.terminate()
            process.wait()


@pytest.mark.timeout(300)
def test_a_cluster_gives_the_same(plan, alone, tmp_path, monkeypatch):
    monkeypatch.setattr("hedgerow.backtest.sweep.cluster.CONNECT_S", DEADLINE_S)
    with cluster() as address:
        done = run_sweep(plan, scheduler=address, output=tmp_path)
        refused = sweep_world.plan(SIX, sweep_world.spec_of("underlying.symbol=SPY"))
        with pytest.raises(InvalidValue, match=r"underlying\.symbol.*SIMX"):
            run_sweep(refused, scheduler=address)
    assert done.rows == alone.rows
    assert done.header == alone.header


def test_no_scheduler_there(plan, monkeypatch):
    monkeypatch.setattr("hedgerow.backtest.sweep.cluster.CONNECT_S", 1)
    (port,) = free_ports(1)
    with pytest.raises(Unavailable, match="no Dask scheduler answers"):
        run_sweep(plan, scheduler=f"tcp://127.0.0.1:{port}")

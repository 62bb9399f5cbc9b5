"""Systems that trade with another strategy than the gamma scalper: one of ours, and one in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import ROOT, System, until

FILLS = "select side, quantity, price from fills"


def verified(system: System) -> dict[str, object]:
    """What `replay verify` says of the system's session."""
    done = system.run("replay", "verify", "live", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.timeout(240)
def test_a_time_based_hedger_reaches_a_fill_and_its_session_folds_again(tmp_path: Path) -> None:
    sets = ("strategies.0.kind=time_based", "strategies.0.rule.interval_seconds=120")
    with System(tmp_path / "home", "--sim", "--speed", "120", sets=sets) as system:
        until(lambda: system.query("execution", FILLS), "a fill", 90.0)
        snapshot = system.snapshot()
        assert (snapshot["kind"], snapshot["config"]["rule"]) == ("time_based", {"interval_seconds": 120.0})
        assert system.end() == 0
        report = verified(system)
    assert report["divergences"] == 0
    assert int(str(report["decisions"])) > 20


@pytest.mark.timeout(240)
def test_a_strategy_in_its_own_process_trades_over_the_bridge(tmp_path: Path) -> None:
    sets = ("strategies.0.kind=bridge", "strategies.0.rule.answer_ms=2000")
    with System(tmp_path / "home", "--sim", "--speed", "120", sets=sets) as system:
        down = system.await_snapshot("a daemon that waits", lambda s: s["block_reasons"] == ["BRIDGE_DOWN"])
        assert down["status_lamp"] == "red"
        assert not down["bridge"]["connected"]
        client = subprocess.Popen(
            [sys.executable, str(ROOT / "docs/examples/bridge/delta_hedger.py"),
             f"127.0.0.1:{system.ports[system.daemon]}", system.strategy, "--threshold", "5", "--events", "3"],
            env=system.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            said, _ = client.communicate(timeout=120)
        finally:
            client.kill()
        assert client.returncode == 0, said
        assert "order 1 FILLED" in said or "order 1 WORKING" in said or "order 1 PARTIAL" in said, said
        assert until(lambda: system.query("execution", FILLS), "a fill", 30.0)
        alone = system.await_snapshot("the client gone", lambda s: not s["bridge"]["connected"])
        assert alone["bridge"]["answers"] > 0
        assert alone["bridge"]["intact"]
        assert alone["bridge"]["breaks"] == 0
        assert system.end() == 0
        report = verified(system)
    assert report["divergences"] == 0

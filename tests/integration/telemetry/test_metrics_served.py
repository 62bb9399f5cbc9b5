"""What a running system serves at /metrics is documented, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.telemetry.conftest import Watched
from tests.system import ROOT, until

DOCUMENTED = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
LIBRARY = re.compile(r"(process|python)_[a-z_]+")


def addresses(watched: Watched) -> dict[str, str]:
    """Where each process serves its metrics: a port of its own, and the HTTP gateway's only one."""
    system = watched.system
    found = {name: f"http://127.0.0.1:{port}/metrics" for name, port in system.metrics.items()}
    found["gateway"] = f"{system.http}/metrics"
    return {**found, "ibsim": f"http://127.0.0.1:{system.broker_port + 2}/metrics"}


def scraped(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as response:
        text: str = response.read().decode()
    return text


def families(text: str) -> set[str]:
    """Names as declared: the parser takes the _total off a counter."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }


def test_every_process_serves_documented_names_only(watched: Watched) -> None:
    served = {process: families(scraped(address)) for process, address in addresses(watched).items()}
    assert len(served) >= 9
    for process, names in served.items():
        own = {name for name in names if not LIBRARY.fullmatch(name)}
        assert own, process
        assert own <= DOCUMENTED, process
    assert "hedgerow_execution_send_to_ack_seconds" in served["execution"]


def test_a_hedge_is_seen_in_the_histograms_of_its_hops(watched: Watched) -> None:
    def counts() -> dict[str, float]:
        samples: dict[str, float] = {}
        for process in ("execution", "risk", "strategy-gamma-scalper"):
            for line in scraped(addresses(watched)[process]).splitlines():
                name, _, value = line.rpartition(" ")
                if name.endswith("_seconds_count"):
                    samples[name.removesuffix("_count")] = float(value)
        return samples

    hops = (
        "hedgerow_strategy_tick_age_seconds", "hedgerow_strategy_decision_seconds", "hedgerow_risk_check_seconds",
        "hedgerow_execution_risk_seconds", "hedgerow_execution_commit_seconds",
        "hedgerow_execution_intent_to_send_seconds", "hedgerow_execution_send_to_ack_seconds",
    )  # fmt: skip
    until(lambda: all(counts().get(name, 0) > 0 for name in hops), f"a hedge counted in {hops}")


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed; it only repeats the tests above"
)
def test_promtool_agrees(watched: Watched) -> None:
    for process, address in addresses(watched).items():
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=scraped(address), capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, (process, checked.stdout, checked.stderr)

"""`hedgerow conformance`: what it prints, how it ends, and that a foreign environment needs nothing of Hedgerow's."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.cli.conformance import app
from hedgerow.conformance import environments, launch
from hedgerow.conformance.gateway import GatewayHost
from hedgerow.conformance.run import VERSIONS, run_one
from hedgerow.conformance.scenario import Scenario, Scenarios
from hedgerow.conformance.scenarios import SCENARIOS
from hedgerow.conformance.world import World
from hedgerow.domain.errors import FailedPrecondition, HedgerowError, Unavailable

STANDALONE = Path(launch.__file__).with_name("standalone.py")


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hedgerow.cli", "conformance", *arguments], capture_output=True, text=True, timeout=100
    )


def test_names_are_unique_and_every_scenario_says_what_it_is() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    for scenario in SCENARIOS:
        assert scenario.about.endswith("."), scenario.name
        assert "unverified: " in scenario.detail
        assert "simulated: " in scenario.detail
    assert sum(bool(scenario.complaint) for scenario in SCENARIOS) >= 50


def test_a_foreign_environment_needs_the_standard_library_only() -> None:
    """No site-packages at all: what `-S` can import needs neither Hedgerow's dependencies nor an IB library."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", STANDALONE, "--client", "ibapi", "--list"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["scenario"] for line in done.stdout.splitlines()] == [s.name for s in SCENARIOS]


def test_json_is_alone_on_stdout() -> None:
    done = _command("--only", "completed_orders_have_no_ids", "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    [client] = environments.installed()
    assert [(r["client"], r["server_version"]) for r in results] == [(client, v) for v in VERSIONS[client]]
    for result in results:
        assert list(result) == ["scenario", "client", "server_version", "passed", "detail"]
        assert result["passed"] is True
        assert "complaint: completedOrder carries neither orderId nor clientId" in result["detail"]
        assert "documented behaviour shown: " in result["detail"]
        assert "work-around holds: " in result["detail"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--client", "ibkr"], "--client"),
        (["--only", "no such scenario"], "--only"),
        (["--server-version", "158"], "--server-version"),
        (["--client", "all", "--python", sys.executable], "--python"),
        (["--client", "ibapi", "--python", sys.executable], "ibapi==9.81.1.post1"),
        (["--client", "ibapi", "--python", "/nowhere/python"], "does not start"),
    ],
)
def test_bad_input_names_what_is_wrong(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, HedgerowError)
    assert told in str(done.exception)
    assert done.stdout == ""


def test_bad_input_is_one_line_and_exit_code_2() -> None:
    done = _command("--client", "ibkr")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "ib_insync, ib_async, ibapi, all" in done.stderr


def test_a_missing_environment_names_the_command_that_makes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environments, "folder", lambda: tmp_path)
    with pytest.raises(FailedPrecondition, match="make clients"):
        environments.python_for("ibapi")
    monkeypatch.setattr(environments, "_is_checkout", lambda: False)
    with pytest.raises(FailedPrecondition, match=r"-m venv .* -m pip install ibapi==9\.81\.1\.post1"):
        environments.python_for("ibapi")
    # one made for another version counts as missing
    python = environments.made("ibapi")
    python.parent.mkdir(parents=True)
    python.touch()
    (tmp_path / "ibapi" / ".requirement").write_text("ibapi==9.76.1")
    assert not environments.is_current("ibapi")
    (tmp_path / "ibapi" / ".requirement").write_text(environments.REQUIREMENTS["ibapi"])
    assert environments.python_for("ibapi") == python


def test_a_failing_scenario_is_a_result_with_its_reason() -> None:
    def fails(world: World) -> None:
        """Expects what is not."""
        assert world.library == "another", "it is not another"

    [client] = environments.installed()
    host = GatewayHost(sys.executable)
    result = run_one(Scenario("fails", "Expects what is not.", fails), client, 157, host)
    assert (result["scenario"], result["passed"]) == ("fails", False)
    assert "it is not another" in str(result["detail"])
    assert "unverified: " in str(result["detail"])
    host.close()


def test_a_failing_scenario_is_exit_code_1(tmp_path: Path) -> None:
    """An environment whose IB library is an empty module: every scenario fails, with its reason."""
    [client] = environments.installed()
    venv.create(tmp_path / "environment")
    [packages] = (tmp_path / "environment").glob("lib/python*/site-packages")
    (packages / f"{client}.py").write_text("")
    python = tmp_path / "environment" / "bin" / "python"
    done = _command("--client", client, "--python", str(python), "--only", "quotes_stream", "--json")
    assert done.returncode == 1, done.stderr
    results = json.loads(done.stdout)
    assert [result["passed"] for result in results] == [False, False]
    assert "AttributeError" in results[0]["detail"]


def test_a_runner_that_breaks_off_is_told(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 7\n")
    python.chmod(0o755)
    with pytest.raises(Unavailable, match="ended with 7"):
        list(launch.results("ibapi", python))


def test_a_runner_that_hangs_is_ended(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 1000\n")
    python.chmod(0o755)
    with pytest.raises(Unavailable, match="after the start"):
        list(launch.results("ibapi", python, silence_s=0.2))


def test_a_scenario_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="docstring"):
        Scenarios().conduct(lambda world: None)


def test_the_list_needs_no_client() -> None:
    done = CliRunner().invoke(app, ["--list", "--json"])
    assert done.exit_code == 0
    assert [row["scenario"] for row in json.loads(done.stdout)] == [scenario.name for scenario in SCENARIOS]

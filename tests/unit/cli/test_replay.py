"""`hedgerow replay`: what people and scripts are shown, what is remembered, and what raises an alert."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hedgerow.cli.main import app
from hedgerow.cli.replay_nightly import TEXTFILE
from hedgerow.cli.replay_verify import COMPILED_FROM, mode_for
from hedgerow.domain.errors import InvalidValue, NotFound
from hedgerow.store.alerts import standing_alerts
from hedgerow.strategy.codes import IntentAction
from tests.strategy_world import World
from tests.unit.strategy.test_session_log import some_day, written

AT = 30


@pytest.fixture(scope="module")
def world() -> World:
    return some_day()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDGEROW_HOME", str(tmp_path))
    return tmp_path


def session(home: Path, world: World, name: str = "20151224T150000Z-aaaaaa", strategy: str = "goog") -> Path:
    """A session with a log, the latest."""
    root = home / "sessions" / name
    (root / "store").mkdir(parents=True, exist_ok=True)
    written(root / "session" / strategy, world)
    latest = home / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(root)
    return root


def forged(world: World, **changes: Any) -> World:
    """The same day with one decision altered."""
    other = World()
    other.log = list(world.log)
    seen, decision = other.log[AT]
    other.log[AT] = (seen, decision._replace(**changes))
    return other


def hedgerow(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def printed(*arguments: object, code: int = 0) -> Any:
    done = hedgerow(*arguments, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_an_honest_session_is_verified(home: Path, world: World) -> None:
    session(home, world)
    told = printed("replay", "verify", "latest")
    assert (told["ok"], told["decisions"], told["divergences"], told["first"]) == (True, len(world.log), 0, None)
    (run,) = told["strategies"]["goog"]["runs"]
    assert run["verdict"] == "verified"
    assert hedgerow("replay", "verify").exit_code == 0


def test_both_records_are_shown_side_by_side_and_only_what_differs_is_marked(home: Path, world: World) -> None:
    decision = world.log[AT][1]
    session(home, forged(world, trading_fsm=12, target_shares=77.0))
    told = printed("replay", "verify", "latest", code=1)
    first = told["first"]
    assert (told["decisions"], told["divergences"]) == (len(world.log), 1)
    assert (first["strategy"], first["sequence"], first["position"]) == ("goog", decision.sequence, AT + 1)
    assert [(each["name"], each["recorded_words"]) for each in first["fields"]] == [
        ("trading_fsm", "STOPPED"), ("target_shares", "77.0"),
    ]  # fmt: skip
    assert first["recorded"]["trading_fsm"] == "STOPPED"
    assert first["replayed"].keys() == first["recorded"].keys()
    assert {name for name, words in first["replayed"].items() if words != first["recorded"][name]} == {
        "trading_fsm", "target_shares",
    }  # fmt: skip
    shown = hedgerow("replay", "verify")
    assert shown.exit_code == 1
    marked = [line.split()[1] for line in shown.stdout.splitlines() if line.lstrip().startswith("*")]
    assert marked == ["trading_fsm", "target_shares"]
    assert "gate COOLDOWN" in shown.stdout


def test_a_listing_tells_observation_decision_and_order(home: Path, world: World) -> None:
    session(home, world)
    listed = printed("replay", "run", "--from", 3, "--count", 2)
    assert [tick["sequence"] for tick in listed] == [3, 4]
    assert {"observation", "decision", "order", "recorded", "observed"} <= listed[0].keys()
    text = hedgerow("replay", "run", "--count", 4).stdout
    assert text.count(" saw ") == text.count(" decided ") == 4
    assert hedgerow("replay", "run").stdout.count(" saw ") == 20


def test_breaks_stop_at_orders_blocks_and_divergences(home: Path, world: World) -> None:
    session(home, forged(world, spot=1.0))
    first = next(d for _, d in world.log if d.intent.action == IntentAction.SUBMIT)
    (tick,) = printed("replay", "run", "--break", "order")
    assert tick["sequence"] == first.sequence
    assert tick["order"].startswith(f"SUBMIT order {first.intent.number}: ")
    (tick,) = printed("replay", "run", "--break", "divergence")
    assert (tick["sequence"], [field["name"] for field in tick["fields"]]) == (world.log[AT][1].sequence, ["spot"])
    (tick,) = printed("replay", "run", "--break", "block")
    assert next(d for _, d in world.log if d.block_reason >= 10).sequence == tick["sequence"]
    missing = hedgerow("replay", "run", "--break", "divergence", "--from", AT + 2).exception
    assert isinstance(missing, NotFound)


def test_a_session_of_several_strategies_wants_a_name(home: Path, world: World) -> None:
    session(home, world)
    session(home, forged(world, spot=1.0), strategy="twx")
    assert printed("replay", "verify", code=1)["first"]["strategy"] == "twx"
    assert printed("replay", "verify", "--strategy", "goog")["decisions"] == len(world.log)
    for arguments in (("run",), ("run", "--strategy", "no"), ("verify", "--strategy", "no")):
        refused = hedgerow("replay", *arguments).exception
        assert isinstance(refused, InvalidValue)
        assert "goog, twx" in str(refused)


def test_on_a_terminal_keys_lead_through_it(home: Path, world: World) -> None:
    session(home, world)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hedgerow.cli", "replay", "run"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    said = ""

    def hears(text: str) -> None:
        nonlocal said
        end = time.monotonic() + 120
        while text not in said:
            assert time.monotonic() < end, said
            if select.select([ours], [], [], 0.2)[0]:
                said += os.read(ours, 65536).decode()

    hears("START")
    os.write(ours, b"o")
    hears("SUBMIT order 1: ")
    os.write(ours, b"f")
    hears("gate COOLDOWN: ")
    os.write(ours, b"q")
    assert process.wait(60) == 0
    os.close(ours)


def test_a_night_verifies_what_is_new_and_remembers_it(home: Path, world: World) -> None:
    session(home, world)
    assert [each["log"] for each in printed("replay", "nightly")["verified"]] == ["20151224T150000Z-aaaaaa/goog"]
    assert printed("replay", "nightly") == {"ok": True, "known": 1, "verified": []}
    session(home, world, "20151225T150000Z-bbbbbb")
    written(home / "live" / "session" / "goog", world)
    told = printed("replay", "verify", "--new")
    assert (told["known"], [each["log"] for each in told["verified"]]) == (
        1, ["20151225T150000Z-bbbbbb/goog", "live/goog"],
    )  # fmt: skip
    written(home / "live" / "session" / "goog", world)  # another run, the log grew
    assert [each["decisions"] for each in printed("replay", "nightly")["verified"]] == [2 * len(world.log)]
    assert len(printed("replay", "nightly", "--again")["verified"]) == 3
    assert standing_alerts(home) == []


def test_a_divergence_stands_as_an_alert_until_it_is_lifted_or_gone(home: Path, world: World) -> None:
    root = session(home, forged(world, spot=1.0))
    (told,) = printed("replay", "nightly", code=1)["verified"]
    name = f"{root.name}/goog"
    assert (told["alert"], told["first"]["sequence"]) == (f"REPLAY_DIVERGED {name}", world.log[AT][1].sequence)
    (alert,) = standing_alerts(home)
    assert alert.text.startswith(f"1 of {len(world.log)} decisions diverge, first {world.log[AT][1].sequence} at ")
    assert 'hedgerow_replay_logs{outcome="other"} 1.0' in (home / TEXTFILE).read_text()
    assert printed("replay", "nightly")["ok"]  # told once
    assert standing_alerts(home) == [alert]
    assert hedgerow("replay", "lift", name).exit_code == 0
    assert standing_alerts(home) == []
    assert isinstance(hedgerow("replay", "lift", name).exception, NotFound)
    assert printed("replay", "nightly", "--again", code=1)["verified"][0]["alert"]
    for path in (root / "session" / "goog").iterdir():
        path.unlink()
    written(root / "session" / "goog", world)
    printed("replay", "nightly")
    assert standing_alerts(home) == []


def test_damage_and_a_run_this_code_cannot_read_raise_alerts_too(home: Path, world: World) -> None:
    root = session(home, world)
    path = root / "session" / "goog" / "chunk-000000.log"
    path.write_bytes(b"\xff" * 100 + path.read_bytes())
    (told,) = printed("replay", "nightly", code=1)["verified"]
    assert told["alert"] == f"SESSION_LOG_DAMAGED {root.name}/goog"
    assert "damaged at byte 0" in told["why"]


def test_a_long_log_is_folded_compiled(tmp_path: Path, world: World) -> None:
    written(tmp_path, world)
    assert mode_for(tmp_path) == "plain"
    os.truncate(tmp_path / "chunk-000000.log", COMPILED_FROM * 1800)
    assert mode_for(tmp_path) == "compiled"

"""`hedgerow strategy`: a new one works at once, bad ones are refused in words, a user's file runs everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hedgerow import settings
from hedgerow.backtest.run import run_spec
from hedgerow.backtest.spec import make_spec
from hedgerow.cli.main import app
from hedgerow.domain.errors import FailedPrecondition, HedgerowError, InvalidValue
from hedgerow.strategy.hosting import code_version, load_kernel
from hedgerow.strategy.kinds import SHIPPED, load, sources_of
from hedgerow.strategy.kit.config import config_hash
from hedgerow.strategy.trial import plain_day


def hedgerow(*arguments: str) -> str:
    """What the command prints; raises what it refuses."""
    done = CliRunner().invoke(app, ["strategy", *arguments])
    if isinstance(done.exception, HedgerowError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    hedgerow("new", "my_idea", "--folder", str(tmp_path))
    return tmp_path / "my_idea.py"


def entry(kind: object, **more: Any) -> dict[str, Any]:
    return {"name": "mine", "kind": str(kind), "account": "SIM0000001", "underlying": {"symbol": "SIMX"}, **more}


def test_a_new_one_works_and_its_test_is_green(mine: Path) -> None:
    told = json.loads(hedgerow("check", str(mine), "--plain", "--json"))
    assert told["decisions"] > 1000
    assert told["intents"] > 0
    assert told["code_version"] == code_version((mine,)) != code_version()
    scope: dict[str, Any] = {"__file__": str(mine.with_name("test_my_idea.py"))}
    exec(compile(mine.with_name("test_my_idea.py").read_text(), "test_my_idea.py", "exec"), scope)
    tests = [each for name, each in scope.items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        test()


def test_names_and_folders_that_cannot_be_are_refused(mine: Path) -> None:
    for name in ("My-Idea", "1st", "gamma_scalper", "../x"):
        with pytest.raises(InvalidValue, match="small letters"):
            hedgerow("new", name, "--folder", str(mine.parent))
    with pytest.raises(HedgerowError, match="exists"):
        hedgerow("new", "my_idea", "--folder", str(mine.parent))


def test_those_shipped_are_listed() -> None:
    assert [row["kind"] for row in json.loads(hedgerow("list", "--json"))] == list(SHIPPED)


def test_an_edit_changes_the_code_version_and_the_folder_does_not(mine: Path, tmp_path: Path) -> None:
    before = load_kernel("plain", str(mine)).code_version
    copy = tmp_path / "elsewhere" / "my_idea.py"
    copy.parent.mkdir()
    copy.write_text(mine.read_text())
    assert load_kernel("plain", str(copy)).code_version == before
    copy.write_text(mine.read_text() + "\n# edited\n")
    assert code_version(sources_of(str(copy))) != before
    here, there = (load(str(path)).Config.model_validate(entry(path)) for path in (mine, copy))
    assert config_hash(here, {}) == config_hash(there, {})


def test_settings_take_it_relative_to_their_file_and_give_it_to_every_process(mine: Path) -> None:
    config = mine.with_name("config.yaml")
    config.write_text(json.dumps({"strategies": [entry("my_idea.py", rule={"band_shares": 33.0})]}))
    loaded = settings.load(config)
    assert loaded.strategies[0].kind == str(mine)
    copy = mine.with_name("settings.json")
    loaded.dump(copy)
    again = settings.Settings.read(copy)
    assert again == loaded
    assert again.strategies[0].model_dump()["rule"] == {"band_shares": 33.0}
    with pytest.raises(InvalidValue, match=r"strategies\.0\.rule\.band_shares: -1 is not allowed"):
        settings.load(config, ("rule.band_shares=-1",))


def test_a_backtest_runs_it(mine: Path) -> None:
    scenario = {"name": "trend", "interval_ms": 30_000}
    spec = make_spec({"scenario": scenario, "strategies": [entry(mine)], "position": {"contracts": 20}})
    report = run_spec(spec, "mine", "plain").report
    assert report.strategies[0].hedges > 0


def test_a_backtest_without_options_refuses_one_that_needs_them(mine: Path) -> None:
    spec = make_spec({"scenario": {"name": "quiet"}, "strategies": [entry(mine)], "position": {"kind": "none"}})
    with pytest.raises(InvalidValue, match=r"NEEDS: 'legs' is not allowed: this backtest does not supply it"):
        run_spec(spec, "mine", "plain")


BROKEN = (
    ("return State(chain.State(progress, valued.memory), wanted), decision",
     "return before, decision._replace(intent=decision.intent._replace(quantity=0.5))", "intent.quantity 0.5"),
    ("    wish = rule(params, u)", "    wish = rule(params, u)\n    1 // (o.sequence - 40)", "step ZeroDivisionError"),
)  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "words"), BROKEN)
def test_one_that_breaks_the_contract_is_named(mine: Path, good: str, bad: str, words: str) -> None:
    assert good in mine.read_text()
    mine.write_text(mine.read_text().replace(good, bad))
    with pytest.raises(FailedPrecondition, match=words.replace(".", r"\.")):
        hedgerow("check", str(mine), "--plain")
    assert plain_day(str(mine)).broken is not None


def test_a_backtest_ends_with_the_broken_rule(mine: Path) -> None:
    good = BROKEN[0][0]
    bad = f"{good}._replace(intent=decision.intent._replace(quantity=decision.intent.quantity + 0.5))"
    mine.write_text(mine.read_text().replace(good, bad))
    scenario = {"name": "trend", "interval_ms": 30_000}
    spec = make_spec({"scenario": scenario, "strategies": [entry(mine)], "position": {"contracts": 20}})
    with pytest.raises(FailedPrecondition, match="a positive whole number of shares"):
        run_spec(spec, "mine", "plain")


def test_one_that_depends_on_more_than_its_arguments_is_told(mine: Path) -> None:
    changed = mine.read_text().replace("class Rule(", "SEEN: list[int] = []\n\n\nclass Rule(", 1)
    changed = changed.replace("    wish = rule(params, u)", "    SEEN.append(1)\n    wish = rule(params, u)", 1)
    changed = changed.replace("beyond = abs", "beyond = len(SEEN) < 1600 and abs", 1)
    mine.write_text(changed)
    with pytest.raises(FailedPrecondition, match="besides its arguments"):
        hedgerow("check", str(mine), "--plain")


@pytest.mark.parametrize("text", ["import nothing_there", "x = (", "step = 1", ""])
def test_files_that_are_no_strategy_are_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.py"
    file.write_text(text)
    with pytest.raises(InvalidValue, match="kind: "):
        hedgerow("check", str(file))

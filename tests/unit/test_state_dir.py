"""State folders: where sessions live, which one is latest, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow import state_dir
from hedgerow.domain.errors import InvalidValue


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_HOME", str(tmp_path / "home"))


def test_the_newest_session_is_latest_and_found_by_its_names() -> None:
    first, second = state_dir.new_session().create(), state_dir.new_session().create()
    state_dir.mark_latest(first)
    state_dir.mark_latest(second)
    assert state_dir.resolve().root == second.root
    assert state_dir.resolve(first.root.name).root == first.root
    assert state_dir.resolve(first.root.name.split("-")[1]).root == first.root
    assert state_dir.resolve(str(first.root)).root == first.root
    assert {s.root.name for s in state_dir.sessions()} == {first.root.name, second.root.name}


def test_latest_falls_back_to_the_live_folder() -> None:
    live = state_dir.live().create()
    assert state_dir.resolve("latest").root == live.root


def test_without_a_session_the_fix_is_told() -> None:
    with pytest.raises(InvalidValue, match="hedgerow demo"):
        state_dir.resolve()


def test_an_unknown_session_names_those_that_exist() -> None:
    known = state_dir.new_session().create()
    with pytest.raises(InvalidValue, match=known.root.name):
        state_dir.resolve("nonsense")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidValue, match="HEDGEROW_HOME"):
        state_dir.StateDir(tmp_path / "file" / "inside").create()

"""The planted bugs: their texts still apply, and a handful is really planted and caught."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

RELEASE = 40
"""Planted bugs a release has to catch at least."""

HANDFUL = (
    "frame_before_commit", "an_expired_approval_is_used", "a_reservation_leaks_on_denial",
    "not_found_means_it_never_existed", "cancel_on_10349", "flatten_is_not_reduce_only", "a_latch_is_not_durable",
)  # fmt: skip


@pytest.fixture(scope="module")
def tool(repo_root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants", repo_root / "tools" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


def test_every_mutant_applies_and_names_tests_that_are_there(tool: ModuleType, repo_root: Path) -> None:
    mutants = tool.load()
    assert len(mutants) >= RELEASE
    assert [each.name for each in mutants if not each.applies] == []
    for each in mutants:
        assert 1 <= each.promise <= 22, each.name
        assert each.tests, each.name
        for node in each.tests:
            file, _, test = node.partition("::")
            path = repo_root / file
            assert path.is_file(), (each.name, node)
            assert not test or f"def {test.split('[')[0]}(" in path.read_text(), (each.name, node)


def test_a_handful_is_planted_and_caught(tool: ModuleType, tmp_path: Path) -> None:
    """All at once, each with its own test: each of these fails (that none does without them, the suite shows)."""
    chosen = [each for each in tool.load() if each.name in HANDFUL]
    assert len(chosen) == len(HANDFUL)
    tree = tool.copy_tree(tmp_path)
    tests = [test for each in chosen for test in each.tests]
    for each in chosen:
        path = tree / each.file
        tool.write(path, path.read_text().replace(each.old, each.new))
    code, told = tool.run_tests(tree, tests, stop_at_first=False)
    assert code == tool.TESTS_FAILED, told
    for test in tests:
        assert f"FAILED {test.split('[')[0]}" in told, (test, told)


def test_what_survives_or_no_longer_applies_is_told(tool: ModuleType, tmp_path: Path) -> None:
    tree = tool.copy_tree(tmp_path)
    known = next(each for each in tool.load() if each.name == "cancel_on_10349")
    harmless = tool.Mutant("harmless", 3, "", known.file, "What a code means for us.", "What it means.", known.tests)
    stale = tool.Mutant("stale", 3, "", known.file, "no such text", "x", known.tests)
    broken = tool.Mutant("broken", 3, "", known.file, known.old, "(", known.tests)
    before = (tree / known.file).read_text()
    assert tool.judge(stale, tree).outcome == tool.STALE
    assert tool.judge(broken, tree).outcome == tool.UNCLEAR  # no test ran: nothing was caught
    assert tool.judge(harmless, tree).outcome == tool.SURVIVED
    assert (tree / known.file).read_text() == before

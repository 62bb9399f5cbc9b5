"""The contracts: lint-clean, bindings as generated, no breaking change since the last release."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, timeout=100)


def test_committed_bindings_are_what_the_contracts_generate(repo_root: Path) -> None:
    done = run(sys.executable, "tools/generate.py", "--check", cwd=repo_root)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def contracts(repo_root: Path, tmp_path: Path) -> Path:
    """A copy of the contracts that a test may change."""
    run(sys.executable, "tools/generate.py", "--check", cwd=repo_root)
    shutil.copytree(repo_root / "proto", tmp_path / "proto")
    shutil.copytree(repo_root / "build" / "proto-third-party", tmp_path / "build" / "proto-third-party")
    shutil.copy(repo_root / "buf.yaml", tmp_path)
    return tmp_path


def test_the_contracts_are_lint_clean_comments_included(contracts: Path) -> None:
    done = run(str(BIN / "buf"), "lint", cwd=contracts)
    assert done.returncode == 0, done.stdout


def test_a_field_without_a_comment_is_noticed(contracts: Path) -> None:
    file = contracts / "proto/hedgerow/api/common/v1/common.proto"
    file.write_text(file.read_text().replace("  // Ticker symbol, of the underlying for an option.\n", ""))
    done = run(str(BIN / "buf"), "lint", cwd=contracts)
    assert done.returncode != 0
    assert "symbol" in done.stdout


def breaking(contracts: Path, against: Path | str) -> subprocess.CompletedProcess[str]:
    return run(str(BIN / "buf"), "breaking", "--against", str(against), cwd=contracts)


def test_a_breaking_change_is_noticed_and_an_addition_is_not(contracts: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(contracts / "proto", before / "proto")
    shutil.copytree(contracts / "build", before / "build")
    shutil.copy(contracts / "buf.yaml", before)
    file = contracts / "proto/hedgerow/api/stats/v1/stats.proto"
    text = file.read_text()
    file.write_text(text + "\n// One more.\nmessage OneMore {}\n")
    assert breaking(contracts, before).returncode == 0
    file.write_text(text.replace("int32 hedges = 3;", "int64 hedges = 3;"))
    assert breaking(contracts, before).returncode != 0


def test_nothing_breaks_what_was_released(repo_root: Path, contracts: Path, tmp_path: Path) -> None:
    tags = run("git", "tag", "--list", "v*", "--sort=-v:refname", cwd=repo_root).stdout.split()
    if not tags:
        pytest.skip("nothing is released yet: no tag v* to compare with")
    released = tmp_path / "released"
    released.mkdir()
    archive = subprocess.run(
        ["git", "archive", tags[0], "proto", "buf.yaml"], cwd=repo_root, capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(released)], input=archive.stdout, check=True)
    shutil.copytree(contracts / "build", released / "build")
    done = breaking(contracts, released)
    assert done.returncode == 0, done.stdout

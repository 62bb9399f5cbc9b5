"""An edited callee of `step` runs in the next process: numba's own cache would keep the old machine code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import hedgerow
assert Path(hedgerow.__file__).is_relative_to(Path(sys.argv[1])), hedgerow.__file__
from hedgerow.strategy.hosting import load_kernel
from strategy_world import World, observation
kernel = load_kernel("compiled")
params = World().params
state, decision = kernel.step(params, kernel.initial_state(params), observation(cause=6))
print(decision.option_delta, kernel.code_version, sum(kernel.step.stats.cache_hits.values()))
"""


def run(copy: Path, root: Path) -> tuple[float, str, int]:
    environment = dict(os.environ, PYTHONPATH=f"{copy}{os.pathsep}{root / 'tests'}", HEDGEROW_HOME=str(copy / "home"))
    environment["NUMBA_OPT"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(copy)], env=environment, capture_output=True, text=True, check=False,
        timeout=300, cwd=copy,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    delta, version, hits = done.stdout.split()
    return float(delta), version, int(hits)


@pytest.mark.timeout(600)
def test_an_edited_callee_is_compiled_anew(tmp_path: Path, repo_root: Path) -> None:
    for part in ("pricing", "strategy", "domain"):
        shutil.copytree(repo_root / "libs/hedgerow" / part, tmp_path / "hedgerow" / part)
    shutil.copy(repo_root / "libs/hedgerow/__init__.py", tmp_path / "hedgerow/__init__.py")
    before, first_version, _ = run(tmp_path, repo_root)
    again, same_version, hits = run(tmp_path, repo_root)
    assert (again, same_version, hits) == (before, first_version, 1)
    callee = tmp_path / "hedgerow/pricing/black_scholes.py"
    source = callee.read_text()
    assert "sign * held * n1," in source
    callee.write_text(source.replace("sign * held * n1,", "2.0 * sign * held * n1,"))
    after, second_version, _ = run(tmp_path, repo_root)
    assert after == 2.0 * before
    assert second_version != first_version

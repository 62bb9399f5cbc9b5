"""Hosting: plain needs no numba, the code version names the sources, the cache folder follows the state root."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hedgerow.strategy.gamma_scalper.step import step
from hedgerow.strategy.hosting import cache_folder, code_version, compiled_functions, load_kernel

PROGRAM = """
import pkgutil, importlib, sys
import hedgerow.strategy, hedgerow.pricing
for package in (hedgerow.strategy, hedgerow.pricing):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
from hedgerow.strategy.hosting import load_kernel
load_kernel("plain")
print(sorted({"numba", "grpc", "sqlalchemy", "asyncio"} & set(sys.modules)))
"""


def test_plain_is_the_function_itself() -> None:
    kernel = load_kernel()
    assert kernel.step is step
    assert (kernel.mode, kernel.code_version) == ("plain", code_version())


def test_nothing_here_imports_numba_or_any_shell(repo_root: Path) -> None:
    environment = dict(os.environ, PYTHONPATH=str(repo_root / "libs"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEDGEROW_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "cache" / "kernel" / code_version()
    monkeypatch.delenv("HEDGEROW_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "hedgerow" / "kernel" / code_version()


USERS_FILE = """
from hedgerow.strategy.compiled import compiled

@compiled
def part(x):
    return x + {number}.0

@compiled
def step(x):
    return part(x)
"""

LOOP = """
from hedgerow.strategy.compiled import compiled

step = None

@compiled
def run(x):
    return step(step(x))
"""


def imported(path: Path, name: str) -> Any:
    """The module of that file, imported anew under that name."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_an_edited_callee_in_a_users_file_runs_and_changes_the_code_version(tmp_path: Path) -> None:
    file = tmp_path / "my_idea.py"
    seen = []
    for number in (1, 2):
        file.write_text(USERS_FILE.format(number=number))
        module = imported(file, f"tests.users.my_idea_{number}")
        seen.append((compiled_functions((file,))[module.step](0.0), code_version((file,))))
    assert [value for value, _ in seen] == [1.0, 2.0]
    assert len({version for _, version in seen} | {code_version()}) == 3


def test_a_folder_of_sources_counts_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "loop.py").write_text("A = 1\n")
    first = code_version((tmp_path / "engine",))
    (tmp_path / "engine" / "other.py").write_text("")
    second = code_version((tmp_path / "engine",))
    (tmp_path / "engine" / "loop.py").write_text("A = 2\n")
    assert len({first, second, code_version((tmp_path / "engine",)), code_version()}) == 4


def test_one_loop_over_two_strategies_never_takes_ones_machine_code_for_the_others(tmp_path: Path) -> None:
    loop_file = tmp_path / "loop.py"
    loop_file.write_text(LOOP)
    loop = imported(loop_file, "tests.users.loop")
    for _ in range(2):  # the second time from the cache
        for number in (3, 4):
            file = tmp_path / f"idea_{number}.py"
            file.write_text(USERS_FILE.format(number=number))
            idea = imported(file, f"tests.users.idea_{number}")
            binding = {loop.__name__: {"step": idea.step}}
            twins = compiled_functions((loop_file, file), binding, f"idea_{number}")
            assert twins[loop.run](0.0) == 2.0 * number
    assert loop.step is None

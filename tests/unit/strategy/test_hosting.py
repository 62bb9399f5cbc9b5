"""Hosting: plain needs no numba, the code version names the sources, the cache folder follows the state root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.strategy.gamma_scalper.step import step
from hedgerow.strategy.hosting import cache_folder, code_version, load_kernel

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

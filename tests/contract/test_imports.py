"""Which process loads what: numba and pandas stay with the strategy, the broker library with its three users."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.catalog import ENTRIES, SERVICES

WITHOUT_NUMBA = [*(name for name in SERVICES if name != "strategy"), "gateway"]
WITHOUT_BROKER = ["risk", "control", "stats", "strategy", "gateway"]


def modules_after_import(name: str, repo_root: Path) -> set[str]:
    code = f"import sys, {ENTRIES[name].module}; print('\\n'.join(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": f"{repo_root / 'libs'}:{repo_root}"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=repo_root, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return {module.split(".")[0] for module in done.stdout.split()}


@pytest.mark.parametrize("name", WITHOUT_NUMBA)
def test_a_service_does_not_import_numba(name: str, repo_root: Path) -> None:
    loaded = modules_after_import(name, repo_root)
    assert "grpc" in loaded
    assert not loaded & {"numba", "llvmlite"}


@pytest.mark.parametrize("name", WITHOUT_BROKER)
def test_only_the_broker_layer_loads_the_broker_library(name: str, repo_root: Path) -> None:
    assert not modules_after_import(name, repo_root) & {"ib_insync", "ib_async", "eventkit"}

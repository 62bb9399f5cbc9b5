"""The page's own unit tests and its types, by the node of the environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import ROOT

WEB = ROOT / "gateway" / "web"
NODE = Path(sys.executable).parent / "node"


@pytest.mark.parametrize(
    "arguments",
    [("--test", "tests/**/*.test.ts"), ("node_modules/typescript/bin/tsc", "--noEmit")],
    ids=["unit tests", "types"],
)
def test_the_page_holds(arguments: tuple[str, ...]) -> None:
    done = subprocess.run([str(NODE), *arguments], cwd=WEB, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_pins_every_package_and_names_no_registry() -> None:
    lock = (WEB / "package-lock.json").read_text()
    assert "://" not in lock.replace("https://opencollective.com", "").replace("https://github.com", "")
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')

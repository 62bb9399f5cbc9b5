"""The source keeps its own rules: sizes, layers, first sentences."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
FOLDERS = ("libs", "services", "gateway", "tools", "tests")
MAX_LINES = 400


def sources(repo_root: Path) -> list[Path]:
    found = (path for folder in FOLDERS for path in (repo_root / folder).rglob("*.py"))
    return [path for path in found if "_pb2" not in path.name and "node_modules" not in path.parts]


def test_no_file_is_longer_than_the_limit(repo_root: Path) -> None:
    long = {
        str(p.relative_to(repo_root)): n for p in sources(repo_root) if (n := p.read_text().count("\n")) > MAX_LINES
    }
    assert not long


def test_every_module_opens_with_one_sentence(repo_root: Path) -> None:
    without = [
        str(path.relative_to(repo_root))
        for path in sources(repo_root)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not without


def test_no_broad_except_outside_a_supervisor_loop(repo_root: Path) -> None:
    """A process's outermost loop logs and exits; six more places turn whatever went wrong into an answer."""
    allowed = {
        "libs/hedgerow/rpc/process.py",
        "libs/hedgerow/rpc/interceptor.py",  # a status for the caller
        "gateway/app.py",  # the same over HTTP
        "libs/hedgerow/rules/rule.py",  # a rule that breaks denies
        "libs/hedgerow/store/writer.py",  # nobody waits for ever for a commit that failed
        "libs/hedgerow/conformance/run.py",  # a scenario that failed is a result
        "libs/hedgerow/strategy/hosted.py",  # whatever a strategy raises ends its decisions, closed
    }
    broad = set()
    for path in sources(repo_root):
        name = str(path.relative_to(repo_root))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _reraises(node):
                broad.add(name)
    assert broad - allowed == set()


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )


def _reraises(handler: ast.ExceptHandler) -> bool:
    """Cleans up and lets the error go on: not a swallow."""
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def test_the_layers_hold(repo_root: Path) -> None:
    done = subprocess.run([str(BIN / "lint-imports")], cwd=repo_root, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-3000:]

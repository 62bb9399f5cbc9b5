"""A copy of the source tree without one failpoint in it: what the order path costs where they are compiled out."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("libs/hedgerow", "services", "gateway")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules")


def without_failpoints(source: str) -> tuple[str, int]:
    """The module without its `failpoint(...)` statements, and how many there were."""
    remover = _Remover()
    tree = remover.visit(ast.parse(source))
    return (ast.unparse(tree), remover.removed) if remover.removed else (source, 0)


class _Remover(ast.NodeTransformer):
    def __init__(self) -> None:
        self.removed = 0

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "failpoint":
            self.removed += 1
            return ast.copy_location(ast.Pass(), node)
        return node


def stripped_tree(folder: Path) -> int:
    """Copies every package into `folder`, failpoints left out; how many were."""
    removed = 0
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=_LEFT_OUT)
    for path in folder.rglob("*.py"):
        text, found = without_failpoints(path.read_text())
        if found:
            path.write_text(text)
            removed += found
    return removed


@contextmanager
def imported_from(folder: Path) -> Iterator[None]:
    """Processes started inside import Hedgerow from that tree: it goes before the installed one and the cwd."""
    before = {name: os.environ.get(name) for name in ("PYTHONPATH", "PYTHONSAFEPATH")}
    os.environ["PYTHONPATH"] = os.pathsep.join((str(folder), str(folder / "libs")))
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

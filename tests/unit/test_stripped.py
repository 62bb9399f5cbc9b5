"""A tree without failpoints: they are gone from every module, and nothing else is."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.bench.stripped import ROOT, stripped_tree, without_failpoints


def test_only_the_failpoints_go() -> None:
    source = "def f(x):\n    if x:\n        failpoint('a.b')\n    failpoint('a.c')\n    return other(failpoint)\n"
    text, removed = without_failpoints(source)
    assert removed == 2
    assert text == "def f(x):\n    if x:\n        pass\n    pass\n    return other(failpoint)"
    assert without_failpoints("x = 1  # kept\n") == ("x = 1  # kept\n", 0)


def test_the_copy_of_the_tree_has_none(tmp_path: Path) -> None:
    stripped_tree(tmp_path)
    called = [
        path
        for path in tmp_path.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint"
    ]
    assert called == []
    assert (tmp_path / "libs/hedgerow/failpoints.py").read_text() == (ROOT / "libs/hedgerow/failpoints.py").read_text()

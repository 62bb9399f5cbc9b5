"""Every failpoint there is, read off the source."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SENDING = ("submit", "log", "writer", "journal", "sqlite", "ib", "follow", "feed", "risk_client", "service")
"""Areas an intent passes from its claim to its last report: persist, send, acknowledge."""
STARTING = ("execution", "epoch", "log", "barrier", "broker", "ib", "service", "sqlite", "risk_client", "writer")
"""Areas a start passes: book rebuilt, broker asked, risk told."""


class Point(NamedTuple):
    """One call of `failpoint`: its name, the function it stands in, its file and line."""

    name: str
    function: str
    file: str
    line: int

    @property
    def area(self) -> str:
        """The part before the dot."""
        return self.name.partition(".")[0]


def points() -> list[Point]:
    """All of them, by name; ValueError for a name that is no literal."""
    return sorted(point for root, path in _sources() for point in _in_file(root, path))


def points_of(areas: tuple[str, ...], without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Names in these areas, `without` those a case cannot reach."""
    return tuple(point.name for point in points() if point.area in areas and point.name not in without)


def _sources() -> Iterator[tuple[Path, Path]]:
    for package in ("hedgerow", "services"):
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            root = Path(place)
            yield from ((root.parent, path) for path in sorted(root.rglob("*.py")) if "_pb2" not in path.name)


def _in_file(root: Path, path: Path) -> Iterator[Point]:
    text = path.read_text()
    if "failpoint(" not in text or path.name == "failpoints.py":
        return

    def walk(node: ast.AST, function: str) -> Iterator[Point]:
        for child in ast.iter_child_nodes(node):
            inner = function
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{function}.{child.name}".lstrip(".")
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == "failpoint":
                [argument] = child.args
                if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                    raise ValueError(f"{path}:{child.lineno}: a failpoint's name is a literal")
                yield Point(argument.value, function, str(path.relative_to(root)), child.lineno)
            yield from walk(child, inner)

    yield from walk(ast.parse(text), "")

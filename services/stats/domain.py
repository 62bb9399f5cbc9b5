"""What may be run as a backtest here: files within the allowed folders, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hedgerow.domain.errors import InvalidValue


def spec_file(text: str, folders: Sequence[Path]) -> Path:
    """The spec's file, links followed; raises InvalidValue for one outside the folders or that is not there."""
    if not text or "\0" in text:
        raise InvalidValue("spec_path", text, "a spec's file")
    path = within("spec_path", folders[0] / text, folders)
    if not path.is_file():
        raise InvalidValue("spec_path", text, f"a file in {folders[0]}")
    return path


def within(key: str, path: Path, folders: Sequence[Path]) -> Path:
    """The path, links followed; raises InvalidValue when it lies in none of the folders."""
    whole = path.resolve()
    if not any(whole.is_relative_to(folder) for folder in folders):
        allowed = ", ".join(str(folder) for folder in folders)
        raise InvalidValue(
            key, str(path), f"within {allowed}", "copy it there, or add its folder to stats.backtest_folders"
        )
    return whole


def files_named(tree: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Every file and folder a spec's tree names: key and path."""
    tapes = tree.get("tapes")
    for path in tapes if isinstance(tapes, list | tuple) else ():
        yield "tapes", str(path)
    history = tree.get("history")
    if isinstance(history, Mapping):
        for key in ("lean", "tapes"):
            if history.get(key):
                yield f"history.{key}", str(history[key])
    strategies = tree.get("strategies")
    for entry in strategies if isinstance(strategies, list | tuple) else ():
        kind = entry.get("kind") if isinstance(entry, Mapping) else None
        if isinstance(kind, str) and ("." in kind or "/" in kind):  # a file, or a module that would be imported
            yield "kind", kind

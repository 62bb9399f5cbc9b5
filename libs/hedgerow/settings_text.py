"""Text to a tree of settings: files, `key=value` pairs, and what is wrong with them in words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from hedgerow.domain.errors import InvalidValue


def read_text(path: Path, key: str = "config") -> str:
    """The text of a configuration file; raises InvalidValue naming `key`."""
    try:
        return path.read_text()
    except OSError as error:
        raise InvalidValue(key, str(path), error.strerror or "readable", "give the path of a YAML file") from error


def parse_yaml(text: str, source: str, key: str = "config") -> dict[str, Any]:
    """A configuration's keys and values, empty for an empty text; raises InvalidValue naming `key` and `source`."""
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidValue(key, source, f"valid YAML: {' '.join(str(error).split())}") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise InvalidValue(key, source, "a mapping of keys to values")
    return tree


def apply(tree: dict[str, Any], item: str, root: Collection[str], strategy_keys: Collection[str]) -> None:
    """Puts one `key=value` into the tree; a key of a strategy's goes into every one. Raises InvalidValue.

    `root` and `strategy_keys` are the first words of the keys there are.
    """
    key, separator, text = item.partition("=")
    key = key.strip()
    if not separator or not key:
        raise InvalidValue("--set", item, "key=value", "for example --set gates.strategy.structure.max_dte=45")
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = yaml.safe_load(text)
    parts = key.split(".")
    if parts[0] in root:
        _place(tree, parts, value, key)
    elif parts[0] in strategy_keys:
        for strategy in tree.get("strategies", ()):
            _place(strategy, parts, value, key)
    else:
        known = [*root, *strategy_keys]
        raise InvalidValue(key, value, "no such key", _did_you_mean(parts[0], known))


def _place(node: Any, parts: list[str], value: Any, key: str) -> None:
    for part in parts[:-1]:
        node = _child(node, part, key)
    if isinstance(node, list):
        node[_index(node, parts[-1], key)] = value
    elif isinstance(node, dict):
        node[parts[-1]] = value
    else:
        raise InvalidValue(key, value, f"{'.'.join(parts[:-1])} is a value, not a section")


def _child(node: Any, part: str, key: str) -> Any:
    if isinstance(node, list):
        return node[_index(node, part, key)]
    if not isinstance(node, dict):
        raise InvalidValue(key, part, "goes into a value, not a section")
    return node.setdefault(part, {})


def _index(node: list[Any], part: str, key: str) -> int:
    if not part.isdigit() or int(part) >= len(node):
        raise InvalidValue(key, part, f"an index from 0 to {len(node) - 1}")
    return int(part)


def _did_you_mean(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known keys begin with {', '.join(sorted(set(known)))}"

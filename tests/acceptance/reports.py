"""Runs of `hedgerow check` against a system, read back from their JSON."""

from __future__ import annotations

import json
from typing import Any

from tests.system import System


def checked(system: System, *arguments: str, expected: int) -> dict[str, Any]:
    """The report of `hedgerow check ARGUMENTS --json`; fails unless it ends with that exit code."""
    done = system.run("check", *arguments, "--json")
    assert done.returncode == expected, _troubles(done.stdout) + done.stderr[-500:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def rows_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Its results by id."""
    return {row["id"]: row for row in document["results"]}


def _troubles(text: str) -> str:
    """What did not hold, one line each; the text itself when it is no report."""
    try:
        rows = json.loads(text)["results"]
    except ValueError:
        return text[-3000:]
    return "".join(f"{row['id']} {row['result']}: {row['detail']}\n" for row in rows if row["result"] != "holds")

"""The report of a run: JSON for machines, Markdown for people."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hedgerow.cli.check.criteria import CRITERIA, PHASES
from hedgerow.cli.check.result import Outcome, Row
from hedgerow.domain.errors import InvalidValue

_GIT_TIMEOUT_S = 10.0


def commit() -> str:
    """The commit this code is at, `-dirty` when changed since, or the installed package's version."""
    folder = Path(__file__).resolve().parent
    described = _git(folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*")
    if described:
        return described
    try:
        return f"hedgerow {version('hedgerow')}"
    except PackageNotFoundError:
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def passes(rows: Sequence[Row]) -> bool:
    """Whether nothing failed and nothing is still missing; what an option left out does not count."""
    return bool(rows) and not any(row.result.outcome.blocks for row in rows)


def as_document(rows: Sequence[Row], session: str) -> dict[str, Any]:
    """The run as one JSON-ready document."""
    texts = {criterion.id: criterion.text for criterion in CRITERIA}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "session": session,
        "passes": passes(rows),
        "complete": all(row.result.ok for row in rows),
        "counts": {outcome.value: sum(row.result.outcome is outcome for row in rows) for outcome in Outcome},
        "results": [
            {
                "id": row.id,
                "phase": row.phase,
                "criterion": texts.get(row.id, "before the criteria"),
                "how": row.how,
                "result": row.result.outcome.value,
                "detail": row.result.detail,
            }
            for row in rows
        ],
    }


def summary(rows: Sequence[Row]) -> str:
    """One line: how many hold, and what keeps the others from it."""
    counts = {outcome: sum(row.result.outcome is outcome for row in rows) for outcome in Outcome}
    others = [f"{count} {outcome.value}" for outcome, count in counts.items() if count and outcome is not Outcome.HOLDS]
    return f"{counts[Outcome.HOLDS]} of {len(rows)} hold" + (f", {', '.join(others)}" if others else "")


def write_report(folder: Path, document: dict[str, Any]) -> tuple[Path, Path]:
    """Writes `check.json` and `check.md` into the folder; raises InvalidValue when it cannot."""
    paths = folder / "check.json", folder / "check.md"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths[0].write_text(json.dumps(document, indent=1) + "\n")
        paths[1].write_text(as_markdown(document))
    except OSError as error:
        raise InvalidValue(
            "--report", str(folder), f"a folder this user can write ({error.strerror})", "name another folder"
        ) from error
    return paths


def as_markdown(document: dict[str, Any]) -> str:
    """The document as a page with one table per phase."""
    lines = [
        "# Acceptance",
        "",
        f"- date: {document['date']}",
        f"- commit: {document['commit']}",
        f"- session: {document['session']}",
        f"- passes: {'yes' if document['passes'] else 'no'}",
    ]
    for phase in PHASES:
        rows = [row for row in document["results"] if row["phase"] == phase]
        if rows:
            lines += ["", f"## Phase {phase}", ""]
            lines += ["| id | result | how | criterion | detail |", "|---|---|---|---|---|"]
            lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any]) -> str:
    cells = (row["id"], row["result"], row["how"], row["criterion"], row["detail"])
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

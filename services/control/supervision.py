"""What the supervisor of this machine's processes says of each: how often it was started again, whether it gave up."""

from __future__ import annotations

import json
from pathlib import Path


class Supervision:
    """Reads the file the supervisor writes; where there is none, as under systemd, it knows nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def words(self, service: str) -> str:
        """`given up after 5 restarts: <last words>`, `starts again, restarts 1`, or empty."""
        try:
            rows = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return ""
        row = rows.get(service) if isinstance(rows, dict) else None
        if not isinstance(row, dict) or not row.get("last"):
            return ""
        if row.get("state") == "given up":
            return f"given up after {row.get('restarts')} restarts: {row['last']}"
        return f"{row.get('state')}, restarts {row.get('restarts')}: {row['last']}"

"""What a daemon's log tells of its states and of a stop, with wall times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hedgerow.state_dir import StateDir

STATE_EVENT = "[Daemon] state="
CONTROL_FILE_EVENT = "stop by control file"


def transitions(state: StateDir, strategy: str) -> Iterator[tuple[int, str]]:
    """(wall ns, state) of every change of the daemon's state, oldest first."""
    for at, fields in events(state, strategy, STATE_EVENT):
        yield at, str(fields["event"]).removeprefix(STATE_EVENT)


def events(state: StateDir, strategy: str, begins: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(wall ns, fields) of the log lines whose event begins so, oldest first."""
    path = state.logs_dir / f"strategy-{strategy}.log"
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    for line in lines:
        if begins in line:
            fields = json.loads(line)
            if str(fields["event"]).startswith(begins):
                yield round(datetime.fromisoformat(fields["ts"]).timestamp() * 1e6) * 1000, fields

"""Where a running system keeps its state: one folder per session, `live` for `hedgerow up`."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from hedgerow.domain.errors import InvalidValue


def home() -> Path:
    """The state root: `$HEDGEROW_HOME`, or `.hedgerow` in the current folder."""
    return Path(os.environ.get("HEDGEROW_HOME") or ".hedgerow").absolute()


class StateDir:
    """Paths inside one session's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.settings_file = self.root / "settings.json"
        self.ports_file = self.root / "ports.json"
        self.report_file = self.root / "report.json"
        self.tape_file = self.root / "tape.parquet"
        self.store_dir = self.root / "store"
        self.logs_dir = self.root / "logs"
        self.run_dir = self.root / "run"
        self.supervisor_file = self.run_dir / "supervisor.json"
        self.ibsim_dir = self.root / "ibsim"
        self.clock_file = self.ibsim_dir / "clock"
        self.wire_log = self.ibsim_dir / "wire.log"
        self.latch_file = self.root / "latches.json"
        self.journal_head_file = self.root / "journal.head"

    def session_log_dir(self, strategy: str) -> Path:
        """Session log of one strategy: its observations and decisions."""
        return self.root / "session" / strategy

    def control_file(self, strategy: str) -> Path:
        """A file that ends the strategy's daemon when it contains `stop`."""
        return self.root / "control" / strategy

    def create(self) -> StateDir:
        """Makes the folders; raises InvalidValue when the place cannot be written."""
        folders = (self.store_dir, self.logs_dir, self.run_dir, self.ibsim_dir, self.root / "control")
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.store_dir / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise InvalidValue(
                "HEDGEROW_HOME", str(self.root), f"a folder this user can write ({error.strerror})",
                "set HEDGEROW_HOME to such a folder",
            ) from error  # fmt: skip
        return self


def live() -> StateDir:
    """The folder of `hedgerow up`."""
    return StateDir(home() / "live")


def new_session() -> StateDir:
    """A fresh session folder, not yet created."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return StateDir(home() / "sessions" / f"{stamp}-{secrets.token_hex(3)}")


def mark_latest(state: StateDir) -> None:
    """Points `latest` at this session, atomically."""
    part = home() / f".latest-{secrets.token_hex(4)}"
    part.symlink_to(os.path.relpath(state.root, home()))
    os.replace(part, home() / "latest")


def sessions() -> list[StateDir]:
    """Recorded sessions, oldest first."""
    folder = home() / "sessions"
    return [StateDir(path) for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []


def recorded() -> list[StateDir]:
    """All that may hold records: the sessions, oldest first, then `live` where it is."""
    ours = live()
    return [*sessions(), *([ours] if ours.root.is_dir() else [])]


def resolve(name: str = "latest") -> StateDir:
    """The session of that name: `latest`, `live`, a session's folder name (or its unique end), or a path.

    Raises InvalidValue naming what exists.
    """
    if name in ("latest", "live"):
        path = home() / name
        if path.is_dir():
            return StateDir(path.resolve())
        other = "live" if name == "latest" else "latest"
        if name == "latest" and (home() / other).is_dir():
            return StateDir(home() / other)
        raise InvalidValue(
            "session", name, "no session has run here", "run `hedgerow demo` first, or set HEDGEROW_HOME"
        )
    for state in sessions():
        if state.root.name == name or state.root.name.endswith(f"-{name}"):
            return state
    if (Path(name) / "store").is_dir():
        return StateDir(Path(name))
    known = ", ".join(state.root.name for state in sessions()[-5:]) or "none"
    raise InvalidValue("session", name, f"latest, live, a path or one of: {known}")

"""Alerts that stand: one small file each in the state root, until whoever raised it or a person lifts it.

For what no daemon watches, such as a nightly check: control shows them as reasons of the lamp, so that every view and
every alert rule over its metrics has them.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from hedgerow.state_dir import StateDir

FOLDER = "alerts"


@dataclass(frozen=True, slots=True)
class Alert:
    """`code` is UPPER_SNAKE, `subject` what it is about, `text` what is wrong; `wall_ns` when it was raised."""

    code: str
    subject: str
    text: str
    wall_ns: int

    @property
    def reason(self) -> str:
        """As a reason of the lamp."""
        return f"{self.code} {self.subject}"


def root_of(state: StateDir) -> Path:
    """The state root a session's folder lies in; the folder itself when it lies in none."""
    folder = state.root
    if folder.name == "live":
        return folder.parent
    return folder.parent.parent if folder.parent.name == "sessions" else folder


def raise_alert(root: Path, alert: Alert) -> None:
    """Lets the alert stand; one of the same code and subject is replaced."""
    path = _path(root, alert.code, alert.subject)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    part.write_text(json.dumps(asdict(alert)))
    os.replace(part, path)


def lift_alert(root: Path, code: str, subject: str) -> bool:
    """Ends an alert; whether it stood."""
    try:
        _path(root, code, subject).unlink()
    except FileNotFoundError:
        return False
    return True


def standing_alerts(root: Path) -> list[Alert]:
    """Every alert that stands, oldest first; a file that is no alert counts as one, so that none is lost."""
    alerts = []
    for path in (root / FOLDER).glob("*.json"):
        try:
            alerts.append(Alert(**json.loads(path.read_text())))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError) as error:
            alerts.append(Alert("ALERT_UNREADABLE", path.name, str(error), 0))
    return sorted(alerts, key=lambda alert: (alert.wall_ns, alert.subject))


def _path(root: Path, code: str, subject: str) -> Path:
    digest = hashlib.sha256(subject.encode()).hexdigest()[:16]
    return root / FOLDER / f"{code}-{digest}.json"

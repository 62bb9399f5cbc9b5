"""Verifies every session not verified yet, remembers which, and raises an alert where a decision diverges."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from hedgerow import state_dir
from hedgerow.cli.output import wall_text
from hedgerow.cli.replay_verify import How, log_folders, mode_for, torn_words, verdict, verify_log
from hedgerow.cli.replay_words import decision_line, tick_document
from hedgerow.clock import wall_now
from hedgerow.domain.errors import NotFound
from hedgerow.state_dir import StateDir
from hedgerow.store.alerts import Alert, lift_alert, raise_alert
from hedgerow.strategy.replay import VerifyReport
from hedgerow.strategy.session_log import SessionLogError, chunks

DIVERGED, REFUSED, DAMAGED = "REPLAY_DIVERGED", "REPLAY_REFUSED", "SESSION_LOG_DAMAGED"
CODES = (DIVERGED, REFUSED, DAMAGED)
MEMORY = "verified.json"
TEXTFILE = "metrics/replay.prom"


@dataclass(slots=True)
class Nightly:
    """What one round did: a document per log verified, and how many were known already."""

    verified: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0

    @property
    def ok(self) -> bool:
        """Whether every log verified now came out the same."""
        return all(each["ok"] for each in self.verified)


def nightly(how: How, again: bool = False) -> Nightly:
    """Verifies the logs of all sessions, `live` included, that are new or grew since; `again` takes all of them."""
    root = state_dir.home()
    memory = remembered(root)
    told = Nightly()
    for state in filter(_has_log, state_dir.recorded()):
        for folder in log_folders(state):
            subject = f"{state.root.name}/{folder.name}"
            print_ = fingerprint(folder)
            if not again and memory.get(subject, {}).get("fingerprint") == print_:
                told.known += 1
                continue
            document = _verified(root, subject, folder, mode_for(folder) if how == "auto" else how)
            told.verified.append(document)
            memory[subject] = {"fingerprint": print_, **document}
            _write(root / MEMORY, json.dumps(memory, indent=1, sort_keys=True))
    _tell_metrics(root, memory)
    return told


def remembered(root: Path) -> dict[str, dict[str, Any]]:
    """What was verified before by `<session>/<strategy>`; nothing when the file is not there or is damaged."""
    try:
        memory = json.loads((root / MEMORY).read_text())
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def fingerprint(folder: Path) -> str:
    """What tells that a log grew or was touched: its chunks' names, sizes and times of change."""
    facts = ((path.name, path.stat()) for path in chunks(folder))
    return " ".join(f"{name}:{stat.st_size}:{stat.st_mtime_ns}" for name, stat in facts)


def lift(root: Path, subject: str) -> int:
    """Ends the alerts about `<session>/<strategy>`; how many stood."""
    return sum(lift_alert(root, code, subject) for code in CODES)


def _has_log(state: StateDir) -> bool:
    try:
        return bool(log_folders(state))
    except NotFound:
        return False


def _verified(root: Path, subject: str, folder: Path, mode: Any) -> dict[str, Any]:
    """One log's document; the alert stands where it must, and no longer where it need not."""
    now = wall_now()
    try:
        report = verify_log(folder, mode)
    except SessionLogError as error:
        alert: Alert | None = Alert(DAMAGED, subject, str(error), now)
        document = {"log": subject, "ok": False, "decisions": 0, "divergences": 0, "first": None, "why": str(error)}
    else:
        alert = _alert(subject, report, now)
        document = {
            "log": subject,
            "ok": report.ok,
            "decisions": report.decisions,
            "divergences": report.divergences,
            "first": None if report.first is None else tick_document(report.first, whole=False),
            "why": alert.text if alert is not None else torn_words(report),
        }
    lift(root, subject)
    if alert is not None:
        raise_alert(root, alert)
    return document | {"verified_at": wall_text(now), "alert": None if alert is None else alert.reason}


def _alert(subject: str, report: VerifyReport, now: int) -> Alert | None:
    first = report.first
    if first is not None:
        fields = ", ".join(difference.name for difference in first.fields[:5]) or "a checksum"
        text = (
            f"{report.divergences} of {report.decisions} decisions diverge, first {first.observation.sequence} at "
            f"{wall_text(first.observation.now)} in {fields}: recorded {decision_line(first.recorded)}"
        )
        return Alert(DIVERGED, subject, text, now)
    refused = next((verdict(run) for run in report.runs if run.refused), "")
    if refused:
        return Alert(REFUSED, subject, refused, now)
    return Alert(DAMAGED, subject, f"{report.gaps} decisions are missing", now) if report.gaps else None


def _tell_metrics(root: Path, memory: dict[str, dict[str, Any]]) -> None:
    """For a node exporter's textfile collector."""
    registry = CollectorRegistry()
    logs = Gauge("hedgerow_replay_logs", "Session logs verified, by outcome.", ["outcome"], registry=registry)
    for outcome, ok in (("same", True), ("other", False)):
        logs.labels(outcome).set(sum(bool(each.get("ok")) is ok for each in memory.values()))
    divergences = Gauge("hedgerow_replay_divergences", "Decisions that came out otherwise.", registry=registry)
    divergences.set(sum(each.get("divergences", 0) for each in memory.values()))
    ended = Gauge("hedgerow_replay_last_run_timestamp_seconds", "When the last round ended.", registry=registry)
    ended.set(wall_now() / 1e9)
    path = root / TEXTFILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry)


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    part.write_text(text)
    os.replace(part, path)

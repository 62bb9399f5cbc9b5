"""The journal's head, kept beside the database: what shows that the journal's end was cut off."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

from hedgerow.domain.errors import InvalidValue

SYNC_INTERVAL_S = 5.0
"""Wall seconds between two syncs while commits never pause; else each pause syncs."""
_LINE_BYTES = 128
"""One line of fixed length, so that each write replaces the one before it whole."""


class Head(NamedTuple):
    """The newest event: its sequence (0 before the first) and hash."""

    sequence: int
    hash: str


class HeadFile:
    """Holds the newest head in one line of JSON, replaced after each commit and synced when there is time.

    It is written after the commit, so it is never ahead of the disk, and the death of a process loses nothing of it;
    the death of the machine may set it back by seconds. A disk that refuses it stops no order: `failed` says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None
        self._synced_at = time.monotonic()
        self._unsynced = False
        self.failed = ""

    def follow(self, head: Head) -> str:
        """Begins to follow a journal that opened with that head; in words, what does not fit the file found.

        A head beyond the journal's is set aside as `<name>.<sequence>`: the journal was cut short, and stays so.
        """
        problem = ""
        if self._path.exists():
            try:
                known = read_head(self._path)
            except InvalidValue as error:
                problem = str(error)
            else:
                if known.sequence > head.sequence:
                    os.replace(self._path, self._path.with_name(f"{self._path.name}.{known.sequence}"))
                    problem = f"the journal ends at {head.sequence}, and went on to {known.sequence} once"
        self.write(head)
        self.sync()
        return problem

    def write(self, head: Head) -> None:
        """Replaces the line; one write to the operating system, no sync but every few seconds."""
        line = json.dumps(head._asdict()).encode().ljust(_LINE_BYTES - 1) + b"\n"
        try:
            if self._fd is None:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            os.pwrite(self._fd, line, 0)
        except OSError as error:
            self.failed = f"{self._path}: {error.strerror}"
            return
        self._unsynced = True
        if time.monotonic() - self._synced_at >= SYNC_INTERVAL_S:
            self.sync()

    def sync(self) -> None:
        """Has the line on disk."""
        if self._fd is not None and self._unsynced:
            self._unsynced = False
            self._synced_at = time.monotonic()
            try:
                os.fsync(self._fd)
            except OSError as error:
                self.failed = f"{self._path}: {error.strerror}"

    def close(self) -> None:
        """Syncs and lets go of the file."""
        self.sync()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def read_head(path: Path) -> Head:
    """A head as kept in a file: a JSON object with `sequence` and `hash`, or one that has them under `head`.

    Raises InvalidValue when it is no such file.
    """
    try:
        document = json.loads(path.read_text())
        document = document.get("head", document)
        return Head(int(document["sequence"]), str(document["hash"]))
    except OSError as error:
        raise InvalidValue("head", str(path), f"a readable file ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidValue("head", str(path), "a JSON object with the journal's `sequence` and `hash`") from error


def known_heads(path: Path) -> dict[Path, Head]:
    """The heads kept at that place, set aside ones too; raises InvalidValue for one that cannot be read."""
    return {each: read_head(each) for each in sorted(path.parent.glob(f"{path.name}*"))}

"""The lock file of a SQLite writer: held while it lives, counted on while it works, replaced when it does not."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.failpoints import failpoint
from hedgerow.store.backend import Pulse

_PID_BYTES, _COUNT_BYTES = 20, 20


class LockFile:
    """Locked from construction on, until `close` or until another process puts its own file in its place.

    With `evict`, a holder whose pulse is still that one loses the lock: a stopped process keeps a file locked, and
    finds, when it wakes, that the file is no longer the one. Raises InvalidValue for a folder that cannot be written,
    FailedPrecondition (STORE_IN_USE, naming the process) while another holds it.
    """

    def __init__(self, folder: Path, owner: str, evict: Pulse | None = None) -> None:
        self._path = (folder / f"{owner}.lock").absolute()
        self._beats = 0
        self._file = self._take(folder, owner, evict)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode().ljust(_PID_BYTES), 0)

    def held(self) -> bool:
        """Whether the path still leads to the file this process locked."""
        return _same(self._file, self._path)

    def beat(self) -> bool:
        """Counts on; False when the lock is no longer this process's."""
        self._beats += 1
        os.pwrite(self._file, b"%0*d" % (_COUNT_BYTES, self._beats), _PID_BYTES)
        return self.held()

    def close(self) -> None:
        """Lets the next writer in."""
        os.close(self._file)

    def _take(self, folder: Path, owner: str, evict: Pulse | None) -> int:
        while True:
            file = _open(folder, self._path)
            try:
                failpoint("sqlite.lock")
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(file)
                pulse = read_pulse(folder, owner)
                if pulse is not None and pulse == evict:
                    return self._replace()
                holder = pulse.holder if pulse is not None else "unknown"
                raise FailedPrecondition(
                    f"{owner}.db is in use by pid {holder}: one process writes each database; "
                    f"end that process, or use another state folder ({folder})", "STORE_IN_USE",
                ) from error  # fmt: skip
            if _same(file, self._path):
                return file
            os.close(file)  # replaced between the two calls

    def _replace(self) -> int:
        """A new file, locked before it has the name."""
        part = self._path.with_suffix(f".{os.getpid()}.lock-part")
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.replace(part, self._path)
        return file


def read_pulse(folder: Path, owner: str) -> Pulse | None:
    """What the lock file says of its holder, alive or not; None when there is none."""
    try:
        with (folder / f"{owner}.lock").open("rb") as file:
            text = file.read(_PID_BYTES + _COUNT_BYTES)
            inode = os.fstat(file.fileno()).st_ino
    except OSError:
        return None
    holder = text[:_PID_BYTES].decode(errors="replace").strip() or "unknown"
    return Pulse(holder, (inode, text))


def _open(folder: Path, path: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InvalidValue(
            "store", str(folder), f"a folder this process can write ({error.strerror})",
            "set HEDGEROW_HOME to such a folder",
        ) from error  # fmt: skip


def _same(file: int, path: Path) -> bool:
    try:
        there = os.stat(path)
    except OSError:
        return False
    here = os.fstat(file)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

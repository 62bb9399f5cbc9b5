"""The frame log: one file, one guard; hash-chained lines, each on disk before what it tells of happens."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import queue
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hedgerow.clock import wall_now
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.guard.ledger import BEGIN, START, Ledger, Record

_GENESIS = "0" * 64


class FrameLog:
    """Appends records and folds each into `ledger` once it is on disk; the first failure ends all writing.

    Raises FailedPrecondition when another guard has the file (GUARD_LOG_IN_USE) or a record was changed
    (GUARD_LOG_DAMAGED), InvalidValue when it cannot be written. A last line without its end was never
    acknowledged: it is cut off.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self.path = path
        self.ledger = Ledger()
        self._timeout_s = timeout_s
        self.failed = ""
        """Why nothing more is written, in words; empty while it works."""
        self._queue: queue.SimpleQueue[tuple[bytes, Record, asyncio.Future[Record]] | None] = queue.SimpleQueue()
        self._previous = _GENESIS
        self._number = 0
        self._file = _open(path)
        try:
            self._read()
            if not self._number:
                self._write_now({"kind": BEGIN, "log_id": secrets.token_hex(16)})
            self._write_now({"kind": START, "pid": os.getpid()})
        except BaseException:
            os.close(self._file)
            raise
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="guard-log", daemon=True)
        self._thread.start()

    def append(self, body: Mapping[str, Any]) -> asyncio.Future[Record]:
        """The record, once it is on disk; the future fails with Unavailable (GUARD_LOG_FAILED)."""
        loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[Record] = loop.create_future()
        if self.failed:
            future.set_exception(self._unavailable())
            return future
        line, record = self._next(body)
        self._queue.put((line, record, future))
        # A disk that hangs must not hold up the cancels behind this record for longer than this.
        timer = loop.call_later(self._timeout_s, self._fail, f"a write took longer than {self._timeout_s:g} s", future)
        future.add_done_callback(lambda _: timer.cancel())
        return future

    def close(self) -> None:
        """Writes what is pending and lets the next guard in."""
        self._queue.put(None)
        self._thread.join()
        os.close(self._file)

    def _next(self, body: Mapping[str, Any]) -> tuple[bytes, Record]:
        record = Record(self._number + 1, wall_now(), body)
        self._previous = digest = _chained(self._previous, record)
        self._number = record.sequence
        text = json.dumps({"n": record.sequence, "wall_ns": record.wall_ns, "body": body, "hash": digest})
        return text.encode() + b"\n", record

    def _write_now(self, body: Mapping[str, Any]) -> None:
        """For the start, before there is a loop or a thread."""
        line, record = self._next(body)
        try:
            _write(self._file, line)
        except OSError as error:
            raise _unusable(self.path, error) from error
        self.ledger.apply(record)

    def _read(self) -> None:
        """Folds what is there, checking the chain; cuts a torn end off."""
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            try:
                fields = json.loads(line)
                record = Record(int(fields["n"]), int(fields["wall_ns"]), fields["body"])
                digest = _chained(self._previous, record)
                if record.sequence != self._number + 1 or digest != fields["hash"]:
                    raise ValueError("its hash does not follow from the one before")
                self.ledger.apply(record)
            except (ValueError, KeyError, TypeError) as error:
                raise FailedPrecondition(
                    f"{self.path}: record {self._number + 1} is damaged ({error}); no order is let through on evidence "
                    "nobody can trust: move the file away to begin another", "GUARD_LOG_DAMAGED",
                ) from error  # fmt: skip
            self._previous, self._number = digest, record.sequence
        if whole < len(data):
            os.ftruncate(self._file, whole)
            os.fsync(self._file)

    def _run(self) -> None:
        """On the thread: what is pending shares one sync."""
        why = ""
        item = self._queue.get()
        while item is not None:
            group = [item]
            while not self._queue.empty() and (item := self._queue.get_nowait()) is not None:
                group.append(item)
            if not why:  # after a failure the file may end in half a line: nothing may follow it
                why = self._write_group(b"".join(line for line, _, _ in group))
            assert self._loop is not None
            try:
                self._loop.call_soon_threadsafe(self._settle, group, why)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more
            if item is None:
                return
            item = self._queue.get()

    def _write_group(self, data: bytes) -> str:
        """Why it is not on disk for certain; empty when it is."""
        try:
            if os.fstat(self._file).st_nlink == 0:
                return f"{self.path} was removed"
            failpoint("guard.log.write")
            _write(self._file, data)
            failpoint("guard.log.synced")
        except OSError as error:
            return f"{self.path}: {error.strerror or error}"
        return ""

    def _settle(self, group: list[tuple[bytes, Record, asyncio.Future[Record]]], why: str) -> None:
        """On the loop: folds what is on disk, then lets who waited go on."""
        for _, record, future in group:
            if why or self.failed:
                self._fail(why, future)
                continue
            self.ledger.apply(record)
            if not future.done():
                future.set_result(record)

    def _fail(self, why: str, future: asyncio.Future[Record]) -> None:
        self.failed = self.failed or why
        if not future.done():
            future.set_exception(self._unavailable())

    def _unavailable(self) -> Unavailable:
        return Unavailable(f"the frame log takes no writes: {self.failed}", "GUARD_LOG_FAILED")


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise FailedPrecondition(
            f"{path} is in use by another guard: one guard writes each log", "GUARD_LOG_IN_USE"
        ) from error
    if new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # its name, too, outlives a crash
        finally:
            os.close(folder)
    return file


def _write(file: int, data: bytes) -> None:
    """Returns once the bytes are on disk."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    os.fdatasync(file)  # syncs the length too, where it changed


def _chained(previous: str, record: Record) -> str:
    text = json.dumps([previous, *record], separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _unusable(path: Path, error: OSError) -> InvalidValue:
    return InvalidValue("guard.log", str(path), f"a file this process can write ({error.strerror})")

"""The strategy's own log: every observation and its decision, appended before the strategy acts.

A folder of chunks `chunk-000000.log`, each a row of frames `length u32 | crc32 u32 | kind u8 | payload` (little
endian; the sum covers kind and payload). The first frame of a chunk is a header (JSON); a later header in the same
log begins another run, unless it says that it continues one. A record is the bytes of observation and decision, one
write() each: whatever process dies, all records written before are there. A torn tail, the prefix of one frame at the
very end, is cut on opening for append and reported; damage anywhere else is an error, never repaired silently.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from hedgerow.domain.errors import HedgerowError, Unavailable
from hedgerow.failpoints import failpoint
from hedgerow.strategy.decision import Decision
from hedgerow.strategy.layout import Layout
from hedgerow.strategy.observation import Observation

OBSERVATION: Layout[Observation] = Layout(Observation)
DECISION: Layout[Decision] = Layout(Decision)
LAYOUT_DIGEST = f"{OBSERVATION.digest}-{DECISION.digest}"
RECORD_SIZE = OBSERVATION.size + DECISION.size
DEFAULT_CHUNK_BYTES = 64 * 1024 * 1024

_FRAME = struct.Struct("<IIB")
_HEADER, _RECORD = 1, 2
_MAX_FRAME = 1 << 20


class SessionLogError(HedgerowError):
    """A session log is damaged, of another layout, or not there; the message says where."""

    reason = "SESSION_LOG"


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """What a run was: enough to fold its observations again.

    `kind` names the strategy's module, `params` the NamedTuple's fields, `config` and `effective` what they came from.
    """

    strategy: str
    kind: str
    run_id: str
    code_version: str
    config_hash: str
    params: dict[str, Any]
    config: dict[str, Any]
    effective: dict[str, float]
    layout: str = LAYOUT_DIGEST
    record_size: int = RECORD_SIZE
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One evaluation as logged: RECORD_SIZE bytes, read when asked for; `intact` says that their checksum holds."""

    payload: bytes
    intact: bool = True

    @property
    def observation(self) -> Observation:
        """What was seen."""
        return OBSERVATION.unpack(self.payload[: OBSERVATION.size])

    @property
    def decision(self) -> Decision:
        """What was decided."""
        return DECISION.unpack(self.decision_bytes)

    @property
    def decision_bytes(self) -> bytes:
        """The decision's exact recorded bytes."""
        return self.payload[OBSERVATION.size :]


@dataclass(frozen=True, slots=True)
class TornTail:
    """The unfinished frame a dead writer left: `length` bytes from `offset`."""

    path: Path
    offset: int
    length: int


def _frame(kind: int, payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), zlib.crc32(payload, zlib.crc32(bytes((kind,)))), kind) + payload


def chunks(folder: Path) -> list[Path]:
    """The log's chunks in order; SessionLogError when one is missing."""
    paths = sorted(folder.glob("chunk-*.log"))
    for index, path in enumerate(paths):
        if path.name != f"chunk-{index:06d}.log":
            raise SessionLogError(f"{folder}: chunk-{index:06d}.log is missing; restore it, the log has a hole")
    return paths


class _Piece(NamedTuple):
    kind: int
    payload: bytes
    intact: bool = True


def _frames(path: Path, last: bool, altered: bool = False) -> Iterator[_Piece | TornTail]:
    """Every frame of one chunk; a TornTail at the end of the last one; SessionLogError on any other damage.

    `altered` gives a whole record whose checksum does not match as one that is not intact.
    """
    data = path.read_bytes()
    offset = record_size = 0
    while offset < len(data):
        rest = len(data) - offset
        torn = TornTail(path, offset, rest)
        length, checksum, kind = _FRAME.unpack_from(data, offset) if rest >= _FRAME.size else (0, 0, 0)
        whole = False
        if kind in (_HEADER, _RECORD):
            if (kind == _RECORD and length != record_size) or length > _MAX_FRAME:
                raise SessionLogError(f"{path}: damaged at byte {offset}: no frame is {length} bytes long")
            payload = data[offset + _FRAME.size : offset + _FRAME.size + length]
            whole = len(payload) == length and checksum == zlib.crc32(payload, zlib.crc32(bytes((kind,))))
            if altered and not whole and kind == _RECORD and len(payload) == length:
                yield _Piece(kind, payload, False)
                offset += _FRAME.size + length
                continue
            if not whole and rest > _FRAME.size + length:
                raise SessionLogError(f"{path}: damaged at byte {offset}: the checksum does not match")
        elif rest >= _FRAME.size and data.count(0, offset) != rest:  # zeros: space a crash never filled
            raise SessionLogError(f"{path}: damaged at byte {offset}: no frame begins here")
        if not whole:
            if not last:
                raise SessionLogError(f"{path}: damaged at byte {offset}: cut short, but a later chunk exists")
            yield torn
            return
        if kind == _HEADER:
            record_size = json.loads(payload)["record_size"]
        yield _Piece(kind, payload)
        offset += _FRAME.size + length


def read(folder: Path, altered: bool = False) -> Iterator[SessionHeader | Record | TornTail]:
    """Headers, records and, at the very end, a torn tail, in order; SessionLogError on damage or an empty folder.

    Records of a run whose header names another layout than LAYOUT_DIGEST are left out: this code cannot read them.
    `altered` gives records whose checksum does not match, too, marked: for one who looks for what was altered.
    """
    paths = chunks(folder)
    ours = False
    if not paths:
        raise SessionLogError(f"{folder}: holds no session log")
    for path in paths:
        for frame in _frames(path, path is paths[-1], altered):
            if isinstance(frame, TornTail):
                yield frame
            elif frame.kind == _HEADER:
                header = SessionHeader(**json.loads(frame.payload))
                ours = header.layout == LAYOUT_DIGEST
                yield header
            elif ours:
                yield Record(frame.payload, frame.intact)


class SessionLog:
    """Appends one run's records; `torn` is the tail that opening cut, None when there was none.

    Raises SessionLogError when the folder's log is damaged, Unavailable (JOURNAL_UNAVAILABLE) when a write fails: then
    nothing may be acted on. One writer per folder.
    """

    def __init__(self, folder: Path, header: SessionHeader, chunk_bytes: int = DEFAULT_CHUNK_BYTES) -> None:
        self._folder, self._header, self._chunk_bytes = folder, header, chunk_bytes
        self.torn: TornTail | None = None
        folder.mkdir(parents=True, exist_ok=True)
        paths = chunks(folder)
        self._index = max(len(paths) - 1, 0)
        if paths:
            for frame in _frames(paths[-1], True):
                if isinstance(frame, TornTail):
                    self.torn = frame
                    os.truncate(frame.path, frame.offset)
        self._file = self._open()
        self._size = os.fstat(self._file).st_size
        self._write(_frame(_HEADER, self._encoded(continues=False)))

    def append(self, observation: Observation, decision: Decision) -> None:
        """Write one record; returns when the operating system has it."""
        if self._size + RECORD_SIZE > self._chunk_bytes:
            os.close(self._file)
            self._index += 1
            self._file = self._open()
            self._size = 0
            self._write(_frame(_HEADER, self._encoded(continues=True)))
        self._write(_frame(_RECORD, OBSERVATION.pack(observation) + DECISION.pack(decision)))

    def close(self) -> None:
        """Flush to disk and close."""
        failpoint("session_log.sync")
        os.fsync(self._file)
        os.close(self._file)

    def _open(self) -> int:
        path = self._folder / f"chunk-{self._index:06d}.log"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def _encoded(self, continues: bool) -> bytes:
        return json.dumps(asdict(replace(self._header, continues=continues)), sort_keys=True).encode()

    def _write(self, frame: bytes) -> None:
        try:
            failpoint("session_log.write")
            written = os.write(self._file, frame)
            if written != len(frame):
                os.ftruncate(self._file, self._size)
                raise OSError(f"wrote {written} of {len(frame)} bytes")
        except OSError as error:
            text = f"session log {self._folder}: {error}; free space or permissions, then resume"
            raise Unavailable(text, "JOURNAL_UNAVAILABLE") from error
        self._size += len(frame)

"""The byte tap: every frame in both directions, appended to a file, and its reader."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.codec import split
from hedgerow.ibsim.messages.ids import Request
from hedgerow.ibsim.messages.order_in import place_order

_MAGIC = b"HGWIRE1\n"
# payload bytes, CLOCK_MONOTONIC ns, wall ns, connection, client id, direction
_HEADER = struct.Struct("<IqqIiB")
UNKNOWN_CLIENT = -1


class Direction(IntEnum):
    """Seen from the gateway."""

    IN = 0
    OUT = 1


@dataclass(frozen=True, slots=True)
class WireRecord:
    """One frame as it crossed the socket; `payload` is without its length prefix.

    `client_id` is -1 until the client has named it. The first frame in is the client's version
    offer, the first frame out the gateway's answer to it.
    """

    monotonic_ns: int
    wall_ns: int
    connection_id: int
    client_id: int
    direction: Direction
    payload: bytes

    @property
    def fields(self) -> list[str]:
        """The frame's text fields."""
        return split(self.payload)

    @property
    def message_id(self) -> int:
        """The message id, -1 for a frame that has none (the handshake)."""
        head = self.payload.split(b"\0", 1)[0]
        return int(head) if head.isdigit() else -1


@dataclass(frozen=True, slots=True)
class OrderFrame:
    """One placeOrder frame; `is_modify` when its client had sent that order id before on any connection."""

    record: WireRecord
    order_id: int
    fields: dict[str, str]
    is_modify: bool


class WireLog:
    """Appends frames; each call is one write to the operating system, so a killed process loses none."""

    def __init__(self, path: Path | None) -> None:
        self._fd: int | None = None
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            size = os.fstat(self._fd).st_size
            whole = _whole_bytes(path)
            if whole < size:
                os.ftruncate(self._fd, whole)  # the torn tail of a killed run
            if whole == 0:
                os.write(self._fd, _MAGIC)
        except OSError as error:
            raise InvalidValue("wire_log", str(path), f"a writable file ({error.strerror})") from error

    def incoming(self, connection_id: int, client_id: int, payload: bytes) -> None:
        """One frame from a client."""
        if self._fd is not None:
            header = _HEADER.pack(
                len(payload), time.monotonic_ns(), time.time_ns(), connection_id, client_id, Direction.IN
            )
            os.write(self._fd, header + payload)

    def outgoing(self, connection_id: int, client_id: int, frames: list[bytes]) -> None:
        """Frames to a client, each with its length prefix."""
        if self._fd is not None:
            now, wall, pack = time.monotonic_ns(), time.time_ns(), _HEADER.pack
            parts = []
            for frame in frames:
                parts.append(pack(len(frame) - 4, now, wall, connection_id, client_id, Direction.OUT))
                parts.append(frame[4:])
            os.write(self._fd, b"".join(parts))

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def read_wire_log(path: Path) -> Iterator[WireRecord]:
    """Every whole record in order; a torn tail (a process killed while writing) is left out.

    Raises InvalidValue when the file is absent or no wire log.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidValue("wire log", str(path), f"a readable file ({error.strerror})") from error
    if data[: len(_MAGIC)] != _MAGIC:
        raise InvalidValue("wire log", str(path), "a file written by the simulated gateway")
    for record, _ in _records(data, len(_MAGIC)):
        yield record


def _records(data: bytes, position: int) -> Iterator[tuple[WireRecord, int]]:
    """Whole records from `position`, each with where it ends."""
    while position + _HEADER.size <= len(data):
        size, monotonic, wall, connection_id, client_id, direction = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        if position + size > len(data):
            return
        payload = data[position : position + size]
        position += size
        yield WireRecord(monotonic, wall, connection_id, client_id, Direction(direction), payload), position


class WireTail:
    """Follows a wire log that is being written, from its present end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size

    def new(self) -> list[WireRecord]:
        """The records since the last call."""
        with self._path.open("rb") as file:
            file.seek(self._position)
            data = file.read()
        found = list(_records(data, 0))
        if found:
            self._position += found[-1][1]
        return [record for record, _ in found]


def orders(path: Path) -> list[OrderFrame]:
    """Every placeOrder frame the gateway received, what-ifs included, in order."""
    versions: dict[int, int] = {}
    seen: set[tuple[int, int]] = set()
    found = []
    for record in read_wire_log(path):
        if record.direction is Direction.OUT and record.connection_id not in versions:
            versions[record.connection_id] = record.message_id
        if record.direction is Direction.IN and record.message_id == Request.PLACE_ORDER:
            fields = place_order(record.fields, versions[record.connection_id])
            key = (record.client_id, int(fields["orderId"]))
            found.append(OrderFrame(record, key[1], fields, key in seen))
            seen.add(key)
    return found


def _whole_bytes(path: Path) -> int:
    """How much of an existing log is whole records."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if file.read(len(_MAGIC)) != _MAGIC:
            if size:
                raise InvalidValue("wire_log", str(path), "a new file, or one written by the simulated gateway")
            return 0
        position = len(_MAGIC)
        while header := file.read(_HEADER.size):
            if len(header) < _HEADER.size:
                break
            end = position + _HEADER.size + int(_HEADER.unpack(header)[0])
            if end > size:
                break
            position = end
            file.seek(position)
        return position

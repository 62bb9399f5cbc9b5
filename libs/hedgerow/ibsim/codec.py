"""Framing and fields: 4-byte big-endian length, then NUL-terminated text fields."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from decimal import Decimal

PREFIX = b"API\0"
MAX_FRAME_BYTES = 0xFFFFFF
_LENGTH = struct.Struct(">I")

UNSET_DOUBLE = "1.7976931348623157E308"
UNSET_INTEGER = "2147483647"
UNSET_LONG = "9223372036854775807"

Value = str | int | float | Decimal | bool | None


class MalformedFrame(ValueError):
    """A frame's bytes or fields do not follow the protocol; the message says which and where."""


def text(value: Value) -> str:
    """One field as the wire spells it: booleans 1 and 0, None empty, numbers in plain notation."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        # normalize() drops trailing zeros but turns 100 into 1E+2, which format "f" undoes
        return format(value.normalize(), "f")
    return repr(value)


def frame(values: Iterable[Value]) -> bytes:
    """One whole frame of these fields, length prefix included."""
    body = ("\0".join(map(text, values)) + "\0").encode()
    return _LENGTH.pack(len(body)) + body


def raw_frame(body: bytes) -> bytes:
    """One whole frame around an already encoded body."""
    return _LENGTH.pack(len(body)) + body


def split(payload: bytes) -> list[str]:
    """The fields of one frame's payload. Raises MalformedFrame when it is not UTF-8 text."""
    try:
        fields = payload.decode().split("\0")
    except UnicodeDecodeError as error:
        raise MalformedFrame(f"frame: not UTF-8 text at byte {error.start}") from error
    if fields[-1] == "":
        fields.pop()
    return fields


class FrameBuffer:
    """Cuts a byte stream into frame payloads, wherever the network split it."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._data = bytearray()
        self._max = max_frame_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads now complete. Raises MalformedFrame when a length is over the limit."""
        buffer = self._data
        buffer += data
        payloads = []
        start, size = 0, len(buffer)
        while size - start >= 4:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if length > self._max:
                raise MalformedFrame(f"frame: {length} bytes announced, at most {self._max} are allowed")
            end = start + 4 + length
            if size < end:
                break
            payloads.append(bytes(buffer[start + 4 : end]))
            start = end
        if start:
            del buffer[:start]
        return payloads

    @property
    def pending(self) -> int:
        """Bytes held that are not yet a whole frame."""
        return len(self._data)

"""Protobuf's own framing of embedded messages: what lets an encoded part be shared by many messages."""

from __future__ import annotations

_VARINT, _LENGTH_DELIMITED = 0, 2

# the framing of short bodies, by field number: made once
_SHORT = 512
_FRAMES: dict[int, tuple[bytes, ...]] = {}


def varint(value: int) -> bytes:
    """A number of zero or above in protobuf's base-128 form."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def embed(field_number: int, body: bytes) -> bytes:
    """An encoded message as field `field_number` of the message around it; repeat it for a repeated field."""
    frames = _FRAMES.get(field_number)
    if frames is None:
        tag = varint(field_number << 3 | _LENGTH_DELIMITED)
        frames = _FRAMES[field_number] = tuple(tag + varint(length) for length in range(_SHORT))
    length = len(body)
    if length < _SHORT:
        return frames[length] + body
    return varint(field_number << 3 | _LENGTH_DELIMITED) + varint(length) + body


def varint_field(field_number: int, value: int) -> bytes:
    """An unsigned number as field `field_number`; nothing for 0, proto3's default."""
    return varint(field_number << 3 | _VARINT) + varint(value) if value else b""

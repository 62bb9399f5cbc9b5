"""The wire as the guard reads it: frames cut anywhere, the version offer, and what a frame asks for."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from hedgerow.domain.egress import WriterMark, take_mark

PREFIX = b"API\0"
MAX_FRAME_BYTES = 1 << 20
MAX_OFFER_BYTES = 1024
_LENGTH = struct.Struct(">I")
_OFFER = re.compile(r"(v(\d{1,9})(?:\.\.(\d{1,9}))?)(?: (.*))?", re.DOTALL)
_MESSAGE_ID = re.compile(rb"[1-9][0-9]{0,3}")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
# From this server version on, messages may be protobuf: nothing the guard could read.
FIRST_BINARY_VERSION = 201
# Fields of placeOrder, the same at every server version without protobuf.
_ACCOUNT, _ORDER_REF = 23, 26
_EXERCISE_ACCOUNT = 16


class MalformedFrame(ValueError):
    """The bytes do not follow the protocol; the connection that sent them is dropped."""


class Message(IntEnum):
    """Messages to the gateway the guard knows."""

    PLACE_ORDER = 3
    CANCEL_ORDER = 4
    EXERCISE_OPTIONS = 21
    GLOBAL_CANCEL = 58
    START_API = 71


class FrameKind(StrEnum):
    """What a frame asks the broker to do."""

    NEW = "NEW"
    MODIFY = "MODIFY"
    CANCEL = "CANCEL"
    GLOBAL_CANCEL = "GLOBAL_CANCEL"
    EXERCISE = "EXERCISE"

    @property
    def adds_risk(self) -> bool:
        """Whether a latch holds it back."""
        return self in (FrameKind.NEW, FrameKind.MODIFY, FrameKind.EXERCISE)


@dataclass(frozen=True, slots=True)
class OrderFrame:
    """A frame about orders; `order_id` 0 and empty texts where it names none."""

    kind: FrameKind
    order_id: int
    account: str
    client_order_id: str
    payload: bytes

    @property
    def payload_hash(self) -> str:
        """SHA-256 of the payload, hex."""
        return hashlib.sha256(self.payload).hexdigest()


@dataclass(frozen=True, slots=True)
class Offer:
    """A client's version offer; `stripped` is what the gateway is told: the same without the mark."""

    mark: WriterMark | None
    stripped: bytes


class FrameReader:
    """Cuts a byte stream into payloads, wherever the network split it; `limit` bytes at most each."""

    def __init__(self, limit: int = MAX_FRAME_BYTES) -> None:
        self.limit = limit
        self._data = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads now complete; raises MalformedFrame for an empty or oversized one as soon as it is announced."""
        self._data += data
        found = []
        while (payload := self.next()) is not None:
            found.append(payload)
        return found

    def push(self, data: bytes) -> None:
        """More bytes, to be taken with `next`."""
        self._data += data

    def next(self) -> bytes | None:
        """The next whole payload, None before it is there; raises MalformedFrame."""
        data = self._data
        if len(data) < 4:
            return None
        (length,) = _LENGTH.unpack_from(data)
        if not 0 < length <= self.limit:
            raise MalformedFrame(f"a frame of {length} bytes is announced, 1 to {self.limit} are allowed")
        if len(data) < 4 + length:
            return None
        payload = bytes(data[4 : 4 + length])
        del data[: 4 + length]
        return payload

    def take_prefix(self) -> bool:
        """Takes the greeting that precedes the first frame; False before it is whole. Raises MalformedFrame."""
        if not PREFIX.startswith(self._data[: len(PREFIX)]):
            raise MalformedFrame("it does not speak the TWS API")
        if len(self._data) < len(PREFIX):
            return False
        del self._data[: len(PREFIX)]
        return True


def framed(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return _LENGTH.pack(len(payload)) + payload


def error_frame(order_id: int, code: int, text: str) -> bytes:
    """An error as the gateway would send it; its last field is for server versions from 166 on."""
    return _message(("4", "2", str(order_id), str(code), text, ""))


def _message(fields: Iterable[str]) -> bytes:
    return framed(b"".join(field.replace("\0", " ").encode() + b"\0" for field in fields))


def read_offer(payload: bytes) -> Offer:
    """The version offer, `v157..176 options`; raises MalformedFrame."""
    try:
        text = payload.decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedFrame("the version offer is no ASCII text") from error
    found = _OFFER.fullmatch(text)
    if found is None:
        raise MalformedFrame(f"{text[:64]!r} is no version offer")
    if int(found[3] or found[2]) >= FIRST_BINARY_VERSION:
        raise MalformedFrame(f"server versions from {FIRST_BINARY_VERSION} on speak protobuf, which is not read here")
    try:
        mark, rest = take_mark(found[4] or "")
    except ValueError as error:
        raise MalformedFrame(str(error)) from error
    return Offer(mark, f"{found[1]} {rest}".rstrip().encode())


def message_id(payload: bytes) -> int:
    """The frame's message id; raises MalformedFrame for one a gateway could read in another way."""
    head, separator, _ = payload.partition(b"\0")
    if not separator or _MESSAGE_ID.fullmatch(head) is None:
        raise MalformedFrame(f"{head[:16]!r} is no message id")
    return int(head)


def read_start(payload: bytes) -> int:
    """The client id a startApi names; raises MalformedFrame for any other message."""
    fields = _fields(payload)
    if message_id(payload) != Message.START_API or len(fields) < 3:
        raise MalformedFrame("the first message names no client id")
    return _number(fields[2], "client id")


def read_order(payload: bytes) -> OrderFrame | None:
    """What the frame asks about orders, None when it is about something else; raises MalformedFrame.

    A change of an order looks like a new one: only who knows the order's id can tell.
    """
    match message_id(payload):
        case Message.PLACE_ORDER:
            fields = _fields(payload)
            if len(fields) <= _ORDER_REF:
                raise MalformedFrame(f"placeOrder ends at field {len(fields)}")
            order_id = _number(fields[1], "order id")
            return OrderFrame(FrameKind.NEW, order_id, fields[_ACCOUNT], fields[_ORDER_REF], payload)
        case Message.CANCEL_ORDER:
            fields = _fields(payload)
            if len(fields) < 3:
                raise MalformedFrame(f"cancelOrder ends at field {len(fields)}")
            return OrderFrame(FrameKind.CANCEL, _number(fields[2], "order id"), "", "", payload)
        case Message.GLOBAL_CANCEL:
            return OrderFrame(FrameKind.GLOBAL_CANCEL, 0, "", "", payload)
        case Message.EXERCISE_OPTIONS:
            fields = _fields(payload)
            request = _number(_field(fields, 2), "request id")
            return OrderFrame(FrameKind.EXERCISE, request, _field(fields, _EXERCISE_ACCOUNT), "", payload)
    return None


def server_version(payload: bytes) -> int:
    """The version a gateway's first frame names; raises MalformedFrame."""
    return _number(_field(_fields(payload), 0), "server version")


def _fields(payload: bytes) -> list[str]:
    if payload[-1:] != b"\0":
        raise MalformedFrame("the last field of a frame does not end")
    try:
        return payload[:-1].decode().split("\0")
    except UnicodeDecodeError as error:
        raise MalformedFrame(f"no UTF-8 text at byte {error.start}") from error


def _field(fields: list[str], index: int) -> str:
    if index >= len(fields):
        raise MalformedFrame(f"a message ends at field {len(fields)}")
    return fields[index]


def _number(text: str, name: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise MalformedFrame(f"{name}: {text[:32]!r} is not a whole number")
    return int(text)

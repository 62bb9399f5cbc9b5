"""Requests and answers of one ASGI call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple

import grpc

from gateway.errors import HttpError, refused
from gateway.security import SECURITY_HEADERS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = "application/json"
LINES = "application/x-ndjson"
_BODY_S, _DRAIN_S, _DRAIN_BYTES = 30.0, 2.0, 16 << 20


class Answer(NamedTuple):
    """A whole answer; API answers are never stored."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    cache_control: str = "no-store"
    headers: Iterable[tuple[str, str]] = ()


class Request(NamedTuple):
    """A request with its body read; `path` is still percent-encoded."""

    method: str
    path: str
    query: bytes
    body: bytes
    scope: Scope

    def header(self, name: str) -> str:
        """A header's first value, empty without one."""
        return header(self.scope, name)


def header(scope: Scope, name: str) -> str:
    """A header's first value, empty without one."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The body; raises HttpError 413 beyond `limit` bytes, as soon as it is clear."""
    declared = header(scope, "content-length")
    if header(scope, "content-encoding") not in ("", "identity"):
        raise refused(
            grpc.StatusCode.INVALID_ARGUMENT, "a body is sent without Content-Encoding", "CONTENT_ENCODING", status=415
        )
    if declared.isdigit() and int(declared[:20]) > limit:
        if not header(scope, "expect"):  # else it is not on its way yet
            await _drain(receive)
        raise _too_large(limit)
    try:
        async with asyncio.timeout(_BODY_S):
            return await _read_all(receive, limit)
    except TimeoutError:
        code, text = grpc.StatusCode.DEADLINE_EXCEEDED, f"a body comes within {_BODY_S:g} s"
        raise refused(code, text, "BODY_TOO_SLOW", status=408, connection="close") from None


async def _read_all(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the reader left before its request was whole")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            await _drain(receive)
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _drain(receive: Receive) -> None:
    """Takes in some of what is refused: cut off while it sends, a client would not read why."""
    taken = 0
    try:
        async with asyncio.timeout(_DRAIN_S):
            while taken < _DRAIN_BYTES:
                message = await receive()
                taken += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _too_large(limit: int) -> HttpError:
    code = grpc.StatusCode.INVALID_ARGUMENT
    return refused(code, f"a body has at most {limit} bytes", "BODY_TOO_LARGE", status=413, connection="close")


def head_of(content_type: str, cache_control: str = "no-store", more: Iterable[tuple[str, str]] = ()) -> Headers:
    """Headers of any answer."""
    return [
        (b"content-type", content_type.encode()),
        (b"cache-control", cache_control.encode()),
        *SECURITY_HEADERS,
        *((name.lower().encode(), value.encode("latin-1")) for name, value in more),
    ]


async def send_answer(send: Send, answer: Answer) -> None:
    """Sends a whole answer."""
    headers = head_of(answer.content_type, answer.cache_control, answer.headers)
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def error_answer(error: HttpError) -> Answer:
    """{code, message, details}."""
    return Answer(error.encoded(), error.status, headers=tuple(error.headers.items()))

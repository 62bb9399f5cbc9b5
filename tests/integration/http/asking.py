"""HTTP and WebSocket asked with nothing of ours: every byte of a request is the test's own."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

from websockets.sync.client import connect

LIMIT_S = 20.0


class Reply(NamedTuple):
    """One HTTP answer, read whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def fields(self) -> list[str]:
        """The fields an error names."""
        violations = [v for detail in self.json["details"] for v in detail.get("fieldViolations", ())]
        return [violation["field"] for violation in violations]


def send(port: int, data: bytes, verb: str = "GET", limit_s: float = LIMIT_S) -> Reply:
    """Sends these bytes and reads one answer; raises OSError or HTTPException when there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit_s) as connection:
        with contextlib.suppress(ConnectionError):  # it may answer, and close, before it has read everything
            connection.sendall(data)
        answer = http.client.HTTPResponse(connection, method=verb)
        answer.begin()
        return Reply(answer.status, answer.headers, answer.read())


def request(
    port: int, verb: str, target: str | bytes, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of a request; `target` goes out as it is."""
    given = {"Host": f"127.0.0.1:{port}", "Connection": "close", **(headers or {})}
    if body is not None:
        given = {"Content-Type": "application/json", "Content-Length": str(len(body)), **given}
    start = b" ".join((verb.encode(), target if isinstance(target, bytes) else target.encode(), b"HTTP/1.1"))
    head = [start, *(f"{name}: {value}".encode("latin-1") for name, value in given.items())]
    return b"\r\n".join([*head, b"", body or b""])


def ask(
    port: int,
    verb: str,
    target: str | bytes,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    limit_s: float = LIMIT_S,
) -> Reply:
    """One request and its answer; `body` is bytes as they are, or a value to write as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    return send(port, request(port, verb, target, data, headers), verb, limit_s)


def first_line(port: int, target: str) -> tuple[int, dict[str, Any]]:
    """Status and first line of a stream of lines, or the whole error; the reader leaves then."""
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as connection:
        connection.sendall(request(port, "GET", target))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        line = answer.readline() if answer.status == 200 else answer.read()
        return answer.status, dict(json.loads(line))


def first_message(port: int, target: str) -> dict[str, Any]:
    """First message of a stream over WebSocket; the reader leaves then."""
    with connect(f"ws://127.0.0.1:{port}{target}", open_timeout=LIMIT_S, close_timeout=1) as websocket:
        return dict(json.loads(websocket.recv(timeout=LIMIT_S)))

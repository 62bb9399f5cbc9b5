"""A client of a few bytes: any server version, any fields; for what no library would send."""

from __future__ import annotations

import socket
import time

from hedgerow.ibsim.codec import FrameBuffer, Value, frame, split

_START_API = 71


class RawClient:
    """One connection that announces exactly these server versions; `server_version` is what was agreed on."""

    def __init__(self, port: int, oldest: int, newest: int, client_id: int = 90, timeout_s: float = 5.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._timeout_s = timeout_s
        self._buffer = FrameBuffer()
        self._frames: list[list[str]] = []
        hello = f"v{oldest}..{newest}".encode()
        self._socket.sendall(b"API\0" + len(hello).to_bytes(4, "big") + hello)
        self.server_version = int(self._next()[0])
        self.send(_START_API, 2, client_id, "")

    def send(self, *fields: Value) -> None:
        """One frame."""
        self._socket.sendall(frame(fields))

    def send_bytes(self, data: bytes) -> None:
        """Bytes as they are."""
        self._socket.sendall(data)

    def _next(self) -> list[str]:
        deadline = time.monotonic() + self._timeout_s
        while not self._frames:
            data = self._socket.recv(65536)
            if not data or time.monotonic() > deadline:
                raise ConnectionError("the gateway closed the connection, or sent nothing in time")
            self._frames += map(split, self._buffer.feed(data))
        return self._frames.pop(0)

    def read(self, message_id: int) -> list[str]:
        """The next message of that kind, those before it left out. Raises ConnectionError or TimeoutError."""
        while True:
            fields = self._next()
            if fields[0] == str(message_id):
                return fields

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""WebSockets that are opened and never read: what a page on a sleeping laptop, or a hostile one, is to the gateway."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

COUNT = 200
TARGETS = ("/v1/status:watch", "/v1/quotes:stream?instrument_ids=SIMX")
_RECEIVE_BUFFER = 4096
_LIMIT_S = 20.0


def _open(port: int, target: str) -> socket.socket:
    """One WebSocket, its handshake done and not a byte read beyond; raises ConnectionError when it is refused."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    connection.settimeout(_LIMIT_S)
    connection.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            break
        head += byte
    if not head.startswith(b"HTTP/1.1 101 "):
        connection.close()
        raise ConnectionError(head.decode("latin-1"))
    return connection


@contextmanager
def stalled_readers(port: int, count: int = COUNT, targets: tuple[str, ...] = TARGETS) -> Iterator[list[socket.socket]]:
    """That many WebSockets at the gateway, over the targets in turn, none of which reads; closed afterwards."""
    with ExitStack() as stack:
        yield [stack.enter_context(_open(port, targets[i % len(targets)])) for i in range(count)]

"""A proxy between client and gateway that can change and add frames: for what the gateway itself never sends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from hedgerow.ibsim.codec import FrameBuffer, frame, split

Rewrite = Callable[[list[str]], list[list[str]]]


class Tamper:
    """Listens on `port`; every reply passes through `rewrite`, which gives the frames to send in its place."""

    def __init__(self, upstream: int, rewrite: Rewrite = lambda fields: [fields]) -> None:
        self._upstream = upstream
        self.rewrite = rewrite
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._clients: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def inject(self, *fields: object) -> None:
        """Send one more frame to every client."""
        with self._lock:
            for client in self._clients:
                client.sendall(frame(map(str, fields)))

    def close(self) -> None:
        """End every connection."""
        for each in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                gateway = socket.create_connection(("127.0.0.1", self._upstream))
                self._sockets += [client, gateway]
                for work in (self._requests, self._replies):
                    thread = threading.Thread(target=work, args=(client, gateway), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _requests(self, client: socket.socket, gateway: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                gateway.sendall(data)
        with contextlib.suppress(OSError):
            gateway.shutdown(socket.SHUT_WR)

    def _replies(self, client: socket.socket, gateway: socket.socket) -> None:
        buffer = FrameBuffer()
        with contextlib.suppress(OSError):
            while data := gateway.recv(65536):
                frames = b"".join(
                    frame(fields) for payload in buffer.feed(data) for fields in self.rewrite(split(payload))
                )
                with self._lock:
                    client.sendall(frames)
                    if client not in self._clients:
                        self._clients.append(client)
        with self._lock:
            if client in self._clients:
                self._clients.remove(client)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)

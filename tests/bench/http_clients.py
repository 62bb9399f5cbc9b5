"""Keep-alive HTTP clients in processes of their own: raw asyncio connections that ask again once answered."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import uvloop

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, CONNECTIONS = 2, 8
END_S = 10.0
HEAD_END, LENGTH = b"\r\n\r\n", b"content-length:"


class Asker(asyncio.Protocol):
    """One connection: the next request leaves when the answer before is whole. Anything but 200 is an error."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._pending = b""
        self._asking = True
        self.answers = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Asks first."""
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Counts an answer once it is whole, and asks again."""
        self._pending += data
        head = self._pending.find(HEAD_END)
        if head < 0:
            return
        at = self._pending.find(LENGTH, 0, head) + len(LENGTH)
        length = int(self._pending[at : self._pending.find(b"\r\n", at)])
        if len(self._pending) < head + len(HEAD_END) + length:
            return
        if not self._pending.startswith(b"HTTP/1.1 200 "):
            self._transport.close()
            self.ended.set_exception(ConnectionError(self._pending[:500].decode()))
            return
        self.answers += 1
        self._pending = b""
        if self._asking:
            self._transport.write(self._request)
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The server ended it, or we did."""
        if not self.ended.done():
            if self._asking:
                self.ended.set_exception(error or ConnectionError("the server hung up"))
            else:
                self.ended.set_result(None)

    def finish(self) -> None:
        """The answer under way is the last."""
        self._asking = False


async def _round(port: int, path: str, seconds: float) -> float:
    """Answers per second over all connections."""
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    opened = [(await loop.create_connection(lambda: Asker(request), "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    before, began = sum(asker.answers for asker in opened), time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (sum(asker.answers for asker in opened) - before) / (time.perf_counter() - began)
    for asker in opened:
        asker.finish()
    await asyncio.wait_for(asyncio.gather(*(asker.ended for asker in opened)), END_S)
    return rate


class Clients:
    """The child processes; made by `clients`."""

    def __init__(self, children: list[subprocess.Popen[bytes]]) -> None:
        self._children = children

    def rate(self, port: int, path: str, seconds: float) -> float:
        """Requests answered per second, all clients together."""
        for child in self._children:
            _pipe(child.stdin).write(f"{port} {path} {seconds}\n".encode())
            _pipe(child.stdin).flush()
        return sum(float(_pipe(child.stdout).readline()) for child in self._children)


@contextmanager
def clients() -> Iterator[Clients]:
    """Client processes that wait to be told what to ask; they have ended afterwards."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'libs'}"}
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.http_clients"], cwd=ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    try:
        yield Clients(children)
    finally:
        for child in children:
            _pipe(child.stdin).close()
            child.wait()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _main() -> None:
    for line in sys.stdin:
        port, path, seconds = line.split()
        print(uvloop.run(_round(int(port), path, float(seconds))), flush=True)


if __name__ == "__main__":
    _main()

"""A TCP proxy that can fall silent: connections stay open and nothing passes, as in a network parted in two."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit


class SilentProxy:
    """Passes everything on to `host:port` until `part` is called; an async context manager."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._passing = asyncio.Event()
        self._passing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self.port = 0

    @classmethod
    def before(cls, url: str) -> SilentProxy:
        """A proxy before that server."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        return cls(parts.hostname, parts.port)

    def url(self, url: str) -> str:
        """The same address through the proxy."""
        parts = urlsplit(url)
        return parts._replace(netloc=f"{parts.username}@127.0.0.1:{self.port}").geturl()

    def part(self) -> None:
        """From now on nothing passes, and nobody is told."""
        self._passing.clear()

    def mend(self) -> None:
        """What was held back passes."""
        self._passing.set()

    async def __aenter__(self) -> SilentProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._passing.wait()
            server, to_server = await asyncio.open_connection(self._host, self._port)
            await asyncio.gather(self._pass_on(client, to_server), self._pass_on(server, to_client))
        except ConnectionError:
            pass
        finally:
            to_client.close()
            self._tasks.discard(task)

    async def _pass_on(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                await self._passing.wait()
                to.write(data)
                await to.drain()
        await self._passing.wait()
        to.close()

"""A TCP proxy before PostgreSQL that cuts its client off at a COMMIT: before the server has it, or after."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Literal
from urllib.parse import urlsplit

Cut = Literal["before", "after", "no"]

COMMIT = b"COMMIT\x00"


class CuttingProxy:
    """Passes everything on; the n-th COMMIT it sees is treated as the n-th of `cuts` says. An async context manager."""

    def __init__(self, url: str, cuts: list[Cut]) -> None:
        self._parts = urlsplit(url)
        self.cuts = deque(cuts)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> CuttingProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The same database through the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return self._parts._replace(netloc=f"{self._parts.username}@127.0.0.1:{port}").geturl()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server, to_server = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        answers = asyncio.create_task(_pass_on(server, to_client))
        try:
            while data := await client.read(65536):
                cut = self.cuts.popleft() if COMMIT in data and self.cuts else "no"
                if cut == "before":
                    break
                if cut == "after":
                    answers.cancel()
                    to_server.write(data)
                    await server.read(1)  # the server has committed
                    break
                to_server.write(data)
                await to_server.drain()
        except ConnectionError:
            pass
        finally:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            to_server.close()
            to_client.close()
            self._tasks.discard(task)


async def _pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            to.write(data)
            await to.drain()
        to.close()

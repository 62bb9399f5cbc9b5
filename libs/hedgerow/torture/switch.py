"""One address for two executions: what connects is led to the one that writes, and cut off when that changes."""

from __future__ import annotations

import asyncio


class Switch:
    """Listens on `port` and leads to `target`, another loopback port."""

    def __init__(self, port: int) -> None:
        self.port, self.target = port, 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listens."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def lead_to(self, port: int) -> None:
        """From now on to that port; connections to the other one end."""
        self.target = port
        for writer in self._open:
            writer.transport.abort()

    async def close(self) -> None:
        """Ends it with its connections."""
        if self._server is not None:
            self._server.close()
        self.lead_to(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self._open |= {writer, far}
        try:
            await asyncio.gather(_pump(reader, far), _pump(far_reader, writer))
        except ConnectionError:
            pass
        finally:
            self._open -= {writer, far}
            far.close()
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()

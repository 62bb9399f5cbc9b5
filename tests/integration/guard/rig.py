"""The guard's own parts on real sockets, in this process, before a gateway that writes down what it gets."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from hedgerow.domain.egress import WriterMark
from hedgerow.guard.budget import RateBudget
from hedgerow.guard.frame_log import FrameLog
from hedgerow.guard.frames import PREFIX, FrameReader, framed
from hedgerow.guard.gate import Gate
from hedgerow.guard.proxy import ClientSide
from tests.integration.service_process import until

ORDERS, KILL, OTHER = 10, 9, 11
ACCOUNT = "SIM0000001"


class RecordingGateway:
    """Answers the greeting and notes every frame after it; `frames` are (connection, fields)."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, list[str]]] = []
        self.connections = 0
        self.open: set[int] = set()
        self.reading = asyncio.Event()
        self.reading.set()
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self.server: asyncio.Server

    async def start(self) -> int:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self.open.add(number)
        self._writers[number] = writer
        frames = FrameReader()
        greeted = False
        try:
            while data := await reader.read(65536):
                await self.reading.wait()
                frames.push(data)
                if not greeted:
                    greeted = frames.take_prefix()
                while (payload := frames.next()) is not None:
                    text = payload.decode().split("\0")
                    self.frames.append((number, text[:-1] if len(text) > 1 else text))
                    if text[0].startswith("v"):
                        writer.write(framed(b"176\x0020240102 10:00:00 UTC\0"))
        except ConnectionError:
            pass
        finally:
            self.open.discard(number)
            writer.close()

    def say(self, payload: bytes) -> None:
        """One frame to every client."""
        for number in self.open:
            self._writers[number].write(framed(payload))

    @property
    def offers(self) -> list[str]:
        """The version offers that came through."""
        return [fields[0] for _, fields in self.frames if fields[0].startswith("v")]

    def orders(self) -> list[list[str]]:
        """Frames about orders that came through."""
        return [fields for _, fields in self.frames if fields[0] in ("3", "4", "58", "21")]

    def close(self) -> None:
        self.server.close()
        for writer in self._writers.values():
            writer.close()


class RawClient:
    """Speaks the protocol byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._frames = FrameReader()
        self._got: list[list[str]] = []

    def send(self, *fields: object) -> None:
        """One frame."""
        self.writer.write(framed(b"".join(str(field).encode() + b"\0" for field in fields)))

    async def frame(self) -> list[str] | None:
        """The next frame, None when the connection has ended."""
        while not self._got:
            try:
                data = await self.reader.read(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._got += [payload[:-1].decode().split("\0") for payload in self._frames.feed(data)]
        return self._got.pop(0)

    async def error(self) -> tuple[int, int, str]:
        """The next frame, which is an error: (id, code, text)."""
        async with asyncio.timeout(10):
            fields = await self.frame()
        assert fields is not None
        assert fields[0] == "4", fields
        return int(fields[2]), int(fields[3]), fields[4]

    async def ended(self) -> bool:
        """Waits until the connection has ended; frames before that are skipped."""
        async with asyncio.timeout(10):
            while await self.frame() is not None:
                pass
        return True

    def close(self) -> None:
        self.writer.close()


class GuardRig:
    """One guard: `restart` keeps its log."""

    def __init__(self, folder: Path, limit: int = 50, kept: int = 10, timeout_s: float = 5.0) -> None:
        self.path = folder / "frames.log"
        self._limits = limit, kept
        self._timeout_s = timeout_s
        self.gateway = RecordingGateway()
        self.clients: list[RawClient] = []
        self._gateway_port = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> GuardRig:
        self._gateway_port = self._gateway_port or await self.gateway.start()
        self.log = FrameLog(self.path, self._timeout_s)
        self.gate = Gate(self.log, frozenset({ORDERS, KILL}), RateBudget(*self._limits))
        loop = asyncio.get_running_loop()
        dial = partial(loop.create_connection, host="127.0.0.1", port=self._gateway_port)
        self._server = await loop.create_server(lambda: ClientSide(self.gate, dial), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            for client in self.clients:
                client.close()
            self.clients.clear()
            await until(lambda: not self.gate.connections, "every connection has ended")
            self.log.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def close(self) -> None:
        await self.stop()
        self.gateway.close()

    async def dial(self) -> RawClient:
        client = RawClient(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def connect(
        self, epoch: int = 1, client_id: int = ORDERS, session: int = 1, options: str | None = None
    ) -> RawClient:
        """A client that has named its id; the gateway has it when this returns, unless it was refused."""
        client = await self.dial()
        mark = str(WriterMark("execution", epoch, session)) if options is None else options
        client.writer.write(PREFIX + framed(f"v157..176 {mark}".rstrip().encode()))
        first = await asyncio.wait_for(client.frame(), 10)
        if first is not None and first[0] == "176":
            client.send(71, 2, client_id, "")
        elif first is not None:
            client._got.insert(0, first)
        return client


def order(number: int, ref: str = "", account: str = ACCOUNT) -> list[object]:
    """Fields of a placeOrder."""
    fields: list[object] = [""] * 30
    fields[0:3] = [3, number, 0]
    fields[3:5] = ["GOOG", "STK"]
    fields[16:20] = ["BUY", 10, "LMT", 700.0]
    fields[23], fields[26] = account, ref or f"hr-{number}"
    return fields


def cancel(number: int) -> list[object]:
    """Fields of a cancelOrder."""
    return [4, 1, number, ""]

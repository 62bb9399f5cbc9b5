"""A raw client that speaks the wire by hand, and servers to speak to."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.ibsim.codec import PREFIX, FrameBuffer, Value, frame, raw_frame, split
from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.messages.layout import Field
from hedgerow.ibsim.messages.order_in import PLACE_ORDER
from hedgerow.ibsim.server import IbsimServer

OPEN_NS = 1_709_562_600_000_000_000  # 2024-03-04 09:30 New York, the synthetic market's first day


class RawClient:
    """One socket; every frame received is kept, as its fields."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.frames: list[list[str]] = []
        self._buffer = FrameBuffer()
        self.version = 0

    async def shake_hands(self, client_id: int = 10, hello: str = "v157..178") -> None:
        """Handshake up to the farm notices."""
        self.writer.write(PREFIX + raw_frame(hello.encode()))
        self.version = int((await self.until(lambda fields: len(fields) == 2))[0])
        self.send(71, 2, client_id, "")
        await self.until(lambda fields: fields[:1] == ["4"] and "2158" in fields)

    def send(self, *values: Value) -> None:
        """One frame."""
        self.writer.write(frame(values))

    def place(self, order_id: int, **given: str) -> None:
        """placeOrder of 100 SIMX at market unless told otherwise."""
        fields = {
            "id": "3", "orderId": str(order_id), "symbol": "SIMX", "secType": "STK", "exchange": "SMART",
            "currency": "USD", "action": "BUY", "totalQuantity": "100", "orderType": "MKT", "transmit": "1",
        } | given  # fmt: skip
        values: list[Value] = []
        for part in PLACE_ORDER._parts:
            if isinstance(part, Field):
                if part.since <= self.version < part.until:
                    values.append(fields.get(part.name, ""))
            elif part.__name__ in ("_delta_neutral_contract", "_conditions"):
                values.append(0)
        self.send(*values)

    def subscribe(self, req_id: int) -> None:
        """reqMktData for SIMX."""
        self.send(1, 11, req_id, 0, "SIMX", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, "")

    async def until(self, wanted: Callable[[list[str]], bool], timeout_s: float = 10.0) -> list[str]:
        """Read until a frame is wanted, and return it. EOFError when the gateway hangs up first."""
        async with asyncio.timeout(timeout_s):
            while True:
                data = await self.reader.read(1 << 16)
                if not data:
                    raise EOFError("the gateway hung up")
                new = [split(payload) for payload in self._buffer.feed(data)]
                self.frames += new
                for fields in new:
                    if wanted(fields):
                        return fields

    async def hung_up(self, timeout_s: float = 10.0) -> bool:
        """Read until the gateway hangs up."""
        try:
            await self.until(lambda _: False, timeout_s)
        except (EOFError, ConnectionError):
            return True
        return False

    async def alive(self) -> bool:
        """Whether the gateway answers reqCurrentTime."""
        self.send(49, 1)
        return (await self.until(lambda fields: fields[0] == "49"))[0] == "49"

    def reset(self) -> None:
        """End the connection with RST."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER of zero
        self.writer.close()


Connect = Callable[..., Awaitable[RawClient]]


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[IbsimServer]]]:
    """Starts servers half an hour into the synthetic session, paused; stopped afterwards."""
    servers = []

    async def start(**config: Any) -> IbsimServer:
        defaults = {
            "port": 0, "start_ns": OPEN_NS + 1800 * 10**9, "wire_log": tmp_path / "wire.log",
            "book_file": tmp_path / "book.db", "clock_file": tmp_path / "clock",
        }  # fmt: skip
        server = IbsimServer(IbsimConfig(**{**defaults, **config}))
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.stop()


@pytest.fixture
async def open_raw() -> AsyncIterator[Callable[[int], Awaitable[RawClient]]]:
    """Connects raw sockets, without the handshake; closed afterwards."""
    clients = []

    async def connect(port: int) -> RawClient:
        client = RawClient(*await asyncio.open_connection("127.0.0.1", port))
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.writer.close()

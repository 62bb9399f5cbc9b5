"""The byte tap between execution and the (simulated) gateway: sees, delays, holds and loses frames."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hedgerow.ibsim.codec import PREFIX, FrameBuffer, raw_frame, split
from hedgerow.ibsim.messages.ids import Reply, Request
from hedgerow.ibsim.messages.order_in import place_order

REPORTS = frozenset({Reply.ORDER_STATUS, Reply.OPEN_ORDER, Reply.EXECUTION, Reply.COMMISSION})
"""What tells of orders unasked; in an answer to a question it passes whatever is swallowed."""
_QUESTIONS = {
    Request.OPEN_ORDERS: Reply.OPEN_ORDERS_END, Request.ALL_OPEN_ORDERS: Reply.OPEN_ORDERS_END,
    Request.COMPLETED_ORDERS: Reply.COMPLETED_ORDERS_END, Request.EXECUTIONS: Reply.EXECUTIONS_END,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One placeOrder frame as it crossed the tap; `written` is what the journal held then, by the tap's witness."""

    at_ns: int
    connection: int
    client_id: int
    order_id: int
    client_order_id: str
    fields: dict[str, str]
    written: object

    @property
    def what_if(self) -> bool:
        """Whether it only asks what an order would cost."""
        return self.fields["whatIf"] == "1"


@dataclass(slots=True)
class _Pipe:
    """One direction of a connection: what is delayed leaves in the order it came."""

    writer: asyncio.StreamWriter
    due: float = 0.0

    def later(self, do: Callable[[], None], lag_s: float) -> None:
        """Calls `do` after the lag and after everything before it."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not lag_s and self.due <= now:
            do()
        else:
            self.due = max(now + lag_s, self.due + 1e-6)
            loop.call_at(self.due, do)

    def write(self, data: bytes) -> None:
        """Now, unless the other side is gone."""
        if not self.writer.is_closing():
            self.writer.write(data)


@dataclass(slots=True)
class _Link:
    """One connection through the tap: `near` leads to the client, `far` to the gateway."""

    number: int
    near: _Pipe
    far: _Pipe
    client_id: int = -1
    version: int = 0
    questions: list[int] = field(default_factory=list)


class Tap:
    """Listens where execution looks for its gateway and passes frames on; one per world.

    `lag_s` delays both ways; `hold_orders` keeps new-order frames back until `release`, everything else passing;
    `swallow` loses unasked reports; `witness(client_order_id)` is called before a new-order frame goes on.
    """

    def __init__(self, gateway_port: Callable[[], int], witness: Callable[[str], object]) -> None:
        self._gateway_port, self._witness = gateway_port, witness
        self._server: asyncio.Server | None = None
        self._links: dict[int, _Link] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0
        self.port = 0
        self.lag_s = 0.0
        self.hold_orders = False
        self.swallow = 0
        self.refuse = False
        self.orders: list[OrderSeen] = []
        self.cancels: list[tuple[int, int]] = []
        self.held: list[tuple[int, bytes]] = []
        self.lost = 0

    async def start(self) -> None:
        """Listens on a free port, the same again after a close."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends every connection."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, abort: bool = False) -> None:
        """Ends every connection that stands; with `abort` by RST."""
        for link in list(self._links.values()):
            for pipe in (link.near, link.far):
                if abort:
                    pipe.writer.transport.abort()
                else:
                    pipe.writer.close()

    def new_orders(self, client_order_id: str) -> list[OrderSeen]:
        """The new-order frames that carried this name, what-ifs left out."""
        return [seen for seen in self.orders if seen.client_order_id == client_order_id and not seen.what_if]

    def newest_connection(self, client_id: int) -> int:
        """The number of that client's newest connection, 0 before its first."""
        return max((each.number for each in self._links.values() if each.client_id == client_id), default=0)

    def calm(self) -> None:
        """From now on everything passes at once; what is held stays held."""
        self.lag_s, self.hold_orders, self.swallow, self.refuse = 0.0, False, 0, False

    def release(self) -> int:
        """Hands held new-order frames to the gateway, over the connection their client has now; how many arrived."""
        arrived = 0
        held, self.held = self.held, []
        for client_id, payload in held:
            link = next((each for each in self._links.values() if each.client_id == client_id), None)
            if link is None or link.far.writer.is_closing():
                self.held.append((client_id, payload))
            else:
                link.far.write(raw_frame(payload))
                arrived += 1
        return arrived

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.refuse:
                return
            try:
                far_reader, far = await asyncio.open_connection("127.0.0.1", self._gateway_port())
            except OSError:
                return
            self._connections += 1
            link = _Link(self._connections, _Pipe(writer), _Pipe(far))
            self._links[link.number] = link
            try:
                await asyncio.gather(self._outward(reader, link), self._homeward(far_reader, link))
            finally:
                del self._links[link.number]
                far.close()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _outward(self, reader: asyncio.StreamReader, link: _Link) -> None:
        """Frames of the client."""
        self._write(link.far, await reader.readexactly(len(PREFIX)))
        frames = FrameBuffer()
        try:
            while data := await reader.read(1 << 16):
                for payload in frames.feed(data):
                    if self._passes_out(payload, link):
                        self._write(link.far, raw_frame(payload))
        finally:
            link.far.later(link.far.writer.close, self.lag_s)

    def _passes_out(self, payload: bytes, link: _Link) -> bool:
        head = payload.split(b"\0", 1)[0]
        kind = int(head) if head.isdigit() else -1
        if kind == Request.START_API:
            link.client_id = int(split(payload)[2])
        elif kind == Request.CANCEL_ORDER:
            self.cancels.append((time.time_ns(), int(split(payload)[2])))
        elif kind in _QUESTIONS:
            link.questions.append(_QUESTIONS[Request(kind)])
        elif kind == Request.PLACE_ORDER:
            fields = place_order(split(payload), link.version)
            name = fields["orderRef"]
            self.orders.append(
                OrderSeen(
                    time.time_ns(), link.number, link.client_id, int(fields["orderId"]), name, fields,
                    self._witness(name),
                )
            )  # fmt: skip
            if self.hold_orders:
                self.held.append((link.client_id, payload))
                return False
        return True

    async def _homeward(self, reader: asyncio.StreamReader, link: _Link) -> None:
        """Frames of the gateway."""
        frames = FrameBuffer()
        try:
            while data := await reader.read(1 << 16):
                passing = [payload for payload in frames.feed(data) if self._passes_home(payload, link)]
                if passing:
                    self._write(link.near, b"".join(map(raw_frame, passing)))
        finally:
            link.near.later(link.near.writer.close, self.lag_s)

    def _passes_home(self, payload: bytes, link: _Link) -> bool:
        head = payload.split(b"\0", 1)[0]
        kind = int(head) if head.isdigit() else -1
        if not link.version:
            link.version = kind
            return True
        if kind in link.questions:
            link.questions.remove(kind)
        elif self.swallow and not link.questions and kind in REPORTS:
            self.swallow -= 1
            self.lost += 1
            return False
        return True

    def _write(self, pipe: _Pipe, data: bytes) -> None:
        pipe.later(lambda: pipe.write(data), self.lag_s)

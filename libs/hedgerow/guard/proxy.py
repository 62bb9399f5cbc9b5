"""One guarded connection: a client on one side, the gateway on the other, frames looked at in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from hedgerow.domain.egress import EgressCode, WriterMark
from hedgerow.failpoints import failpoint
from hedgerow.guard.frames import (
    MAX_FRAME_BYTES,
    MAX_OFFER_BYTES,
    PREFIX,
    FrameKind,
    FrameReader,
    MalformedFrame,
    OrderFrame,
    error_frame,
    framed,
    read_offer,
    read_order,
    read_start,
)
from hedgerow.guard.gate import Gate, Refused
from hedgerow.guard.ledger import Record
from hedgerow.ib.direct_write import write_now
from hedgerow.telemetry.logs import get_logger

MAX_REPLY_BYTES = 0xFFFFFF
MAX_WAITING_BYTES = 16 << 20
HANDSHAKE_S = 20.0
_UNKNOWN_CLIENT = -1

Dial = Callable[[Callable[[], asyncio.Protocol]], Any]


class ClientSide(asyncio.Protocol):
    """Reads the client: its frames pass one after the other, an order's once the log has it on disk."""

    def __init__(self, gate: Gate, dial: Dial) -> None:
        self.mark: WriterMark | None = None
        self.client_id = _UNKNOWN_CLIENT
        self._gate, self._dial = gate, dial
        self._reader = FrameReader(MAX_OFFER_BYTES)
        self._greeted = False
        self._busy = False
        self._closed = False
        self._transport: asyncio.Transport | None = None
        self._gateway: asyncio.Transport | None = None
        self._entering: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._logger = get_logger(part="proxy")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected; it has so long to say who it is."""
        self._transport = cast(asyncio.Transport, transport)
        self._gate.connections.add(self)
        late = partial(self.cut, EgressCode.REFUSED, "it did not say who it is in time")
        self._deadline = asyncio.get_running_loop().call_later(HANDSHAKE_S, late)

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone; what it sent before and was not forwarded stays behind."""
        self._end()

    def data_received(self, data: bytes) -> None:
        """Bytes of the client, cut anywhere."""
        self._reader.push(data)
        try:
            self._greeted = self._greeted or self._reader.take_prefix()
            if self._greeted and self._entering is None:
                self._begin()
        except MalformedFrame as error:
            self.cut(EgressCode.REFUSED, str(error))
            return
        self._pump()

    def _begin(self) -> None:
        """The version offer: nothing more is read before it has been judged."""
        offered = self._reader.next()
        if offered is None or self._transport is None:
            return
        offer = read_offer(offered)
        self._reader.limit = MAX_FRAME_BYTES
        self.mark = offer.mark
        self._transport.pause_reading()
        self._entering = asyncio.create_task(self._enter(offer.stripped), name="guard-enter")

    async def _enter(self, offer: bytes) -> None:
        refused = await self._gate.enter(self) if self.mark is not None else None
        if refused is None and not self._closed:
            try:
                self._gateway, _ = await self._dial(partial(GatewaySide, self))
            except OSError as error:
                refused = Refused(EgressCode.REFUSED, f"the gateway cannot be reached: {error.strerror or error}")
        if refused is not None:
            self.cut(refused.code, refused.text)
        elif self._closed:
            self._end()
        else:
            assert self._gateway is not None
            self._gateway.write(PREFIX + framed(offer))
            self._pump()

    def _pump(self) -> None:
        """Forwards what came, in order, up to the first frame the log must have first."""
        if self._gateway is None or self._transport is None:
            return
        try:
            while not self._busy and not self._closed and (payload := self._reader.next()) is not None:
                self._pass(payload)
        except MalformedFrame as error:
            self.cut(EgressCode.REFUSED, str(error))
            return
        self.read_on(not self._busy)

    def read_on(self, wanted: bool) -> None:
        """Reads, or leaves it to the kernel to hold the client up."""
        if self._closed or self._transport is None:
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _pass(self, payload: bytes) -> None:
        assert self._gateway is not None
        if self.client_id == _UNKNOWN_CLIENT:
            self._start(payload)
            return
        frame = read_order(payload)
        if frame is None:
            self._gate.budget.note(time.monotonic())
            self._gateway.write(framed(payload))
            return
        if not self._gate.owns_orders(self):
            raise MalformedFrame(f"client id {self.client_id} may send no orders through the guard")
        kind = self._gate.kind_of(self, frame)
        refused = self._gate.admit(self, frame, kind)
        if refused is not None:
            self._tell(frame, kind, refused)
            return
        if not kind.adds_risk and self._gate.log.failed:
            self._tell(frame, kind, self._forward(frame, kind))  # no failing log holds a cancel back
            return
        self._busy = True
        self._gate.record(self, frame, kind).add_done_callback(partial(self._logged, frame, kind))

    def _start(self, payload: bytes) -> None:
        self.client_id = read_start(payload)
        refused = self._gate.start(self)
        if refused is not None:
            self.cut(refused.code, refused.text)
            return
        assert self._gateway is not None
        if self._deadline is not None:
            self._deadline.cancel()
        self._gateway.write(framed(payload))
        self._logger.info("connected", client_id=self.client_id, mark=str(self.mark or ""))

    def _logged(self, frame: OrderFrame, kind: FrameKind, done: asyncio.Future[Record]) -> None:
        """The frame is in the log, or cannot be."""
        error = done.exception()
        if error is not None and kind.adds_risk:
            refused: Refused | None = Refused(EgressCode.NO_LOG, str(error))
        elif self._closed:
            refused = Refused(EgressCode.REFUSED, "its connection has ended")
        else:
            refused = self._forward(frame, kind)
        if refused is not None and error is None and kind.adds_risk:
            self._gate.withhold(done.result()).add_done_callback(partial(self._withheld, frame, kind, refused))
        else:
            self._answered(frame, kind, refused)

    def _withheld(self, frame: OrderFrame, kind: FrameKind, refused: Refused, done: asyncio.Future[Record]) -> None:
        done.exception()  # a log that failed meanwhile keeps the frame: then nothing proves that it was not forwarded
        self._answered(frame, kind, refused)

    def _answered(self, frame: OrderFrame, kind: FrameKind, refused: Refused | None) -> None:
        """What became of the frame is settled: the next one may follow."""
        self._busy = False
        self._tell(frame, kind, refused)
        self._pump()

    def _forward(self, frame: OrderFrame, kind: FrameKind) -> Refused | None:
        """The last look, and the frame's first byte right after it; why not one byte left."""
        assert self._gateway is not None
        failpoint("guard.forward")
        refused = self._gate.hold(self, frame, kind)
        if refused is None:
            try:
                write_now(self._gateway, framed(frame.payload))
            except BlockingIOError:
                if kind.adds_risk:
                    return Refused(EgressCode.GATEWAY_BUSY, "the gateway does not read what it was sent before")
                self._gateway.write(framed(frame.payload))
            except ConnectionError as error:
                return Refused(EgressCode.REFUSED, f"the gateway is gone: {error}")
        return refused

    def _tell(self, frame: OrderFrame, kind: FrameKind, refused: Refused | None) -> None:
        """Counts what became of the frame, and answers one that did not leave."""
        self._gate.tell(frame, kind, refused)
        if refused is None:
            return
        self.reply(error_frame(frame.order_id or -1, refused.code, refused.text))
        if refused.code in (EgressCode.STALE_EPOCH, EgressCode.REFUSED):
            self.cut(refused.code, refused.text)

    def reply(self, frames: bytes) -> None:
        """Whole frames to the client; a client that does not read is cut rather than buffered for without end."""
        if self._closed or self._transport is None:
            return
        self._transport.write(frames)
        if self._transport.get_write_buffer_size() > MAX_WAITING_BYTES:
            self._logger.warning("slow reader", client_id=self.client_id)
            self._end()

    def cut(self, code: EgressCode, text: str) -> None:
        """Ends the connection: the gateway's side at once, the client's once it was told why."""
        if self._closed:
            return
        self._logger.warning("connection cut", client_id=self.client_id, mark=str(self.mark or ""), cause=text)
        if self._transport is not None:
            self._transport.write(error_frame(-1, code, text))
        self._end()

    def gateway_lost(self) -> None:
        """The gateway closed its side."""
        self._end()

    def _end(self) -> None:
        self._gate.connections.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
        self._closed = True
        if self._gateway is not None:
            self._gateway.abort()  # nothing of it may leave later
        if self._transport is not None:
            self._transport.close()


class GatewaySide(asyncio.Protocol):
    """Reads the gateway: whole frames pass to the client, so that an answer of the guard's own never splits one."""

    def __init__(self, client: ClientSide) -> None:
        self._client = client
        self._reader = FrameReader(MAX_REPLY_BYTES)

    def data_received(self, data: bytes) -> None:
        """Bytes of the gateway, cut anywhere."""
        try:
            frames = self._reader.feed(data)
        except MalformedFrame as error:
            self._client.cut(EgressCode.REFUSED, f"the gateway sent what is no frame: {error}")
            return
        if frames:
            self._client.reply(b"".join(map(framed, frames)))

    def pause_writing(self) -> None:
        """The gateway reads more slowly than the client writes."""
        self._client.read_on(False)

    def resume_writing(self) -> None:
        """It caught up."""
        self._client.read_on(True)

    def connection_lost(self, error: Exception | None) -> None:
        """The gateway is gone, or the guard let go."""
        self._client.gateway_lost()

"""One client connection: framing, handshake, buffered replies, and what the client follows."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, cast

from hedgerow.ibsim import codec
from hedgerow.ibsim.codec import FrameBuffer, MalformedFrame
from hedgerow.ibsim.codes import CLIENT_ID_IN_USE, FARM_NOTICES, Code
from hedgerow.ibsim.messages import replies
from hedgerow.ibsim.versions import negotiate
from hedgerow.ibsim.wirelog import UNKNOWN_CLIENT
from hedgerow.telemetry.logs import get_logger

if TYPE_CHECKING:
    from hedgerow.ibsim.faults.outlet import Outlet
    from hedgerow.ibsim.simulation import Simulation
    from hedgerow.ibsim.ticks import Subscription

_LOG = get_logger(part="session")
Dispatch = Callable[["Session", bytes], None]


class _Stage(Enum):
    PREFIX = auto()
    VERSION = auto()
    START = auto()
    READY = auto()
    CLOSED = auto()


class Session(asyncio.Protocol):
    """The protocol object of one connection; replies are collected and written once per event."""

    def __init__(self, simulation: Simulation, dispatch: Dispatch, connection_id: int) -> None:
        self.simulation = simulation
        self.connection_id = connection_id
        self.client_id = UNKNOWN_CLIENT
        self.version = 0
        self.follows_account = False
        self.follows_positions = False
        self.summaries: dict[str, frozenset[str]] = {}
        self.account_multis: set[str] = set()
        self.pnls: dict[str, str] = {}
        self.subscriptions: dict[str, Subscription] = {}
        # A scripted fault's place to take frames before they are written, and the request it sees answered.
        self.outlet: Outlet | None = None
        self.answering = 0
        self._has_started = False
        self._dispatch = dispatch
        self._stage = _Stage.PREFIX
        self._prefix = b""
        self._buffer = FrameBuffer(simulation.config.max_frame_bytes)
        self._pending: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    # -- connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        # uvloop's transport is no subclass of asyncio's, but keeps its promises
        self._transport = cast(asyncio.Transport, transport)
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.simulation.connections[self.connection_id] = self
        self.simulation.faults.attach(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended: its subscriptions go, its orders stay."""
        if self.simulation.faults.listening and self.simulation.faults.defer_loss(self, exc):
            return
        self._stage = _Stage.CLOSED
        for req_id in list(self.subscriptions):
            self.unsubscribe(req_id)
        self.simulation.connections.pop(self.connection_id, None)
        if self.simulation.hub.sessions.get(self.client_id) is self:
            del self.simulation.hub.sessions[self.client_id]
        reason = str(exc or "closed")
        _LOG.info("disconnected", connection=self.connection_id, client_id=self.client_id, reason=reason)

    def close(self) -> None:
        """Send what is pending, then end the connection."""
        self.flush()
        self._stage = _Stage.CLOSED
        if self._transport is not None:
            self._transport.close()

    def abort(self, reason: str) -> None:
        """End the connection at once, unsent bytes lost."""
        if self._stage is not _Stage.CLOSED:
            _LOG.warning("dropped", connection=self.connection_id, client_id=self.client_id, reason=reason)
        self._stage = _Stage.CLOSED
        self._pending.clear()
        if self._transport is not None:
            self._transport.abort()

    def reset(self, reason: str) -> None:
        """End the connection with RST."""
        connection = self._transport.get_extra_info("socket") if self._transport is not None else None
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort(reason)

    def data_received(self, data: bytes) -> None:
        """Bytes from the client, cut anywhere."""
        if self._stage is _Stage.PREFIX:
            self._prefix += data
            wanted = codec.PREFIX[: len(self._prefix)]
            if not self._prefix.startswith(wanted):
                self.abort("it does not speak the TWS API")
                return
            if len(self._prefix) < len(codec.PREFIX):
                return
            data, self._prefix = self._prefix[len(codec.PREFIX) :], b""
            self._stage = _Stage.VERSION
        try:
            payloads = self._buffer.feed(data)
            for payload in payloads:
                if self._stage is _Stage.CLOSED:
                    return
                self._receive(payload)
        except MalformedFrame as error:
            self.abort(str(error))
            return
        self.simulation.hub.flush()
        self.flush()

    def _receive(self, payload: bytes) -> None:
        self.simulation.wire_log.incoming(self.connection_id, self.client_id, payload)
        if self.simulation.faults.listening:
            self.simulation.faults.receive(self, payload)
        else:
            self.take(payload)

    def take(self, payload: bytes) -> None:
        """Handle one frame; one that was under way when its connection ended is still obeyed."""
        if self._stage is _Stage.VERSION:
            self._greet(payload)
            return
        try:
            self._dispatch(self, payload)
        except MalformedFrame as error:
            self.abort(str(error))

    def _greet(self, payload: bytes) -> None:
        version = negotiate(payload.decode("ascii", "replace"), self.simulation.config.server_version_max)
        if version is None:
            self.abort(f"no server version in common with {payload[:64]!r}")
            return
        self.version = version
        self.send(codec.frame([version, f"{datetime.now(UTC):%Y%m%d %H:%M:%S} UTC"]))
        self._stage = _Stage.START

    @property
    def is_ready(self) -> bool:
        """Whether the client has said who it is."""
        return self._has_started

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended, or is about to."""
        return self._stage is _Stage.CLOSED

    def start(self, client_id: int) -> None:
        """The client named its id: greet it, or refuse an id that is in use (326)."""
        hub = self.simulation.hub
        if self._stage is not _Stage.START:
            return
        if client_id in hub.sessions:
            self.error(-1, Code.CLIENT_ID_IN_USE, CLIENT_ID_IN_USE)
            self.close()
            return
        self.client_id = client_id
        hub.sessions[client_id] = self
        self._stage, self._has_started = _Stage.READY, True
        _LOG.info("connected", connection=self.connection_id, client_id=client_id, server_version=self.version)
        self.send(replies.MANAGED_ACCOUNTS.encode(self.version, {"accounts": hub.account}))
        self.send_next_id()
        for code, text in FARM_NOTICES:
            self.error(-1, code, text)

    @property
    def follows_values(self) -> bool:
        """Whether any of its subscriptions carries account values."""
        return bool(self.follows_account or self.summaries or self.account_multis or self.pnls)

    # -- replies

    def send(self, frame: bytes) -> None:
        """Queue one whole frame until the next flush."""
        self._pending.append(frame)

    def send_all(self, frames: list[bytes]) -> None:
        """Queue whole frames until the next flush."""
        self._pending += frames

    def send_next_id(self) -> None:
        """nextValidId."""
        order_id = self.simulation.book.next_order_id(self.client_id)
        self.send(replies.NEXT_VALID_ID.encode(self.version, {"orderId": order_id}))

    def error(self, req_id: int | str, code: Code | int, text: str) -> None:
        """An error or notice about a request, or with -1 about nothing in particular."""
        self.send(replies.ERROR.encode(self.version, {"reqId": req_id, "code": int(code), "text": text}))

    def flush(self) -> None:
        """Write what is queued."""
        if not self._pending:
            return
        frames, self._pending = self._pending, []
        if self.outlet is None:
            self.write(frames)
        else:
            self.outlet(frames)

    def release(self, frames: list[bytes]) -> None:
        """Send frames that a fault had held back, after whatever else holds frames up."""
        if self.outlet is None:
            self.write(frames)
        else:
            self.outlet.push(frames)

    def write(self, frames: list[bytes]) -> None:
        """Write whole frames to the socket, and to the tap."""
        if self.tap(frames):
            self.write_bytes(b"".join(frames))

    def tap(self, frames: list[bytes]) -> bool:
        """Write frames to the tap, as they are about to leave; False when the connection has ended."""
        if self._stage is _Stage.CLOSED or self._transport is None or self._transport.is_closing():
            return False
        self.simulation.wire_log.outgoing(self.connection_id, self.client_id, frames)
        return True

    def write_bytes(self, data: bytes) -> None:
        """Write to the socket; a client that does not read is dropped rather than buffered without end."""
        transport = self._transport
        if self._stage is _Stage.CLOSED or transport is None or transport.is_closing():
            return
        transport.write(data)
        waiting = transport.get_write_buffer_size()
        if waiting > self.simulation.config.write_buffer_bytes:
            self.abort(f"slow reader, {waiting} bytes wait to be read")

    # -- market data

    def subscribe(self, subscription: Subscription) -> None:
        """Follow a contract's quotes."""
        if self.is_closed:
            return
        self.subscriptions[subscription.req_id] = subscription
        subscription.listing.subscriptions.append(subscription)

    def unsubscribe(self, req_id: str) -> bool:
        """Stop following; False when there was no such request."""
        subscription = self.subscriptions.pop(req_id, None)
        if subscription is None:
            return False
        subscription.listing.subscriptions.remove(subscription)
        return True

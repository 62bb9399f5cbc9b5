"""Faults of what a client sends: swallowed, delayed, refused, counted, or never read."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Literal

from pydantic import Field

from hedgerow.ibsim.codes import CLIENT_ID_IN_USE, Code
from hedgerow.ibsim.faults.engine import Run
from hedgerow.ibsim.faults.frames import Incoming, Outgoing
from hedgerow.ibsim.faults.model import OfClient, OfOrder, Repeating, Sending, Standing
from hedgerow.ibsim.faults.names import RequestId
from hedgerow.ibsim.messages.ids import Request

PLACE = int(Request.PLACE_ORDER)
_PACING = {
    100: "Max rate of messages per second has been exceeded:max={limit} rec={seen} (1)",
    420: "Invalid Real-time Query: Request pacing violation",
}
# Where a request carries the id its errors answer to; cancels and market data name it third.
_ID_PLACE = {
    Request.PLACE_ORDER: 1, Request.CONTRACT_DETAILS: 2, Request.HISTORICAL_DATA: 1, Request.OPTION_CHAIN: 1,
    Request.MATCHING_SYMBOLS: 1, Request.PNL: 1, Request.PNL_SINGLE: 1, Request.MARKET_DATA: 2,
    Request.CANCEL_MARKET_DATA: 2, Request.CANCEL_ORDER: 2, Request.EXECUTIONS: 2, Request.ACCOUNT_SUMMARY: 2,
    Request.ACCOUNT_UPDATES_MULTI: 2,
}  # fmt: skip


def request_id(request: Incoming) -> str:
    """The id an error about this request carries, -1 where it has none."""
    place = _ID_PLACE.get(Request(request.kind)) if request.kind in _ID_PLACE else None
    return request.fields[place] if place is not None and len(request.fields) > place else "-1"


class _OfRequests(OfOrder, Repeating):
    """A fault of some kinds of request."""

    messages: tuple[RequestId, ...] = Field(default=(), description="none = the trigger's kind, or placeOrder")

    sees_requests: ClassVar[bool] = True

    def takes(self, run: Run, request: Incoming) -> bool:
        """Whether it acts on this request."""
        kinds = self.messages or (run.fault.on.message if run.fault.on and run.fault.on.message else PLACE,)
        if request.kind not in kinds:
            return False
        return self.picks(run, request) if request.key is not None else self.concerns(run, request.client_id)


class SwallowFrame(_OfRequests):
    """The frame is dropped as if it had never arrived."""

    action: Literal["swallow_frame"]

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Drop it."""
        if not self.takes(run, request):
            return False
        run.used()
        return True


class DelayRequests(_OfRequests):
    """The frame is handled `ms` later; what the client sends meanwhile overtakes it."""

    action: Literal["delay_requests"]
    ms: float = Field(gt=0, le=600_000)

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Handle it later."""
        if not self.takes(run, request):
            return False
        run.faults.later(self.ms / 1e3, lambda: run.faults.handle(request))
        run.used()
        return True


class Refuse(_OfRequests):
    """The request is answered with an error instead."""

    action: Literal["refuse"]
    code: int = Field(ge=1)
    text: str = "Error processing request"

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Answer with the error."""
        if not self.takes(run, request):
            return False
        request.session.error(request_id(request), self.code, self.text)
        run.used()
        return True


class RefuseClientId(OfClient, Repeating):
    """startApi is answered with error 326 and the connection closed, although the id is free."""

    action: Literal["refuse_client_id"]

    sees_requests: ClassVar[bool] = True

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Refuse the id."""
        if request.kind != Request.START_API or not self.concerns(run, request.client_id):
            return False
        request.session.error(-1, Code.CLIENT_ID_IN_USE, CLIENT_ID_IN_USE)
        request.session.close()
        run.used()
        return True


class SwallowAck(OfOrder, Repeating):
    """placeOrder is taken, but nothing is said of it; with `lasting` no live report of the order ever is."""

    action: Literal["swallow_ack"]
    lasting: bool = False

    sees_requests: ClassVar[bool] = True
    sees_replies: ClassVar[bool] = True

    @property
    def limit(self) -> int | None:
        """With `lasting` it stays until it is cleared."""
        return None if self.lasting else self.times

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Remember whose reports to keep back."""
        full = self.times is not None and len(run.orders) >= self.times
        if request.kind == PLACE and request.key is not None and not full and self.picks(run, request):
            run.orders.add(request.key)
        return False

    def handled(self, run: Run, request: Incoming) -> None:
        """The acknowledgement is over."""
        if request.kind == PLACE and request.key in run.orders:
            run.used()

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Keep its reports back."""
        return [] if reply.is_live and reply.key in run.orders and (self.lasting or reply.answering == PLACE) else None


class HalfOpen(OfClient, Standing):
    """The socket stays open and takes bytes, nothing is answered any more; with `deliver` requests are still obeyed."""

    action: Literal["half_open"]
    deliver: bool = False
    new_connections: bool = Field(default=False, description="connections made meanwhile are mute, too")

    sees_requests: ClassVar[bool] = True
    sees_replies: ClassVar[bool] = True

    def start(self, run: Run) -> None:
        """The connections there are go mute."""
        for number, session in run.faults.simulation.connections.items():
            if self.concerns(run, session.client_id):
                run.connections.add(number)
        run.applied = len(run.connections)

    def _is_mute(self, run: Run, frame: Incoming | Outgoing) -> bool:
        number = frame.session.connection_id
        if self.new_connections and number not in run.connections and self.concerns(run, frame.client_id):
            run.connections.add(number)
        return number in run.connections

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Read, and thrown away."""
        return self._is_mute(run, request) and not self.deliver

    def outgoing(self, run: Run, reply: Outgoing) -> list[Sending] | None:
        """Nothing is said."""
        return [] if self._is_mute(run, reply) else None


class PacingLimit(OfClient, Standing):
    """More than `limit` messages of a client within `window_ms` are answered with error 100 (or 420), not obeyed."""

    action: Literal["pacing_limit"]
    limit_per_window: int = Field(default=50, ge=1, alias="limit")
    window_ms: float = Field(default=1000, gt=0, le=3_600_000)
    code: int = Field(default=100, ge=1, description="100: addressed to nothing; 420: to the request")
    messages: tuple[RequestId, ...] = Field(default=(), description="the kinds counted; none = all")
    disconnect_after: int | None = Field(default=None, ge=1, description="violations before the connection is closed")

    sees_requests: ClassVar[bool] = True

    def incoming(self, run: Run, request: Incoming) -> bool:
        """Count it, and refuse what is too much."""
        session = request.session
        if not session.is_ready or not self.concerns(run, request.client_id):
            return False
        if self.messages and request.kind not in self.messages:
            return False
        now = asyncio.get_running_loop().time()
        # (connection, when) of what was taken
        run.held = [each for each in run.held if each[1] > now - self.window_ms / 1e3]
        seen = sum(number == session.connection_id for number, _ in run.held)
        if seen < self.limit_per_window:
            run.held.append((session.connection_id, now))
            return False
        run.used()
        text = _PACING.get(self.code, "Pacing violation").format(limit=self.limit_per_window, seen=seen + 1)
        session.error(-1 if self.code == Code.MAX_RATE else request_id(request), self.code, text)
        if self.disconnect_after is not None and run.applied >= self.disconnect_after:
            session.close()
        return True
